// The engine between a memory and a host that reads its orders from a file, line by line:
//
//     w ADDRESS VALUE          write a register (hexadecimal)
//     r ADDRESS                read one: a line "r VALUE" of the log
//     i CYCLES                 wait for the interrupt, at most so many cycles; "i 1" or "i 0"
//     l ADDRESS WORDS FILE     load memory from a file, words with their highest byte first
//     f ADDRESS                the word at this address answers with an error from now on
//     q                        end
//
// The log has, besides answers, "b CYCLE" where a program begins, "s ADDRESS WORD" for each word
// that the engine writes, "e UNIT CYCLE" for each instruction that ends, and "x" for each access
// where there is no memory.
module engine_bench #(
    parameter LANES = 8,
    parameter WORDS = 1024
) (
    input wire clk
);
    localparam [63:0] BASE = 64'h3_0000_0000;
    localparam SHIFT = $clog2(LANES);
    localparam BITS = 8 * LANES;

    reg [BITS-1:0] memory [0:WORDS-1];
    reg rst;
    reg [63:0] cycle;
    reg [63:0] failing;
    integer orders;
    integer log;

    // Parameters of the memory.
    integer latency;
    integer rate;
    integer period;
    integer pause;
    integer stall;
    integer seed;

    // The registers' side.
    reg [11:0] awaddr;
    reg awvalid;
    wire awready;
    reg [31:0] wdata;
    reg wvalid;
    wire wready;
    wire bvalid;
    reg [11:0] araddr;
    reg arvalid;
    wire arready;
    wire [31:0] rdata;
    wire rvalid;
    wire irq;

    // Memory's side.
    wire [2:0] port_arvalid;
    wire [2:0] port_arready;
    wire [63:0] port_araddr [0:2];
    wire [7:0] port_arlen [0:2];
    wire [2:0] port_rvalid;
    wire [2:0] port_rready;
    wire [BITS-1:0] port_rdata [0:2];
    wire [1:0] port_rresp [0:2];
    wire [2:0] port_rlast;
    wire store_awvalid;
    wire store_awready;
    wire [63:0] store_awaddr;
    wire store_wvalid;
    wire store_wready;
    wire [BITS-1:0] store_wdata;
    wire [LANES-1:0] store_wstrb;
    wire store_wlast;
    wire store_bvalid;
    wire store_bready;
    wire [1:0] store_bresp;

    engine dut (
        .clk(clk),
        .rst(rst),
        .s_axi_awaddr(awaddr),
        .s_axi_awvalid(awvalid),
        .s_axi_awready(awready),
        .s_axi_wdata(wdata),
        .s_axi_wstrb(4'hf),
        .s_axi_wvalid(wvalid),
        .s_axi_wready(wready),
        .s_axi_bvalid(bvalid),
        .s_axi_bready(1'b1),
        .s_axi_araddr(araddr),
        .s_axi_arvalid(arvalid),
        .s_axi_arready(arready),
        .s_axi_rdata(rdata),
        .s_axi_rvalid(rvalid),
        .s_axi_rready(1'b1),
        .irq(irq),
        .m_axi_load_0_arvalid(port_arvalid[0]),
        .m_axi_load_0_arready(port_arready[0]),
        .m_axi_load_0_araddr(port_araddr[0]),
        .m_axi_load_0_arlen(port_arlen[0]),
        .m_axi_load_0_rid(1'b0),
        .m_axi_load_0_rvalid(port_rvalid[0]),
        .m_axi_load_0_rready(port_rready[0]),
        .m_axi_load_0_rdata(port_rdata[0]),
        .m_axi_load_0_rresp(port_rresp[0]),
        .m_axi_load_0_rlast(port_rlast[0]),
        .m_axi_load_1_arvalid(port_arvalid[1]),
        .m_axi_load_1_arready(port_arready[1]),
        .m_axi_load_1_araddr(port_araddr[1]),
        .m_axi_load_1_arlen(port_arlen[1]),
        .m_axi_load_1_rid(1'b0),
        .m_axi_load_1_rvalid(port_rvalid[1]),
        .m_axi_load_1_rready(port_rready[1]),
        .m_axi_load_1_rdata(port_rdata[1]),
        .m_axi_load_1_rresp(port_rresp[1]),
        .m_axi_load_1_rlast(port_rlast[1]),
        .m_axi_program_arvalid(port_arvalid[2]),
        .m_axi_program_arready(port_arready[2]),
        .m_axi_program_araddr(port_araddr[2]),
        .m_axi_program_arlen(port_arlen[2]),
        .m_axi_program_rid(1'b0),
        .m_axi_program_rvalid(port_rvalid[2]),
        .m_axi_program_rready(port_rready[2]),
        .m_axi_program_rdata(port_rdata[2]),
        .m_axi_program_rresp(port_rresp[2]),
        .m_axi_program_rlast(port_rlast[2]),
        .m_axi_store_awvalid(store_awvalid),
        .m_axi_store_awready(store_awready),
        .m_axi_store_awaddr(store_awaddr),
        .m_axi_store_wvalid(store_wvalid),
        .m_axi_store_wready(store_wready),
        .m_axi_store_wdata(store_wdata),
        .m_axi_store_wstrb(store_wstrb),
        .m_axi_store_wlast(store_wlast),
        .m_axi_store_bid(1'b0),
        .m_axi_store_bvalid(store_bvalid),
        .m_axi_store_bready(store_bready),
        .m_axi_store_bresp(store_bresp)
    );

    genvar k;
    generate
        for (k = 0; k < 3; k = k + 1) begin : reads
            wire [63:0] address;
            wire [63:0] place = (address - BASE) >> SHIFT;
            wire there = place < WORDS && address != failing;
            memory_read_port #(.LANES(LANES)) port (
                .clk(clk), .rst(rst),
                .latency(latency), .rate(rate[8:0]), .period(period), .pause(pause),
                .stall(stall[8:0]), .seed(seed + k * 7919 + 1),
                .arvalid(port_arvalid[k]), .arready(port_arready[k]),
                .araddr(port_araddr[k]), .arlen(port_arlen[k]),
                .rvalid(port_rvalid[k]), .rready(port_rready[k]), .rdata(port_rdata[k]),
                .rresp(port_rresp[k]), .rlast(port_rlast[k]),
                .address(address), .word(memory[place[$clog2(WORDS)-1:0]]), .there(there)
            );
            always @(posedge clk)
                if (!rst && port.moves && place >= WORDS) $fdisplay(log, "x");
        end
    endgenerate

    wire writes;
    wire [63:0] address;
    wire [63:0] place = (address - BASE) >> SHIFT;
    memory_write_port #(.LANES(LANES)) store (
        .clk(clk), .rst(rst),
        .latency(latency), .rate(rate[8:0]), .period(period), .pause(pause),
        .stall(stall[8:0]), .seed(seed + 4 * 7919 + 1),
        .awvalid(store_awvalid), .awready(store_awready), .awaddr(store_awaddr),
        .wvalid(store_wvalid), .wready(store_wready), .wlast(store_wlast),
        .bvalid(store_bvalid), .bready(store_bready), .bresp(store_bresp),
        .writes(writes), .address(address), .there(place < WORDS && address != failing)
    );

    always @(posedge clk) begin
        cycle <= cycle + 1;
        if (!rst) begin
            if (writes) begin
                if (place < WORDS) memory[place[$clog2(WORDS)-1:0]] <= store_wdata;
                else $fdisplay(log, "x");
                $fdisplay(log, "s %h %h", address, store_wdata);
            end
            if (dut.registers.start) $fdisplay(log, "b %0d", cycle);
            if (dut.load_0_sequencer.done) $fdisplay(log, "e 0 %0d", cycle);
            if (dut.load_1_sequencer.done) $fdisplay(log, "e 1 %0d", cycle);
            if (dut.compute_sequencer.done) $fdisplay(log, "e 2 %0d", cycle);
            if (dut.store_sequencer.done) $fdisplay(log, "e 3 %0d", cycle);
        end
    end

    // The host.
    reg [2047:0] name;
    reg [7:0] order;
    reg [63:0] first;
    reg [63:0] second;
    integer fields;
    integer file;
    integer waited;
    integer word;
    // An access of registers: `asked` until it is `answered`, and then back, so that it does not
    // matter which of the two a simulator looks at first in a cycle.
    reg asked;
    reg writing;
    reg given;
    reg answered;
    reg [31:0] value;

    always @(posedge clk)
        if (rst) begin
            given <= 0;
            answered <= 0;
            awvalid <= 0;
            wvalid <= 0;
            arvalid <= 0;
        end else if (asked && !given) begin
            given <= 1;
            awaddr <= first[11:0];
            wdata <= second[31:0];
            araddr <= first[11:0];
            awvalid <= writing;
            wvalid <= writing;
            arvalid <= !writing;
        end else begin
            if (awready) awvalid <= 0;
            if (wready) wvalid <= 0;
            if (arready) arvalid <= 0;
            if (bvalid || rvalid) begin
                answered <= 1;
                value <= rdata;
            end
            if (!asked) begin
                given <= 0;
                answered <= 0;
            end
        end

    initial begin
        cycle = 0;
        rst = 1;
        asked = 0;
        writing = 0;
        failing = 64'hffff_ffff_ffff_ffff;
        if (!$value$plusargs("latency=%d", latency)) latency = 40;
        if (!$value$plusargs("rate=%d", rate)) rate = 205;
        if (!$value$plusargs("period=%d", period)) period = 0;
        if (!$value$plusargs("pause=%d", pause)) pause = 0;
        if (!$value$plusargs("stall=%d", stall)) stall = 0;
        if (!$value$plusargs("seed=%d", seed)) seed = 1;
        orders = $fopen("orders", "r");
        log = $fopen("log", "w");
        repeat (4) @(posedge clk);
        rst <= 0;
        @(posedge clk);
        order = " ";
        while (order != "q") begin
            fields = $fscanf(orders, " %c", order);
            if (fields != 1) order = "q";
            case (order)
                "w": begin
                    fields = $fscanf(orders, "%h %h", first, second);
                    writing <= 1;
                    asked <= 1;
                    while (!answered) @(posedge clk);
                    asked <= 0;
                    while (answered) @(posedge clk);
                end
                "r": begin
                    fields = $fscanf(orders, "%h", first);
                    writing <= 0;
                    asked <= 1;
                    while (!answered) @(posedge clk);
                    asked <= 0;
                    while (answered) @(posedge clk);
                    $fdisplay(log, "r %h", value);
                    $fflush(log);
                end
                "i": begin
                    fields = $fscanf(orders, "%d", waited);
                    while (!irq && waited != 0) begin
                        @(posedge clk);
                        waited = waited - 1;
                    end
                    $fdisplay(log, "i %0d", irq);
                    $fflush(log);
                end
                "l": begin
                    fields = $fscanf(orders, "%h %d %s", first, waited, name);
                    file = $fopen(name, "rb");
                    word = $fread(memory, file, (first - BASE) >> SHIFT, waited);
                    $fclose(file);
                end
                "f": fields = $fscanf(orders, "%h", failing);
                default: order = "q";
            endcase
        end
        $fclose(log);
        $finish;
    end
endmodule
