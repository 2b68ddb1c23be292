    @TOP@ circuit (
        .clk(clk), .rst(rst),
        .i_valid(in_valid), .i_ready(in_ready), .i_payload(in_data),
        .o_valid(out_valid), .o_ready(out_ready), .o_payload(out_data)
    );
    assign out_last = out_beat == OUTPUT_BEATS - 1;  // The stream has no mark of its own.
    assign started = !rst;
    assign closed = complete;
    assign counted = images;
