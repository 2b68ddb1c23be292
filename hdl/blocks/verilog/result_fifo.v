// Results of a pipeline that never stalls, kept until they are taken.
//
// Whoever lets work into the pipeline reserves places for its results, reserve of them in a
// cycle, and does so only while room is high: while there are places for LARGEST more. So a
// result finds a place whenever it comes. A result leaves two clock edges after it comes; its
// place is free again once it has moved to the output's register. There are 2**ADDRESS_WIDTH.
module result_fifo #(
    parameter WIDTH = 8,
    parameter ADDRESS_WIDTH = 4,
    parameter RESERVE_WIDTH = 1,
    parameter LARGEST = 1
) (
    input wire clk,
    input wire rst,
    input wire [RESERVE_WIDTH-1:0] reserve,
    output wire room,
    input wire i_valid,
    input wire [WIDTH-1:0] i_payload,
    output reg o_valid,
    input wire o_ready,
    output reg [WIDTH-1:0] o_payload
);
    (* no_rw_check, ram_style = "distributed" *)
    reg [WIDTH-1:0] words [0:(1<<ADDRESS_WIDTH)-1];
    reg [ADDRESS_WIDTH-1:0] first_free;
    reg [ADDRESS_WIDTH-1:0] first_kept;
    reg [ADDRESS_WIDTH:0] kept;
    reg any_kept;
    // Free places beyond those of one more reservation: negative, there is no room for one.
    reg signed [ADDRESS_WIDTH+1:0] spare;

    localparam integer AT_FIRST = (1 << ADDRESS_WIDTH) - LARGEST;
    localparam signed [ADDRESS_WIDTH+1:0] ALL_SPARE = AT_FIRST[ADDRESS_WIDTH+1:0];

    wire moves = any_kept && (!o_valid || o_ready);
    wire [ADDRESS_WIDTH:0] kept_then = kept + i_valid - moves;

    assign room = !spare[ADDRESS_WIDTH+1];

    always @(posedge clk) begin
        if (i_valid) words[first_free] <= i_payload;
        if (moves) o_payload <= words[first_kept];
    end

    initial begin
        o_valid = 1'b0;
        first_free = 0;
        first_kept = 0;
        kept = 0;
        any_kept = 1'b0;
        spare = ALL_SPARE;
    end

    always @(posedge clk)
        if (rst) begin
            o_valid <= 1'b0;
            first_free <= 0;
            first_kept <= 0;
            kept <= 0;
            any_kept <= 1'b0;
            spare <= ALL_SPARE;
        end else begin
            o_valid <= moves || (o_valid && !o_ready);
            first_free <= first_free + i_valid;
            first_kept <= first_kept + moves;
            kept <= kept_then;
            any_kept <= kept_then != 0;
            spare <= spare + $signed({1'b0, moves}) - $signed({1'b0, reserve});
        end
endmodule
