#!/bin/sh
# Compile design and testbench with Verilator and run them.
# Arguments go to the testbench: sh run_verilator.sh +seed=2 +stall=0
# VERILATOR names the program, if it is not the one in the path.
simulator="Verilator 5 or later"
. "$(dirname "$0")/common.sh"
verilator=${VERILATOR:-verilator}
require "$verilator" make perl
check_files
build="$folder/build/verilator"
mkdir -p "$build"
# Verilator of the Python package index was configured without the compiler switch that names a
# precompiled header.
settings="$("$verilator" --getenv VERILATOR_ROOT)/include/verilated.mk"
header=
if grep -q '^CFG_CXXFLAGS_PCH_I *= *$' "$settings"; then header="CFG_CXXFLAGS_PCH_I=-include"; fi
"$verilator" --cc --exe --build -j 0 -Wno-fatal -Wno-lint -Wno-style --top-module testbench \
    -MAKEFLAGS "OPT_FAST=-O1 OPT_SLOW=-O0 $header" --Mdir "$build" -o testbench \
    "$folder/testbench/testbench.cpp" "$folder/testbench/testbench.v" "$design" \
    > "$build/build.txt" 2>&1 || { cat "$build/build.txt" >&2; exit 1; }
judge "$build/testbench" "$@"
