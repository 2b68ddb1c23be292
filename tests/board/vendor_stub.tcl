# Writes what a project script asks of its tool, without the tool: tclsh vendor_stub.tcl SCRIPT DEVICE
set script [lindex $argv 0]
set argv [lrange $argv 1 end]
rename package tcl_package
proc package {args} { puts "package $args" }
foreach name {
    project_new set_global_assignment execute_flow project_close
    prj_create prj_add_source prj_set_impl_opt prj_save prj_run prj_close
    create_project add_file set_option run
    set_module_property add_fileset set_fileset_property add_fileset_file
    add_interface set_interface_property add_interface_port
} {
    proc $name {args} "puts \"$name \$args\""
}
cd [file dirname $script]
source [file tail $script]
