// Takes beats from a stream, with random back-pressure, and keeps them with the cycle of each.
//
// While `running`, beats go to places `first` to `first + count - 1`; later ones are only counted.
// `ready` is low with a probability of `stall` / 256 a cycle, whatever `valid` does. `violations`
// counts cycles in which a waiting beat was withdrawn or changed, `unknowns` those in which `valid`
// or an offered payload was not 0 or 1 (which only a four-state simulator shows).
module stream_sink #(
    parameter WIDTH = 8,
    parameter DEPTH = 2,
    parameter FILE = "",
    parameter CYCLES_FILE = ""
) (
    input wire clk,
    input wire running,
    input wire dump,
    input wire [31:0] cycle,
    input wire [31:0] first,
    input wire [31:0] count,
    input wire [8:0] stall,
    input wire [31:0] seed,
    input wire valid,
    output reg ready,
    input wire [WIDTH-1:0] payload,
    output reg [31:0] taken,
    output reg [31:0] violations,
    output reg [31:0] unknowns
);
    reg [WIDTH-1:0] memory [0:DEPTH-1];
    reg [31:0] cycles [0:DEPTH-1];
    reg waiting;
    reg [WIDTH-1:0] waiting_payload;
    wire [31:0] random;
    integer last;
    integer file;
    integer place;

    stall_generator pauses (.clk(clk), .running(running), .seed(~seed), .random(random));

    initial begin
        ready = 0;
        taken = 0;
        violations = 0;
        unknowns = 0;
        waiting = 0;
        last = 0;
    end

    always @(posedge clk)
        if (!running) begin
            ready <= 0;
            taken <= 0;
            violations <= 0;
            unknowns <= 0;
            waiting <= 0;
        end else begin
            ready <= {1'b0, random[7:0]} >= stall;
            if (valid && ready) begin
                taken <= taken + 1;
                if (taken < count) begin
                    memory[first + taken] <= payload;
                    cycles[first + taken] <= cycle;
                    if (first + taken >= last) last <= first + taken + 1;
                end
            end
            waiting <= valid && !ready;
            waiting_payload <= payload;
            if (waiting && (!valid || payload !== waiting_payload)) violations <= violations + 1;
            if (valid === 1'bx || (valid && ^payload === 1'bx)) unknowns <= unknowns + 1;
        end

    always @(posedge dump) begin
        file = $fopen(FILE, "w");
        for (place = 0; place < last; place = place + 1) $fwrite(file, "%h\n", memory[place]);
        $fclose(file);
        file = $fopen(CYCLES_FILE, "w");
        for (place = 0; place < last; place = place + 1) $fwrite(file, "%h\n", cycles[place]);
        $fclose(file);
    end
endmodule
