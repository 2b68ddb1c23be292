// A memory with a write port and a registered read port.
//
// A word appears one clock edge after its address, and holds while read is low. It is never read
// in the cycle in which it is written, so that any kind of memory an FPGA has will do.
module memory #(
    parameter WIDTH = 8,
    parameter DEPTH = 2,
    parameter ADDRESS_WIDTH = 1
) (
    input wire clk,
    input wire write,
    input wire [ADDRESS_WIDTH-1:0] write_address,
    input wire [WIDTH-1:0] write_data,
    input wire read,
    input wire [ADDRESS_WIDTH-1:0] read_address,
    output reg [WIDTH-1:0] read_data
);
    (* no_rw_check *)
    reg [WIDTH-1:0] words [0:DEPTH-1];

    always @(posedge clk) begin
        if (write) words[write_address] <= write_data;
        if (read) read_data <= words[read_address];
    end
endmodule
