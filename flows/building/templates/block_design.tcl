# A block design around the accelerator: the board's processor, AXI DMA for every stream, interrupts.
#
#     cd vivado && vivado -mode batch -source block_design.tcl -tclargs BOARD [MHZ] [bitstream]
#
# BOARD is one of @BOARDS@; MHZ the clock of the accelerator, @MHZ@ by default.
# With the word bitstream it is implemented, too, and design.bit and design.hwh are written here,
# which the driver in ../drivers loads. Its names are those that the driver expects: the cell
# accelerator, and dma, or dma_STREAM for each stream where there are several.
set here [file dirname [file normalize [info script]]]
set root [file dirname $here]

# Part, pattern of the board's files, and kind of processor.
set boards {
@EACH BOARD@
    @BOARD@ {@PART@ @FILES@ @PROCESSOR@}
@END@
}

# Streams: name, bytes of a beat, bits of AXI DMA, and whether images enter. AXI DMA has the width of
# the stream, or, where it cannot, one in which an image is whole beats.
set streams {
@EACH STREAM@
    {@STREAM@ @BYTES@ @DMA@ @ENTERS@}
@END@
}

proc fail {message} {
    puts stderr "block_design.tcl: $message"
    exit 2
}

set board [lindex $argv 0]
set mhz [expr {[llength $argv] > 1 ? [lindex $argv 1] : @MHZ@}]
if {![dict exists $boards $board]} {
    fail "board is '$board'; allowed: [dict keys $boards]"
}
if {![string is double -strict $mhz] || $mhz <= 0} {
    fail "clock is '$mhz'; allowed: a number of MHz"
}
lassign [dict get $boards $board] part files processor

create_project design [file join $here $board] -part $part -force
set found [lsort [get_board_parts -quiet $files]]
if {[llength $found]} {
    set_property board_part [lindex $found end] [current_project]
} else {
    puts "WARNING: Vivado has no files of this board; the processor keeps its defaults, also of DDR"
}
set_property ip_repo_paths $root [current_project]
update_ip_catalog
create_bd_design design

# Newest version of an IP of the catalogue, as a cell.
proc cell {name ip} {
    set found [lsort [get_ipdefs -filter "NAME == $ip"]]
    if {![llength $found]} {
        fail "Vivado has no IP $ip"
    }
    return [create_bd_cell -type ip -vlnv [lindex $found end] $name]
}

set accelerator [cell accelerator @TOP@]
if {$processor eq "zynq7"} {
    set ps [cell ps processing_system7]
    apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 \
        -config {make_external "FIXED_IO, DDR" apply_board_preset "1"} $ps
    set_property -dict [list CONFIG.PCW_USE_S_AXI_HP0 1 CONFIG.PCW_USE_FABRIC_INTERRUPT 1 \
        CONFIG.PCW_IRQ_F2P_INTR 1 CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ $mhz] $ps
    set clock ps/FCLK_CLK0
    set reset ps/FCLK_RESET0_N
    set control ps/M_AXI_GP0
    set memory ps/S_AXI_HP0
    set clocked {ps/M_AXI_GP0_ACLK ps/S_AXI_HP0_ACLK}
    set interrupts ps/IRQ_F2P
} else {
    set ps [cell ps zynq_ultra_ps_e]
    apply_bd_automation -rule xilinx.com:bd_rule:zynq_ultra_ps_e \
        -config {apply_board_preset "1"} $ps
    set_property -dict [list CONFIG.PSU__USE__M_AXI_GP0 1 CONFIG.PSU__USE__M_AXI_GP1 0 \
        CONFIG.PSU__USE__M_AXI_GP2 0 CONFIG.PSU__USE__S_AXI_GP2 1 CONFIG.PSU__USE__IRQ0 1 \
        CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ $mhz] $ps
    set clock ps/pl_clk0
    set reset ps/pl_resetn0
    set control ps/M_AXI_HPM0_FPD
    set memory ps/S_AXI_HP0_FPD
    set clocked {ps/maxihpm0_fpd_aclk ps/saxihp0_fpd_aclk}
    set interrupts ps/pl_ps_irq0
}

cell resets proc_sys_reset
connect_bd_net [get_bd_pins $reset] [get_bd_pins resets/ext_reset_in]
lappend clocked resets/slowest_sync_clk @CLOCKS@
set resettable {accelerator/aresetn}
set registers {accelerator/s_axi}
set masters {}
set causes {accelerator/irq}

