// A read-only memory with a registered output, loaded from a file of hexadecimal words.
//
// The data of an address appears one clock edge after it, and holds while enable is low. The file
// is FOLDER/FILE, or FILE where no folder is given.
module rom #(
    parameter WIDTH = 8,
    parameter DEPTH = 2,
    parameter ADDRESS_WIDTH = 1,
    parameter FILE = "",
    parameter FOLDER = ""
) (
    input wire clk,
    input wire enable,
    input wire [ADDRESS_WIDTH-1:0] address,
    output reg [WIDTH-1:0] data
);
    // Tables of up to 64 words are cheap as logic; block RAM is what the larger ones need.
    generate
        if (DEPTH > 64) begin : in_block_memory
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
