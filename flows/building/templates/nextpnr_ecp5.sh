#!/bin/sh
# Place and route what synth_ecp5.ys wrote; prints the highest clock. NEXTPNR names the program.
set -eu
cd "$(dirname "$0")"
[ -f wrapper_ecp5.json ] || { echo "$0: run yosys -s synth_ecp5.ys first" >&2; exit 2; }
"${NEXTPNR:-nextpnr-ecp5}" @OPTIONS@ --json wrapper_ecp5.json --report report_ecp5.json \
    --seed 1 --freq @MHZ@ --timing-allow-fail
