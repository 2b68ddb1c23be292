# Makes a project of Quartus and compiles it: cd quartus && quartus_sh -t project.tcl DEVICE
# DEVICE is the ordering code, like 5CSEMA5F31C6. The top module is the wrapper, which has a few pins.
package require ::quartus::project
package require ::quartus::flow
if {[llength $argv] != 1} {
    puts stderr "project.tcl: the device is missing; quartus_sh -t project.tcl ORDERING_CODE"
    exit 2
}
foreach rom [lsort [glob -nocomplain ../verilog/*.hex]] {
    file copy -force $rom .
}
project_new @TOP@ -overwrite
set_global_assignment -name FAMILY "@FAMILY@"
set_global_assignment -name DEVICE [lindex $argv 0]
set_global_assignment -name TOP_LEVEL_ENTITY wrapper
set_global_assignment -name VERILOG_FILE ../verilog/@TOP@.v
set_global_assignment -name VERILOG_FILE ../synthesis/wrapper.v
set_global_assignment -name SDC_FILE clock.sdc
execute_flow -compile
project_close
