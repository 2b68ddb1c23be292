#!/bin/sh
# Compile design and testbench with Icarus Verilog and run them.
# Arguments go to the testbench: sh run_icarus.sh +seed=2 +stall=0
simulator="Icarus Verilog 11 or later"
. "$(dirname "$0")/common.sh"
require iverilog vvp
check_files
make_folders icarus
iverilog -g2005 -s testbench -o "$work/testbench.vvp" "$design" "$folder/testbench/testbench.v" \
    || fail "iverilog could not compile the testbench"
judge vvp -n "$work/testbench.vvp" "$@"
