# The accelerator as a component of Platform Designer (Quartus): put this folder on its search path.
package require -exact qsys 16.0
set_module_property NAME @TOP@
set_module_property VERSION 1.0
set_module_property DISPLAY_NAME @TOP@
set_module_property GROUP "Neural networks"
set_module_property EDITABLE false

add_fileset synthesis QUARTUS_SYNTH {} {}
set_fileset_property synthesis TOP_LEVEL @TOP@
add_fileset_file @TOP@.v VERILOG PATH ../verilog/@TOP@.v TOP_LEVEL_FILE
@EACH ROM@
add_fileset_file @ROM@ HEX PATH ../verilog/@ROM@
@END@

@EACH CLOCK@
add_interface @NAME@ clock end
@END@
@EACH RESET@
add_interface @NAME@ reset end
set_interface_property @NAME@ associatedClock @CLOCK@
@END@
@EACH AXI@
add_interface @NAME@ @KIND@ @SIDE@
set_interface_property @NAME@ associatedClock @CLOCK@
set_interface_property @NAME@ associatedReset aresetn
@END@
@EACH IRQ@
add_interface @NAME@ interrupt end
set_interface_property @NAME@ associatedAddressablePoint s_axi
set_interface_property @NAME@ associatedClock @CLOCK@
set_interface_property @NAME@ associatedReset aresetn
@END@
@EACH PORT@
add_interface_port @BUS@ @PORT@ @ROLE@ @WAY@ @WIDTH@
@END@
