#!/bin/sh
# Create the virtual environment and install one set of packages: sim, test, synth, formal, lint, board or docs.
set -eu

python=${PYTHON:-python3}
venv=${VENV:-.venv}

fail() {
    echo "setup: $1" >&2
    exit 2
}

command -v "$python" >/dev/null ||
    fail "$python is missing; install Python 3.11 or later, or name one: make PYTHON=/path/to/python"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$python is $("$python" -V 2>&1); Python 3.11 or later is needed: make PYTHON=python3.11"
for program in g++ make perl; do
    command -v "$program" >/dev/null ||
        fail "$program is missing; on Debian: apt-get install $program"
done

if ! [ -x "$venv/bin/pip" ]; then
    echo "setup: creating $venv"
    rm -rf "$venv"
    "$python" -m venv "$venv" >/dev/null 2>&1 ||
        fail "'$python -m venv' does not work; on Debian: apt-get install python3-venv"
fi

case $1 in
    sim) extras= ;;
    *) extras="[$1]" ;;
esac
echo "setup: installing packages for '$1' (pinned in constraints.txt)"
"$venv/bin/pip" install --quiet --disable-pip-version-check -c constraints.txt -e ".$extras"
