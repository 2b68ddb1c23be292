// A multiplier with registered operands and a registered product: two clock edges, one product a
// cycle, everything holds while enable is low.
//
// The registers are where the multipliers of FPGAs have theirs, and signedness is told apart so
// that an operand needs no extra bit.
module multiplier #(
    parameter A_WIDTH = 18,
    parameter B_WIDTH = 18,
    parameter A_SIGNED = 0,
    parameter B_SIGNED = 0
) (
    input wire clk,
    input wire enable,
    input wire [A_WIDTH-1:0] a,
    input wire [B_WIDTH-1:0] b,
    output reg [A_WIDTH+B_WIDTH-1:0] product
);
    reg [A_WIDTH-1:0] a_operand;
    reg [B_WIDTH-1:0] b_operand;
    wire [A_WIDTH+B_WIDTH-1:0] exact;

    generate
        if (A_SIGNED && B_SIGNED)
            assign exact = $signed(a_operand) * $signed(b_operand);
        else if (A_SIGNED)
            assign exact = $signed(a_operand) * $signed({1'b0, b_operand});
        else if (B_SIGNED)
            assign exact = $signed({1'b0, a_operand}) * $signed(b_operand);
        else
            assign exact = a_operand * b_operand;
    endgenerate

    always @(posedge clk)
        if (enable) begin
            a_operand <= a;
            b_operand <= b;
            product <= exact;
        end
endmodule
