    localparam [11:0] CONTROL = @CONTROL@;
    localparam [11:0] IMAGES_OUT = @IMAGES_OUT@;
    reg enabled = 0;
    reg [31:0] images_out = 0;
    reg addressed = 0;
    reg written = 0;
    reg asked = 0;
    reg answered = 0;
    wire awready;
    wire wready;
    wire bvalid;
    wire arready;
    wire rvalid;
    wire [31:0] rdata;

    @TOP@ circuit (
@EACH CLOCK@
        .@PORT@(clk),
@END@
        .aresetn(!rst),
        .s_axi_awaddr(CONTROL), .s_axi_awvalid(!rst && !addressed), .s_axi_awready(awready),
        .s_axi_wdata(32'd1), .s_axi_wstrb(4'hf), .s_axi_wvalid(!rst && !written),
        .s_axi_wready(wready), .s_axi_bresp(), .s_axi_bvalid(bvalid), .s_axi_bready(1'b1),
        .s_axi_araddr(IMAGES_OUT), .s_axi_arvalid(complete && !asked), .s_axi_arready(arready),
        .s_axi_rdata(rdata), .s_axi_rresp(), .s_axi_rvalid(rvalid), .s_axi_rready(1'b1),
@EACH INPUT@
        .@STREAM@_tdata(in_data@S@), .@STREAM@_tvalid(in_valid@S@), .@STREAM@_tready(in_ready@S@),
        .@STREAM@_tlast(in_last@S@),
@END@
@EACH OUTPUT@
        .@STREAM@_tdata(out_data@S@), .@STREAM@_tvalid(out_valid@S@), .@STREAM@_tready(out_ready@S@),
        .@STREAM@_tlast(out_last@S@),
@END@
        .irq()
    );
    assign started = enabled;
    assign closed = answered;
    assign counted = images_out;

    // Enables the shell before the first image, and reads images_out after the last.
    always @(posedge clk) begin
        if (!rst && awready) addressed <= 1;
        if (!rst && wready) written <= 1;
        if (!rst && bvalid) enabled <= 1;
        if (complete && arready) asked <= 1;
        if (asked && rvalid) begin
            answered <= 1;
            images_out <= rdata;
        end
    end
