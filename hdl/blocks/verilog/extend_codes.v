// Codes side by side, each extended to more bits by its sign, or by zeros.
//
// A module of its own, so that no vector has bits that follow other bits of the same vector.
module extend_codes #(
    parameter LANES = 1,
    parameter WIDTH = 4,
    parameter EXTENDED = 8,
    parameter [0:0] SIGNED = 1'b1
) (
    input wire [LANES*WIDTH-1:0] codes,
    output wire [LANES*EXTENDED-1:0] extended
);
    genvar lane;
    generate
        for (lane = 0; lane < LANES; lane = lane + 1) begin : lanes
            wire [WIDTH-1:0] code = codes[lane*WIDTH +: WIDTH];
            assign extended[lane*EXTENDED +: EXTENDED] =
                {{(EXTENDED - WIDTH){SIGNED & code[WIDTH-1]}}, code};
        end
    endgenerate
endmodule
