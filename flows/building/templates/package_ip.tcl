# Has Vivado package the accelerator anew: cd vivado && vivado -mode batch -source package_ip.tcl
# The folder above holds a component.xml already, so it is an IP repository as it is; Vivado's own
# packager writes that file again, with what this version of it knows.
set root [file normalize [file join [file dirname [info script]] ..]]
set top @TOP@
create_project -in_memory -part @PART@
add_files -norecurse [file join $root verilog $top.v]
foreach rom [lsort [glob -nocomplain [file join $root verilog *.hex]]] {
    add_files -norecurse $rom
    set_property file_type {Memory Initialization Files} [get_files $rom]
}
set_property top $top [current_fileset]
ipx::package_project -root_dir $root -vendor bittrue -library accelerator \
    -taxonomy /UserIP -import_files false -set_current true -force
set core [ipx::current_core]
set_property name $top $core
set_property version 1.0 $core
set_property display_name $top $core
ipx::associate_bus_interfaces -busif s_axi -clock @CONTROL_CLOCK@ $core
@EACH STREAM@
ipx::associate_bus_interfaces -busif @STREAM@ -clock @CLOCK@ $core
@END@
ipx::infer_bus_interface irq xilinx.com:signal:interrupt_rtl:1.0 $core
ipx::update_checksums $core
ipx::check_integrity $core
ipx::save_core $core
