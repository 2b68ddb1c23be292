// A read-only memory with a registered output, loaded from a file of hexadecimal words.
//
// The data of an address appears one clock edge after it, and holds while enable is low. The file
// is FOLDER/FILE, or FILE where no folder is given. BLOCK says whether it is made of block RAM or of
// tables.
module rom #(
    parameter WIDTH = 8,
    parameter DEPTH = 2,
    parameter ADDRESS_WIDTH = 1,
    parameter [0:0] BLOCK = 1'b0,
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
            reg [WIDTH-1:0] words [0:DEPTH-1];

            if (FOLDER == "") begin : here
                initial if (FILE != "") $readmemh(FILE, words);
            end else begin : in_folder
                initial $readmemh({FOLDER, "/", FILE}, words);
            end

            always @(posedge clk)
                if (enable) data <= words[address];
        end else begin : in_logic
            // The first is for Yosys, which has no tables that are ROMs; others know the second.
            (* rom_block = "logic", rom_style = "distributed" *)
            reg [WIDTH-1:0] words [0:DEPTH-1];

            if (FOLDER == "") begin : here
                initial if (FILE != "") $readmemh(FILE, words);
            end else begin : in_folder
                initial $readmemh({FOLDER, "/", FILE}, words);
            end

            always @(posedge clk)
                if (enable) data <= words[address];
        end
    endgenerate
endmodule
