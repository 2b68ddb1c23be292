// Stand-alone testbench of @TOP@: plays @STIMULI@ and compares with @EXPECTATIONS@.
//
//   +seed=N    of the random pauses, 1 to 2147483647; default 1
//   +stall=N   @BOTH@ streams pause with a probability of N/256 a cycle, N up to 255; default 64
//   +images=N  the first N images only; default all @IMAGES@
//   +folder=F  where the @TWO@ files are; default the parameter FOLDER
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
@EACH INPUT@
    localparam INPUT_BEATS@S@ = @BEATS@;  // Of an image.
    localparam INPUT_WIDTH@S@ = @WIDTH@;
@END@
@EACH OUTPUT@
    localparam OUTPUT_BEATS@S@ = @BEATS@;  // Of an image.
    localparam LANES@S@ = @LANES@;
    localparam BITS@S@ = @BITS@;  // Of an output.
    localparam SIGNED@S@ = @SIGNED@;
    localparam CHANNELS@S@ = @CHANNELS@;
@END@
    localparam PATIENCE = @PATIENCE@;  // Cycles without a beat after which the run has failed.
    localparam DRAIN = 64;  // Cycles in which nothing may follow the last beat.

@EACH INPUT@
    reg [INPUT_WIDTH@S@-1:0] stimulus@S@ [0:IMAGES*INPUT_BEATS@S@-1];
@END@
@EACH OUTPUT@
    reg [LANES@S@*BITS@S@-1:0] expected@S@ [0:IMAGES*OUTPUT_BEATS@S@-1];
@END@
    integer images;
    integer stall;
    reg [31:0] seed;
    reg [31:0] random;
@EACH MORE@
    reg [31:0] random_@MORE@;
@END@
    reg refused;  // There is nothing to play or to compare with.
    integer place;

    // Files are read digit by digit: $readmemh takes an x for a number, and goes on where a file is
    // missing or short.
    localparam WIDEST = @WIDEST@;
    reg [8*4096-1:0] folder;
    reg [8*@NAME_LENGTH@-1:0] name;
@EACH SEVERAL@
    reg [8*(4097+@NAME_LENGTH@)-1:0] path;
@END@
    integer file;
    integer lines;
    integer line;
    integer digit;
    integer character;
    reg [WIDEST+3:0] word;

    task open_file(input [8*@NAME_LENGTH@-1:0] file_name, input integer expected_lines);
        if (!refused) begin
            name = file_name;
            lines = expected_lines;
            line = 0;
@EACH SEVERAL@
            $sformat(path, "%0s/%0s", folder, name);  // Names differ in length.
