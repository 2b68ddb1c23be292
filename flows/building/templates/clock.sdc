create_clock -name clk -period @PERIOD@ [get_ports clk]
