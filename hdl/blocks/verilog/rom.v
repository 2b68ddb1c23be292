// A read-only memory with a registered output, loaded from a file of hexadecimal words.
//
// The data of an address appears one clock edge after it, or two if LATENCY says so, and holds
// while enable is low. Of two registers one is where it helps most: behind block RAM, which is slow
// to answer, but in front of tables, where every bit of the data reads the address. The file is
// FOLDER/FILE, or FILE where no folder is given. BLOCK says whether it is made of block RAM or of
// tables. Of the file's words, WORD bits wide, WIDTH bits are kept, from bit FIRST on.
module rom #(
    parameter WIDTH = 8,
    parameter DEPTH = 2,
    parameter ADDRESS_WIDTH = 1,
    parameter [0:0] BLOCK = 1'b0,
    parameter LATENCY = 1,
    parameter WORD = WIDTH,
    parameter FIRST = 0,
    parameter FILE = "",
    parameter FOLDER = ""
) (
    input wire clk,
    input wire enable,
    input wire [ADDRESS_WIDTH-1:0] address,
    output reg [WIDTH-1:0] data
);
    generate
        if (BLOCK) begin : in_block_memory
            (* rom_style = "block" *)
            reg [WORD-1:0] words [0:DEPTH-1];

            if (FOLDER == "") begin : here
                initial if (FILE != "") $readmemh(FILE, words);
            end else begin : in_folder
                initial $readmemh({FOLDER, "/", FILE}, words);
            end

            if (LATENCY == 2) begin : slowly
                reg [WIDTH-1:0] word;

                always @(posedge clk)
                    if (enable) begin
                        word <= words[address][FIRST +: WIDTH];
                        data <= word;
                    end
            end else begin : at_once
                always @(posedge clk)
                    if (enable) data <= words[address][FIRST +: WIDTH];
            end
        end else begin : in_logic
            // The first is for Yosys, which has no tables that are ROMs; others know the second.
            (* rom_block = "logic", rom_style = "distributed" *)
            reg [WORD-1:0] words [0:DEPTH-1];

            if (FOLDER == "") begin : here
                initial if (FILE != "") $readmemh(FILE, words);
            end else begin : in_folder
                initial $readmemh({FOLDER, "/", FILE}, words);
            end

            if (LATENCY == 2) begin : slowly
                reg [ADDRESS_WIDTH-1:0] place;

                always @(posedge clk)
                    if (enable) begin
                        place <= address;
                        data <= words[place][FIRST +: WIDTH];
                    end
            end else begin : at_once
                always @(posedge clk)
                    if (enable) data <= words[address][FIRST +: WIDTH];
            end
        end
    endgenerate
endmodule
