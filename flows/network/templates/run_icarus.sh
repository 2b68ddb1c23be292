#!/bin/sh
# Compile design and testbench with Icarus Verilog and run them.
# Arguments go to the testbench: sh run_icarus.sh +seed=2 +stall=0
simulator="Icarus Verilog 11 or later"
. "$(dirname "$0")/common.sh"
require iverilog vvp
check_files
build="$folder/build/icarus"
mkdir -p "$build"
iverilog -g2005 -s testbench -o "$build/testbench.vvp" "$design" "$folder/testbench/testbench.v"
judge vvp -n "$build/testbench.vvp" "$@"
