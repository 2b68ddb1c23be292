# What both run scripts need. They run in the folder of the Verilog, where it opens its ROM files.
#
# Exit status: 0 after PASS, 1 after FAIL, 3 if the testbench could not be built or run.
set -eu
folder=$(cd "$(dirname "$0")/.." && pwd)
design="$folder/verilog/@TOP@.v"

fail() {
    echo "$(basename "$0"): $1" >&2
    exit 3
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

# Make $build, where results are kept, and $work, which is this run's own: several may run at once.
# make takes no path with a space, so $work is not in the folder.
make_folders() {
    build="$folder/build/$1"
    mkdir -p "$build" || fail "$build cannot be made"
    case ${TMPDIR:-/tmp} in *[[:space:]]*) TMPDIR=/tmp ;; esac
    work=$(mktemp -d "${TMPDIR:-/tmp}/bittrue.XXXXXX") || fail "no folder in ${TMPDIR:-/tmp}"
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

checksum() {
    if command -v sha256sum > /dev/null; then sha256sum; else shasum -a 256; fi | cut -c 1-16
}

# Put a file in place at once: whoever reads it meanwhile has the whole old one or the whole new one.
publish() {
    cp "$1" "$2.$$" && mv -f "$2.$$" "$2" || fail "$2 cannot be written"
}

# Run the testbench, show what it says, and end with 0 only if it passed.
judge() {
    cd "$folder/verilog"
    status=0
    "$@" > "$work/log.txt" 2>&1 || status=$?
    cat "$work/log.txt"
    publish "$work/log.txt" "$build/log.txt"
    if grep -q '^FAIL' "$work/log.txt"; then exit 1; fi
    if [ "$status" -ne 0 ] || ! grep -q '^PASS [1-9]' "$work/log.txt"; then
        fail "the testbench ended with status $status and no verdict"
    fi
}
