// Stand-alone testbench of @TOP@: plays stimulus.hex and compares with expected.hex.
//
//   +seed=N    of the random pauses, 1 to 2147483647; default 1
//   +stall=N   both streams pause with a probability of N/256 a cycle, N up to 255; default 64
//   +images=N  the first N images only; default all @IMAGES@
//   +folder=F  where the two files are; default the parameter FOLDER
//
// The last line says "PASS n outputs compared", or "FAIL" and why. The exit status is 0 only after
// PASS, in Icarus and, by testbench.cpp, in Verilator.
`timescale 1ns/1ps

module testbench #(
    parameter FOLDER = "../testbench"  // As seen from where the simulator runs.
)
`ifdef VERILATOR
    (input wire clk, output reg passed);
`else
    ;
    reg clk = 0;
    reg passed;
    always #5 clk = ~clk;
`endif
    localparam IMAGES = @IMAGES@;
    localparam INPUT_BEATS = @INPUT_BEATS@;  // Of an image.
    localparam INPUT_WIDTH = @INPUT_WIDTH@;
    localparam OUTPUT_BEATS = @OUTPUT_BEATS@;  // Of an image.
    localparam LANES = @OUTPUT_LANES@;
    localparam BITS = @OUTPUT_BITS@;  // Of an output.
    localparam SIGNED = @OUTPUT_SIGNED@;
    localparam CHANNELS = @OUTPUT_CHANNELS@;
    localparam PATIENCE = @PATIENCE@;  // Cycles without a beat after which the run has failed.
    localparam DRAIN = 64;  // Cycles in which nothing may follow the last beat.

    reg [INPUT_WIDTH-1:0] stimulus [0:IMAGES*INPUT_BEATS-1];
    reg [LANES*BITS-1:0] expected [0:IMAGES*OUTPUT_BEATS-1];
    integer images;
    integer stall;
    reg [31:0] seed;
    reg [31:0] random;
    reg refused;  // There is nothing to play or to compare with.
    integer place;

    // Files are read digit by digit: $readmemh takes an x for a number, and goes on where a file is
    // missing or short.
    localparam WIDEST = INPUT_WIDTH > LANES * BITS ? INPUT_WIDTH : LANES * BITS;
    reg [8*4096-1:0] folder;
    reg [8*12-1:0] name;
    integer file;
    integer lines;
    integer line;
    integer digit;
    integer character;
    reg [WIDEST+3:0] word;

    task open_file(input [8*12-1:0] file_name, input integer expected_lines);
        if (!refused) begin
            name = file_name;
            lines = expected_lines;
            line = 0;
            file = $fopen({folder, "/", name}, "r");
            if (file == 0) begin
                $display("FAIL: %0s/%0s cannot be opened; +folder= names its folder", folder, name);
                refused = 1;
            end
        end
    endtask

    task read_word(input integer width);
        if (!refused) begin
            word = 0;
            line = line + 1;
            for (digit = (width + 3) / 4 - 1; digit >= 0 && !refused; digit = digit - 1) begin
                character = $fgetc(file);
                if (character >= "0" && character <= "9")
                    word[4*digit +: 4] = character - "0";
                else if (character >= "a" && character <= "f")
                    word[4*digit +: 4] = character - "a" + 10;
                else refused = 1;
            end
            if (!refused) character = $fgetc(file);
            if (!refused && (character != "\n" || word >> width != 0)) refused = 1;
            if (refused && character == -1)
                $display("FAIL: %0s ends in line %0d of %0d", name, line, lines);
            else if (refused)
                $display(
                    "FAIL: %0s, line %0d: not a number of %0d bits in %0d hexadecimal digits",
                    name, line, width, (width + 3) / 4
                );
        end
    endtask

    task close_file;
        if (!refused) begin
            character = $fgetc(file);
            $fclose(file);
            if (character != -1) begin
                $display("FAIL: %0s has more than the %0d lines expected", name, lines);
                refused = 1;
            end
        end
    endtask

    task stop;
`ifdef __ICARUS__
        $finish_and_return(passed ? 0 : 1);
`else
        $finish;
