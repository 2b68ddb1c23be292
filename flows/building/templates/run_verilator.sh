#!/bin/sh
# Compile design and testbench with Verilator and run them.
# Arguments go to the testbench: sh run_verilator.sh +seed=2 +stall=0
# VERILATOR names the program, if it is not the one in the path.
simulator="Verilator 5 or later"
. "$(dirname "$0")/common.sh"
verilator=${VERILATOR:-verilator}
case $verilator in [!/]*/*) verilator=$(pwd)/$verilator ;; esac
require "$verilator" make perl
check_files
make_folders verilator
# Compiled once for each text of the sources, whose checksum is in the name.
sources() {
    "$verilator" --version
    cat "$design" "$folder/testbench/testbench.v" "$folder/testbench/testbench.cpp" "$0"
}
bench="$build/testbench-$(sources | checksum)"
if [ ! -x "$bench" ]; then
    cp "$design" "$folder/testbench/testbench.v" "$folder/testbench/testbench.cpp" "$work"
    # Verilator of the Python package index was configured without the compiler switch that names a
    # precompiled header.
    settings="$("$verilator" --getenv VERILATOR_ROOT)/include/verilated.mk"
    header=
    if grep -q '^CFG_CXXFLAGS_PCH_I *= *$' "$settings"; then header="CFG_CXXFLAGS_PCH_I=-include"; fi
    (
        cd "$work"
        "$verilator" --cc --exe --build -j 0 -Wno-fatal -Wno-lint -Wno-style \
            --x-assign unique --x-initial unique --top-module testbench \
            -MAKEFLAGS "OPT_FAST=-O1 OPT_SLOW=-O0 $header" --Mdir build -o testbench \
            testbench.cpp testbench.v "@TOP@.v"
    ) > "$work/build.txt" 2>&1 || {
        cat "$work/build.txt" >&2
        fail "verilator could not compile the testbench"
    }
    publish "$work/build/testbench" "$bench"
fi
# What no register, ROM or file sets is a random number, not 0.
judge "$bench" +verilator+rand+reset+2 +verilator+seed+1 "$@"
