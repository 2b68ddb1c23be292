// A multiplier with registered operands and a registered product: two clock edges, one product a
// cycle, everything holds while enable is low.
//
// The registers are where the multipliers of FPGAs have theirs, and signedness is told apart so
// that an operand needs no extra bit.
module multiplier #(
    parameter A_WIDTH = 18,
    parameter B_WIDTH = 18,
    parameter [0:0] A_SIGNED = 1'b0,
    parameter [0:0] B_SIGNED = 1'b0
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
        if (A_SIGNED && B_SIGNED) begin : both_signed
            assign exact = $signed(a_operand) * $signed(b_operand);
        end else if (A_SIGNED) begin : a_signed
            assign exact = $signed(a_operand) * $signed({1'b0, b_operand});
        end else if (B_SIGNED) begin : b_signed
            assign exact = $signed({1'b0, a_operand}) * $signed(b_operand);
        end else begin : unsigned_operands
            assign exact = a_operand * b_operand;
        end
    endgenerate

    always @(posedge clk)
        if (enable) begin
            a_operand <= a;
            b_operand <= b;
            product <= exact;
        end
endmodule
