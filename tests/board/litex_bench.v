// A clock and a reset; the firmware ends the simulation.
`timescale 1ns / 1ps
module bench;
    reg clk = 0;
    reg rst = 1;
    always #5 clk = ~clk;
    initial begin
        #100 rst = 0;
        #20_000_000 $display("the firmware did not come to an end");
        $finish;
    end
    soc soc (.clk(clk), .rst(rst));
endmodule
