# What both run scripts need. They run in the folder of the Verilog, where it opens its ROM files.
set -eu
folder=$(cd "$(dirname "$0")/.." && pwd)
design="$folder/verilog/@TOP@.v"

fail() {
    echo "$(basename "$0"): $1" >&2
    exit 2
}

require() {
    for program; do
        command -v "$program" > /dev/null || fail "$program is missing; install $simulator"
    done
}

check_files() {
    for file in \
@FILES@
    do
        [ -f "$folder/$file" ] || fail "$file is missing; build the folder again"
    done
}

# Run the testbench, show what it says, and end with 0 only if it passed.
judge() {
    cd "$folder/verilog"
    "$@" > "$build/log.txt" 2>&1 || true
    cat "$build/log.txt"
    grep -q '^PASS ' "$build/log.txt"
}
