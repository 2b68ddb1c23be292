    @TOP@ circuit (
        .clk(clk), .rst(rst),
@EACH INPUT@
        .@STREAM@_valid(in_valid@S@), .@STREAM@_ready(in_ready@S@), .@STREAM@_payload(in_data@S@),
@END@
@EACH OUTPUT@
        .@STREAM@_valid(out_valid@S@), .@STREAM@_ready(out_ready@S@), .@STREAM@_payload(out_data@S@)@COMMA@
@END@
    );
@EACH OUTPUT@
    assign out_last@S@ = out_beat@S@ == OUTPUT_BEATS@S@ - 1;  // The stream has no mark of its own.
@END@
    assign started = !rst;
    assign closed = complete;
    assign counted = images;
