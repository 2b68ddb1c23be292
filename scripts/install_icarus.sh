#!/bin/sh
# Install Icarus Verilog, the second simulator, where this may be done; otherwise say so.
if command -v iverilog >/dev/null; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "setup: installing Icarus Verilog"
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y iverilog; } >/dev/null 2>&1
fi
command -v iverilog >/dev/null ||
    echo "setup: Icarus Verilog is missing, its half of the tests is left out; on Debian: sudo apt-get install iverilog"
