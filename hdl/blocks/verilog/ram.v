// A memory with one write port and one read port, filled with one word at power-up.
//
// Each of LANES words of an address can be written alone. The data of a read address appears one
// clock edge after it, and holds while enable is low; an address that is written in the same cycle
// must not be read. BLOCK says whether it is made of block RAM or of tables.
module ram #(
    parameter WIDTH = 8,
    parameter LANES = 1,
    parameter DEPTH = 2,
    parameter ADDRESS_WIDTH = 1,
    parameter [0:0] BLOCK = 1'b0,
    parameter [WIDTH-1:0] FILL = 0
) (
    input wire clk,
    input wire [LANES-1:0] write,
    input wire [ADDRESS_WIDTH-1:0] write_address,
    input wire [LANES*WIDTH-1:0] write_data,
    input wire enable,
    input wire [ADDRESS_WIDTH-1:0] address,
    output reg [LANES*WIDTH-1:0] data
);
    integer place;
    integer lane;

    generate
        if (BLOCK) begin : in_block_memory
            (* no_rw_check, ram_style = "block" *)
            reg [LANES*WIDTH-1:0] words [0:DEPTH-1];

            initial for (place = 0; place < DEPTH; place = place + 1) words[place] = {LANES{FILL}};

            always @(posedge clk) begin
                for (lane = 0; lane < LANES; lane = lane + 1)
                    if (write[lane])
                        words[write_address][lane*WIDTH +: WIDTH] <= write_data[lane*WIDTH +: WIDTH];
                if (enable) data <= words[address];
            end
        end else begin : in_logic
            (* no_rw_check, ram_style = "distributed" *)
            reg [LANES*WIDTH-1:0] words [0:DEPTH-1];

            initial for (place = 0; place < DEPTH; place = place + 1) words[place] = {LANES{FILL}};

            always @(posedge clk) begin
                for (lane = 0; lane < LANES; lane = lane + 1)
                    if (write[lane])
                        words[write_address][lane*WIDTH +: WIDTH] <= write_data[lane*WIDTH +: WIDTH];
                if (enable) data <= words[address];
            end
        end
    endgenerate
endmodule
