// One row of a radix-4 Booth multiplication: digit times a, where digit[0] + digit[1] - 2 digit[2]
// is -2 to 2.
//
// bits + digit[2] is the product plus 2**(width - 1): the sign bit is inverted, and the one that
// completes the negation of a negative row is left to a carry input.
module booth_row #(
    parameter A_WIDTH = 8,
    parameter [0:0] A_SIGNED = 1'b1,
    parameter WIDTH = 9
) (
    input wire [A_WIDTH-1:0] a,
    input wire [2:0] digit,
    output wire [WIDTH-1:0] bits
);
    wire once = digit[0] ^ digit[1];
    wire twice = digit[0] == digit[1] && digit[1] != digit[2];
    wire sign = A_SIGNED ? a[A_WIDTH-1] : 1'b0;
    wire [A_WIDTH+2:0] double = {sign, sign, a, 1'b0};
    wire [WIDTH-1:0] magnitude =
        (({WIDTH{once}} & double[WIDTH:1]) | ({WIDTH{twice}} & double[WIDTH-1:0]))
        ^ {WIDTH{digit[2]}};
    assign bits = {~magnitude[WIDTH-1], magnitude[WIDTH-2:0]};
endmodule
