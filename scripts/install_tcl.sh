#!/bin/sh
# Install tclsh, which runs the scripts for Vivado in tests, where this may be done; otherwise fail.
if command -v tclsh >/dev/null; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "setup: installing Tcl"
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y tcl; } >/dev/null 2>&1
fi
if ! command -v tclsh >/dev/null; then
    echo "setup: tclsh is missing; on Debian: sudo apt-get install tcl" >&2
    exit 2
fi
