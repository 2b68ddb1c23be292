# Makes a project of Radiant and compiles it: cd radiant && radiantc project.tcl DEVICE
# DEVICE is the ordering code, like LIFCL-40-8BG400C. The top module is the wrapper, which has a few
# pins.
if {[llength $argv] != 1} {
    puts stderr "project.tcl: the device is missing; radiantc project.tcl ORDERING_CODE"
    exit 2
}
file mkdir build
foreach rom [lsort [glob -nocomplain ../verilog/*.hex]] {
    file copy -force $rom build
}
prj_create -name "@TOP@" -impl "impl_1" -dev [lindex $argv 0] -synthesis "synplify"
prj_add_source "../verilog/@TOP@.v" "../synthesis/wrapper.v" "clock.sdc"
prj_set_impl_opt -impl "impl_1" "top" "wrapper"
prj_save
prj_run Synthesis -impl impl_1
prj_run Map -impl impl_1
prj_run PAR -impl impl_1
prj_close
