# Out-of-context synthesis and implementation: cd synthesis && vivado -mode batch -source vivado.tcl
set part @PART@
set top @TOP@
create_project -in_memory -part $part
read_verilog ../verilog/$top.v
foreach rom [lsort [glob -nocomplain ../verilog/*.hex]] {
    add_files -norecurse $rom
    set_property file_type {Memory Initialization Files} [get_files $rom]
}
read_xdc clock.xdc
synth_design -top $top -part $part -mode out_of_context
opt_design
place_design
route_design
report_utilization -file utilization.rpt
report_timing_summary -file timing.rpt
write_checkpoint -force $top.dcp