`endif
    endtask

    initial begin
        passed = 0;
        refused = 0;
        if (!$value$plusargs("seed=%d", seed)) seed = 1;
        if (!$value$plusargs("stall=%d", stall)) stall = 64;
        if (!$value$plusargs("images=%d", images)) images = IMAGES;
        if (!$value$plusargs("folder=%s", folder)) folder = FOLDER;
        random = seed * 2 + 1;
        if (^{seed, stall, images} === 1'bx
            || images < 1 || images > IMAGES || stall < 0 || stall > 255) begin
            $display("FAIL: allowed are +images=1 to %0d, +stall=0 to 255, +seed=N", IMAGES);
            refused = 1;
        end
        open_file("stimulus.hex", IMAGES * INPUT_BEATS);
        for (place = 0; place < IMAGES * INPUT_BEATS; place = place + 1) begin
            read_word(INPUT_WIDTH);
            stimulus[place] = word[INPUT_WIDTH-1:0];
        end
        close_file;
        open_file("expected.hex", IMAGES * OUTPUT_BEATS);
        for (place = 0; place < IMAGES * OUTPUT_BEATS; place = place + 1) begin
            read_word(LANES * BITS);
            expected[place] = word[LANES*BITS-1:0];
        end
        close_file;
        if (refused) stop;
    end

    integer cycle = 0;
    integer quiet = 0;
    integer offered = 0;
    integer in_beat = 0;
    integer taken = 0;
    integer compared = 0;
    integer out_beat = 0;
    integer lane;
    integer first_taken = -1;
    integer first_image = 0;
    integer last_image = 0;
    integer interval = 0;
    integer element;
    reg failed = 0;
    reg rst = 1;
    reg [3:0] reset_cycles = 0;
    reg in_valid = 0;
    reg [INPUT_WIDTH-1:0] in_data = 0;
    reg in_last = 0;
    reg out_ready = 0;
    wire in_ready;
    wire out_valid;
    wire [LANES*BITS-1:0] out_data;
    wire out_last;  // Of an image.
    wire started;  // Images may come.
    reg complete = 0;  // Everything expected has come, and nothing else.
    wire closed;  // The circuit has told how many images it completed:
    wire [31:0] counted;

@CIRCUIT@

    wire [LANES*BITS-1:0] wanted = expected[taken];
    wire in_moves = in_valid && in_ready;
    wire out_moves = out_valid && out_ready;

    function [31:0] next_random(input [31:0] state);
        reg [31:0] a;
        reg [31:0] b;
        begin
            a = state ^ (state << 13);
            b = a ^ (a >> 17);
            next_random = b ^ (b << 5);
        end
    endfunction

    function signed [63:0] number(input [BITS-1:0] code);
        number = {{(64 - BITS){SIGNED && code[BITS-1]}}, code};
    endfunction

    always @(posedge clk) begin
        random <= next_random(random);
        cycle <= cycle + 1;
        if (reset_cycles != 8) reset_cycles <= reset_cycles + 1;
        rst <= reset_cycles != 8;
    end

    // Offers images; a beat that was offered stays until it is taken.
    always @(posedge clk)
        if (started && (!in_valid || in_ready)) begin
            in_valid <= 0;
            if (offered != images * INPUT_BEATS && {24'd0, random[7:0]} >= stall) begin
                in_valid <= 1;
                in_data <= stimulus[offered];
                in_last <= in_beat == INPUT_BEATS - 1;
                in_beat <= in_beat == INPUT_BEATS - 1 ? 0 : in_beat + 1;
                offered <= offered + 1;
            end
        end

    // Takes outputs and judges them.
    always @(posedge clk) begin
        out_ready <= started && {24'd0, random[23:16]} >= stall;
        quiet <= in_moves || out_moves ? 0 : quiet + 1;
        if (in_moves && first_taken < 0) first_taken <= cycle;
        // An unknown bit equals an unknown bit, and is no answer.
        if (started && !failed && !refused && ^{in_ready, out_valid} === 1'bx) begin
            $display("FAIL: cycle %0d: ready is %b, valid is %b", cycle, in_ready, out_valid);
            failed = 1;
        end
        if (started && !failed && !refused && out_valid && ^{out_data, wanted} === 1'bx
            && taken != images * OUTPUT_BEATS) begin
            $display(
                "FAIL: image %0d, beat %0d of %0d has unknown bits: expected %h, got %h",
                taken / OUTPUT_BEATS, out_beat, OUTPUT_BEATS, wanted, out_data
            );
            failed = 1;
        end
        if (out_moves && !failed && !refused) begin
            if (taken == images * OUTPUT_BEATS) begin
                $display("FAIL: more outputs than the %0d expected", taken * LANES);
                failed = 1;
            end
            for (lane = 0; lane < LANES; lane = lane + 1) begin
                compared = compared + 1;
                if (!failed && out_data[lane*BITS +: BITS] !== wanted[lane*BITS +: BITS]) begin
                    element = out_beat * LANES + lane;
                    $display(
                        "FAIL: image %0d, element %0d (pixel %0d, channel %0d): expected %0d, got %0d",
                        taken / OUTPUT_BEATS, element, element / CHANNELS, element % CHANNELS,
                        number(wanted[lane*BITS +: BITS]), number(out_data[lane*BITS +: BITS])
                    );
                    failed = 1;
                end
            end
            if (!failed && out_last !== (out_beat == OUTPUT_BEATS - 1)) begin
                $display(
                    "FAIL: image %0d, beat %0d of %0d: last is %b",
                    taken / OUTPUT_BEATS, out_beat, OUTPUT_BEATS, out_last
                );
                failed = 1;
            end
            taken <= taken + 1;
            out_beat <= out_beat == OUTPUT_BEATS - 1 ? 0 : out_beat + 1;
            if (out_beat == OUTPUT_BEATS - 1) begin
                last_image <= cycle;
                if (taken < OUTPUT_BEATS) first_image <= cycle - first_taken + 1;
                else interval <= cycle - last_image;
            end
        end
        if (taken == images * OUTPUT_BEATS && quiet == DRAIN) complete <= 1;
        if (!closed && !failed && !refused && quiet == PATIENCE) begin
            $display(
                "FAIL: nothing moved for %0d cycles; %0d outputs came, %0d are expected",
                PATIENCE, taken * LANES, images * OUTPUT_BEATS * LANES
            );
            failed = 1;
        end
        if (closed && !failed && counted !== images) begin
            $display("FAIL: the circuit counted %0d images out, not %0d", counted, images);
            failed = 1;
        end
        if (closed && !failed && (compared == 0 || compared != images * OUTPUT_BEATS * LANES)) begin
            $display(
                "FAIL: %0d outputs compared, not %0d", compared, images * OUTPUT_BEATS * LANES
            );
            failed = 1;
        end
        if (failed) stop;
        else if (closed && !refused) begin
            $display("first image complete after %0d cycles", first_image);
            if (images > 1) $display("last image %0d cycles after the one before", interval);
            $display("PASS %0d outputs compared", compared);
            passed = 1;
            stop;
        end
    end
endmodule