foreach stream $streams {
    lassign $stream name bytes bits enters
    set both [expr {[llength $streams] == 2}]
    set dma [expr {$both ? "dma" : "dma_$name"}]
    if {![llength [get_bd_cells -quiet $dma]]} {
        cell $dma axi_dma
        set_property -dict [list CONFIG.c_include_sg 0 CONFIG.c_sg_length_width 26 \
            CONFIG.c_include_mm2s [expr {$both || $enters}] \
            CONFIG.c_include_s2mm [expr {$both || !$enters}]] [get_bd_cells $dma]
        lappend clocked $dma/s_axi_lite_aclk
        lappend resettable $dma/axi_resetn
        lappend registers $dma/S_AXI_LITE
    }
    set wide [expr {$bits > 32 ? $bits : 32}]
    if {$enters} {
        set_property -dict [list CONFIG.c_include_mm2s_dre 1 \
            CONFIG.c_m_axi_mm2s_data_width $wide CONFIG.c_m_axis_mm2s_tdata_width $bits] \
            [get_bd_cells $dma]
        lappend clocked $dma/m_axi_mm2s_aclk
        lappend masters $dma/M_AXI_MM2S
        lappend causes $dma/mm2s_introut
        set from $dma/M_AXIS_MM2S
        set to accelerator/$name
    } else {
        set_property -dict [list CONFIG.c_include_s2mm_dre 1 \
            CONFIG.c_m_axi_s2mm_data_width $wide CONFIG.c_s_axis_s2mm_tdata_width $bits] \
            [get_bd_cells $dma]
        lappend clocked $dma/m_axi_s2mm_aclk
        lappend masters $dma/M_AXI_S2MM
        lappend causes $dma/s2mm_introut
        set from accelerator/$name
        set to $dma/S_AXIS_S2MM
    }
    if {$bits == 8 * $bytes} {
        connect_bd_intf_net [get_bd_intf_pins $from] [get_bd_intf_pins $to]
    } else {
        # Bytes are regrouped; TLAST stays with the last.
        cell width_$name axis_dwidth_converter
        set_property -dict [list CONFIG.HAS_TLAST 1 CONFIG.HAS_TKEEP 0 \
            CONFIG.M_TDATA_NUM_BYTES [expr {$enters ? $bytes : $bits / 8}]] \
            [get_bd_cells width_$name]
        lappend clocked width_$name/aclk
        lappend resettable width_$name/aresetn
        connect_bd_intf_net [get_bd_intf_pins $from] [get_bd_intf_pins width_$name/S_AXIS]
        connect_bd_intf_net [get_bd_intf_pins width_$name/M_AXIS] [get_bd_intf_pins $to]
    }
}

# Registers behind the processor, memory before it.
cell to_registers smartconnect
set_property -dict [list CONFIG.NUM_SI 1 CONFIG.NUM_MI [llength $registers]] \
    [get_bd_cells to_registers]
connect_bd_intf_net [get_bd_intf_pins $control] [get_bd_intf_pins to_registers/S00_AXI]
set place 0
foreach each $registers {
    connect_bd_intf_net [get_bd_intf_pins to_registers/M[format %02d $place]_AXI] \
        [get_bd_intf_pins $each]
    incr place
}
cell to_memory smartconnect
set_property -dict [list CONFIG.NUM_SI [llength $masters] CONFIG.NUM_MI 1] \
    [get_bd_cells to_memory]
set place 0
foreach each $masters {
    connect_bd_intf_net [get_bd_intf_pins $each] \
        [get_bd_intf_pins to_memory/S[format %02d $place]_AXI]
    incr place
}
connect_bd_intf_net [get_bd_intf_pins to_memory/M00_AXI] [get_bd_intf_pins $memory]
lappend clocked to_registers/aclk to_memory/aclk
lappend resettable to_registers/aresetn to_memory/aresetn

cell causes xlconcat
set_property CONFIG.NUM_PORTS [llength $causes] [get_bd_cells causes]
set place 0
foreach each $causes {
    connect_bd_net [get_bd_pins $each] [get_bd_pins causes/In$place]
    incr place
}
connect_bd_net [get_bd_pins causes/dout] [get_bd_pins $interrupts]

foreach each $clocked {
    connect_bd_net [get_bd_pins $clock] [get_bd_pins $each]
}
foreach each $resettable {
    connect_bd_net [get_bd_pins resets/peripheral_aresetn] [get_bd_pins $each]
}

assign_bd_address
validate_bd_design
save_bd_design
make_wrapper -files [get_files design.bd] -top -import
if {[lindex $argv 2] eq "bitstream"} {
    launch_runs impl_1 -to_step write_bitstream -jobs 4
    wait_on_run impl_1
    set runs [file join $here $board design.runs impl_1]
    file copy -force {*}[glob [file join $runs *.bit]] [file join $here design.bit]
    set made [file join $here $board design.gen sources_1 bd design hw_handoff design.hwh]
    file copy -force $made [file join $here design.hwh]
}
