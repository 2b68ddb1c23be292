// Offers the beats of a file on a stream, with random pauses.
//
// While `running`, beats `first` to `first + count - 1` are offered in order. Before each beat the
// source pauses with a probability of `stall` / 256 a cycle. A beat once offered stays until taken.
module stream_source #(
    parameter WIDTH = 8,
    parameter DEPTH = 2,
    parameter FILE = ""
) (
    input wire clk,
    input wire running,
    input wire [31:0] first,
    input wire [31:0] count,
    input wire [8:0] stall,
    input wire [31:0] seed,
    output reg valid,
    input wire ready,
    output reg [WIDTH-1:0] payload,
    output wire [31:0] taken
);
    reg [WIDTH-1:0] memory [0:DEPTH-1];
    reg [31:0] offered;
    wire [31:0] random;

    stall_generator pauses (.clk(clk), .running(running), .seed(seed), .random(random));

    initial begin
        valid = 0;
        offered = 0;
        $readmemh(FILE, memory);
    end

    assign taken = valid ? offered - 1 : offered;

    always @(posedge clk)
        if (!running) begin
            valid <= 0;
            offered <= 0;
        end else if (!valid || ready) begin
            valid <= 0;
            if (offered != count && {1'b0, random[7:0]} >= stall) begin
                valid <= 1;
                payload <= memory[first + offered];
                offered <= offered + 1;
            end
        end
endmodule

// A xorshift32 sequence, restarted from `seed` before every run.
module stall_generator (
    input wire clk,
    input wire running,
    input wire [31:0] seed,
    output reg [31:0] random
);
    wire [31:0] a = random ^ (random << 13);
    wire [31:0] b = a ^ (a >> 17);

    initial random = 1;

    always @(posedge clk)
        random <= running ? b ^ (b << 5) : seed | 1;
endmodule
