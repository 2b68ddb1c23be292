# Makes a project of the Gowin EDA and compiles it: cd gowin && gw_sh project.tcl DEVICE
# DEVICE is the ordering code, like GW2A-LV18PG256C8/I7. The top module is the wrapper, which has a
# few pins.
if {[llength $argv] != 1} {
    puts stderr "project.tcl: the device is missing; gw_sh project.tcl ORDERING_CODE"
    exit 2
}
foreach rom [lsort [glob -nocomplain ../verilog/*.hex]] {
    file copy -force $rom .
}
create_project -name @TOP@ -dir . -pn [lindex $argv 0] -force
add_file -type verilog "../verilog/@TOP@.v"
add_file -type verilog "../synthesis/wrapper.v"
add_file -type sdc "clock.sdc"
set_option -top_module wrapper
set_option -verilog_std v2001
run all