@END@
            file = $fopen(@PATH@, "r");
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
@EACH MORE@
        random_@MORE@ = next_random(random ^ 32'd@MORE@ << 8);
@END@
        if (^{seed, stall, images} === 1'bx
            || images < 1 || images > IMAGES || stall < 0 || stall > 255) begin
            $display("FAIL: allowed are +images=1 to %0d, +stall=0 to 255, +seed=N", IMAGES);
            refused = 1;
        end
@EACH INPUT@
        open_file("@FILE@", IMAGES * INPUT_BEATS@S@);
        for (place = 0; place < IMAGES * INPUT_BEATS@S@; place = place + 1) begin
            read_word(INPUT_WIDTH@S@);
            stimulus@S@[place] = word[INPUT_WIDTH@S@-1:0];
        end
        close_file;
@END@
@EACH OUTPUT@
        open_file("@FILE@", IMAGES * OUTPUT_BEATS@S@);
        for (place = 0; place < IMAGES * OUTPUT_BEATS@S@; place = place + 1) begin
            read_word(LANES@S@ * BITS@S@);
            expected@S@[place] = word[LANES@S@*BITS@S@-1:0];
        end
        close_file;
@END@
        if (refused) stop;
    end

    integer cycle = 0;
    integer quiet = 0;
@EACH INPUT@
    integer offered@S@ = 0;
    integer in_beat@S@ = 0;
@END@
@EACH OUTPUT@
    integer taken@S@ = 0;
@END@
    integer compared = 0;
@EACH OUTPUT@
    integer out_beat@S@ = 0;
@END@
    integer lane;
    integer first_taken = -1;
@EACH OUTPUT@
    integer first_image@S@ = 0;
    integer last_image@S@ = 0;
    integer interval@S@ = 0;
@END@
    integer element;
    reg failed = 0;
    reg rst = 1;
    reg [3:0] reset_cycles = 0;
@EACH INPUT@
    reg in_valid@S@ = 0;
    reg [INPUT_WIDTH@S@-1:0] in_data@S@ = 0;
    reg in_last@S@ = 0;
@END@
@EACH OUTPUT@
    reg out_ready@S@ = 0;
@END@
@EACH INPUT@
    wire in_ready@S@;
@END@
@EACH OUTPUT@
    wire out_valid@S@;
    wire [LANES@S@*BITS@S@-1:0] out_data@S@;
    wire out_last@S@;  // Of an image.
@END@
    wire started;  // Images may come.
    reg complete = 0;  // Everything expected has come, and nothing else.
    wire closed;  // The circuit has told how many images it completed:
    wire [31:0] counted;

@CIRCUIT@

@EACH OUTPUT@
    wire [LANES@S@*BITS@S@-1:0] wanted@S@ = expected@S@[taken@S@];
@END@
@EACH INPUT@
    wire in_moves@S@ = in_valid@S@ && in_ready@S@;
@END@
@EACH OUTPUT@
    wire out_moves@S@ = out_valid@S@ && out_ready@S@;
@END@

    function [31:0] next_random(input [31:0] state);
        reg [31:0] a;
        reg [31:0] b;
        begin
            a = state ^ (state << 13);
            b = a ^ (a >> 17);
            next_random = b ^ (b << 5);
        end
    endfunction

@EACH OUTPUT@
    function signed [63:0] number@S@(input [BITS@S@-1:0] code);
        number@S@ = {{(64 - BITS@S@){SIGNED@S@ && code[BITS@S@-1]}}, code};
    endfunction
@END@

    always @(posedge clk) begin
        random <= next_random(random);
@EACH MORE@
        random_@MORE@ <= next_random(random_@MORE@);
@END@
        cycle <= cycle + 1;
        if (reset_cycles != 8) reset_cycles <= reset_cycles + 1;
        rst <= reset_cycles != 8;
    end

@EACH INPUT@
    // Offers images; a beat that was offered stays until it is taken.
    always @(posedge clk)
        if (started && (!in_valid@S@ || in_ready@S@)) begin
            in_valid@S@ <= 0;
            if (offered@S@ != images * INPUT_BEATS@S@ && {24'd0, @RANDOM@[7:0]} >= stall) begin
                in_valid@S@ <= 1;
                in_data@S@ <= stimulus@S@[offered@S@];
                in_last@S@ <= in_beat@S@ == INPUT_BEATS@S@ - 1;
                in_beat@S@ <= in_beat@S@ == INPUT_BEATS@S@ - 1 ? 0 : in_beat@S@ + 1;
                offered@S@ <= offered@S@ + 1;
            end
        end

@END@
    // Takes outputs and judges them.
    always @(posedge clk) begin
@EACH OUTPUT@
        out_ready@S@ <= started && {24'd0, @RANDOM@[23:16]} >= stall;
@END@
        quiet <= @IN_MOVE@ || @OUT_MOVE@ ? 0 : quiet + 1;
        if (@ANY_IN_MOVES@ && first_taken < 0) first_taken <= cycle;
        // An unknown bit equals an unknown bit, and is no answer.
        if (started && !failed && !refused && ^{@IN_READY@, @OUT_VALID@} === 1'bx) begin
            $display("FAIL: cycle %0d: ready is %b, valid is %b", cycle, @READY@, @VALID@);
            failed = 1;
        end
@EACH OUTPUT@
        if (started && !failed && !refused && out_valid@S@ && ^{out_data@S@, wanted@S@} === 1'bx
            && taken@S@ != images * OUTPUT_BEATS@S@) begin
            $display(
                "FAIL: @NAMED@image %0d, beat %0d of %0d has unknown bits: expected %h, got %h",
                taken@S@ / OUTPUT_BEATS@S@, out_beat@S@, OUTPUT_BEATS@S@, wanted@S@, out_data@S@
            );
            failed = 1;
        end
        if (out_moves@S@ && !failed && !refused) begin
            if (taken@S@ == images * OUTPUT_BEATS@S@) begin
                $display("FAIL: @NAMED@more outputs than the %0d expected", taken@S@ * LANES@S@);
                failed = 1;
            end
            for (lane = 0; lane < LANES@S@; lane = lane + 1) begin
                compared = compared + 1;
                if (!failed && out_data@S@[lane*BITS@S@ +: BITS@S@] !== wanted@S@[lane*BITS@S@ +: BITS@S@]) begin
                    element = out_beat@S@ * LANES@S@ + lane;
                    $display(
                        "FAIL: @NAMED@image %0d, element %0d (pixel %0d, channel %0d): expected %0d, got %0d",
                        taken@S@ / OUTPUT_BEATS@S@, element, element / CHANNELS@S@, element % CHANNELS@S@,
                        number@S@(wanted@S@[lane*BITS@S@ +: BITS@S@]), number@S@(out_data@S@[lane*BITS@S@ +: BITS@S@])
                    );
                    failed = 1;
                end
            end
            if (!failed && out_last@S@ !== (out_beat@S@ == OUTPUT_BEATS@S@ - 1)) begin
                $display(
                    "FAIL: @NAMED@image %0d, beat %0d of %0d: last is %b",
                    taken@S@ / OUTPUT_BEATS@S@, out_beat@S@, OUTPUT_BEATS@S@, out_last@S@
                );
                failed = 1;
            end
            taken@S@ <= taken@S@ + 1;
            out_beat@S@ <= out_beat@S@ == OUTPUT_BEATS@S@ - 1 ? 0 : out_beat@S@ + 1;
            if (out_beat@S@ == OUTPUT_BEATS@S@ - 1) begin
                last_image@S@ <= cycle;
                if (taken@S@ < OUTPUT_BEATS@S@) first_image@S@ <= cycle - first_taken + 1;
                else interval@S@ <= cycle - last_image@S@;
            end
        end
@END@
        if (@ALL_TAKEN@ && quiet == DRAIN) complete <= 1;
        if (!closed && !failed && !refused && quiet == PATIENCE) begin
            $display(
                "FAIL: nothing moved for %0d cycles; %0d outputs came, %0d are expected",
                PATIENCE, @CAME@, @EXPECTED@
            );
            failed = 1;
        end
        if (closed && !failed && counted !== images) begin
            $display("FAIL: the circuit counted %0d images out, not %0d", counted, images);
            failed = 1;
        end
        if (closed && !failed && (compared == 0 || compared != @EXPECTED@)) begin
            $display(
                "FAIL: %0d outputs compared, not %0d", compared, @EXPECTED@
            );
            failed = 1;
        end
        if (failed) stop;
        else if (closed && !refused) begin
@EACH OUTPUT@
            $display("@NAMED@first image complete after %0d cycles", first_image@S@);
            if (images > 1) $display("@NAMED@last image %0d cycles after the one before", interval@S@);
@END@
            $display("PASS %0d outputs compared", compared);
            passed = 1;
            stop;
        end
    end
endmodule
