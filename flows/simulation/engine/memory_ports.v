// The host's memory as the engine's ports see it: latency, bandwidth, pauses and random stalls.
//
// Each port is a subordinate of AXI4 with a queue of bursts of its own, which it answers in order.
// All times are cycles. `latency`: from an address to the first word, and from the last word that
// is written to its answer. `rate`: words in 256 cycles. `period` and `pause`: of each `period`
// cycles, the first `pause` move no word, as while DRAM is refreshed. `stall`: with a probability of
// `stall` / 256 a cycle, each channel is not ready, or gives nothing.

// Whether a word may move in this cycle.
module memory_pace (
    input wire clk,
    input wire rst,
    input wire [8:0] rate,
    input wire [31:0] period,
    input wire [31:0] pause,
    input wire [8:0] stall,
    input wire [31:0] seed,
    input wire moves,
    output wire may,
    output wire stalled
);
    reg [31:0] random;
    reg [31:0] phase;
    reg [9:0] credit;
    wire [31:0] a = random ^ (random << 13);
    wire [31:0] b = a ^ (a >> 17);

    initial begin
        random = 1;
        phase = 0;
        credit = 0;
    end

    assign stalled = {1'b0, random[7:0]} < stall;
    assign may = credit >= 10'd256 && phase >= pause && {1'b0, random[15:8]} >= stall;

    always @(posedge clk) begin
        random <= rst ? seed | 1 : b ^ (b << 5);
        phase <= rst || phase + 1 >= period ? 0 : phase + 1;
        if (rst) credit <= 0;
        else if (moves) credit <= credit - 10'd256 + {1'b0, rate};
        else if (credit < 10'd512) credit <= credit + {1'b0, rate};
    end
endmodule

module memory_read_port #(
    parameter LANES = 8,
    parameter DEPTH = 64
) (
    input wire clk,
    input wire rst,
    input wire [31:0] latency,
    input wire [8:0] rate,
    input wire [31:0] period,
    input wire [31:0] pause,
    input wire [8:0] stall,
    input wire [31:0] seed,
    input wire arvalid,
    output wire arready,
    input wire [63:0] araddr,
    input wire [7:0] arlen,
    output reg rvalid,
    input wire rready,
    output reg [8*LANES-1:0] rdata,
    output reg [1:0] rresp,
    output reg rlast,
    // The memory: the word at an address, and whether there is one.
    output wire [63:0] address,
    input wire [8*LANES-1:0] word,
    input wire there
);
    localparam BITS = $clog2(DEPTH);
    reg [63:0] starts [0:DEPTH-1];
    reg [7:0] lengths [0:DEPTH-1];
    reg [31:0] times [0:DEPTH-1];
    reg [BITS:0] head;
    reg [BITS:0] tail;
    reg [7:0] beat;
    reg [31:0] now;
    wire may;
    wire stalled;
    wire [BITS-1:0] first = head[BITS-1:0];
    wire waits = head != tail && now - times[first] >= latency;
    wire moves = waits && may && (!rvalid || rready);

    memory_pace pace (
        .clk(clk), .rst(rst), .rate(rate), .period(period), .pause(pause), .stall(stall),
        .seed(seed), .moves(moves), .may(may), .stalled(stalled)
    );

    assign arready = !rst && !stalled && tail - head != DEPTH;
    assign address = starts[first] + {56'd0, beat} * LANES;

    initial begin
        head = 0;
        tail = 0;
        beat = 0;
        now = 0;
        rvalid = 0;
    end

    always @(posedge clk)
        if (rst) begin
            head <= 0;
            tail <= 0;
            beat <= 0;
            now <= 0;
            rvalid <= 0;
        end else begin
            now <= now + 1;
            if (arvalid && arready) begin
                starts[tail[BITS-1:0]] <= araddr;
                lengths[tail[BITS-1:0]] <= arlen;
                times[tail[BITS-1:0]] <= now;
                tail <= tail + 1;
            end
            if (rready) rvalid <= 0;
            if (moves) begin
                rvalid <= 1;
                rdata <= word;
                rresp <= there ? 2'b00 : 2'b10;
                rlast <= beat == lengths[first];
                beat <= beat + 1;
                if (beat == lengths[first]) begin
                    beat <= 0;
                    head <= head + 1;
                end
            end
        end
endmodule

module memory_write_port #(
    parameter LANES = 8,
    parameter DEPTH = 64
) (
    input wire clk,
    input wire rst,
    input wire [31:0] latency,
    input wire [8:0] rate,
    input wire [31:0] period,
    input wire [31:0] pause,
    input wire [8:0] stall,
    input wire [31:0] seed,
    input wire awvalid,
    output wire awready,
    input wire [63:0] awaddr,
    input wire wvalid,
    output wire wready,
    input wire wlast,
    output wire bvalid,
    input wire bready,
    output wire [1:0] bresp,
    // The memory: where a word is written in this cycle, and whether it has that place.
    output wire writes,
    output wire [63:0] address,
    input wire there
);
    localparam BITS = $clog2(DEPTH);
    reg [63:0] starts [0:DEPTH-1];
    reg [31:0] times [0:DEPTH-1];
    reg answers [0:DEPTH-1];
    reg [BITS:0] head;
    reg [BITS:0] middle;
    reg [BITS:0] tail;
    reg [7:0] beat;
    reg failed;
    reg [31:0] now;
    wire may;
    wire stalled;

    memory_pace pace (
        .clk(clk), .rst(rst), .rate(rate), .period(period), .pause(pause), .stall(stall),
        .seed(seed), .moves(writes), .may(may), .stalled(stalled)
    );

    assign awready = !rst && !stalled && tail - head != DEPTH;
    assign wready = middle != tail && may;
    assign writes = wvalid && wready;
    assign address = starts[middle[BITS-1:0]] + {56'd0, beat} * LANES;
    assign bvalid = head != middle && now - times[head[BITS-1:0]] >= latency;
    assign bresp = answers[head[BITS-1:0]] ? 2'b10 : 2'b00;

    initial begin
        head = 0;
        middle = 0;
        tail = 0;
        beat = 0;
        failed = 0;
        now = 0;
    end

    always @(posedge clk)
        if (rst) begin
            head <= 0;
            middle <= 0;
            tail <= 0;
            beat <= 0;
            failed <= 0;
            now <= 0;
        end else begin
            now <= now + 1;
            if (awvalid && awready) begin
                starts[tail[BITS-1:0]] <= awaddr;
                tail <= tail + 1;
            end
            if (writes) begin
                beat <= beat + 1;
                failed <= failed || !there;
                if (wlast) begin
                    beat <= 0;
                    failed <= 0;
                    answers[middle[BITS-1:0]] <= failed || !there;
                    times[middle[BITS-1:0]] <= now;
                    middle <= middle + 1;
                end
            end
            if (bvalid && bready) head <= head + 1;
        end
endmodule
