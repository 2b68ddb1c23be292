@EACH CLOCK@
create_clock -name @PORT@ -period @PERIOD@ [get_ports @PORT@]
@END@
@EACH SEVERAL@
# Between the clocks are FIFOs alone, and registers that synchronise.
set_clock_groups -asynchronous -group aclk -group axis_aclk -group s_axi_aclk
@END@
