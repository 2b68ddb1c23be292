#!/bin/sh
# install_packages.sh PROGRAM=PACKAGES...: install Debian packages for the programs that are
# missing, where this may be done; fail if one is missing still.
set -eu
missing=
for each in "$@"; do
    command -v "${each%%=*}" >/dev/null || missing="$missing $(echo "${each#*=}" | tr , ' ')"
done
if [ -z "$missing" ]; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "setup: installing$missing"
    # shellcheck disable=SC2086
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >/dev/null 2>&1 || true
fi
for each in "$@"; do
    if ! command -v "${each%%=*}" >/dev/null; then
        echo "setup: ${each%%=*} is missing; on Debian: sudo apt-get install$missing" >&2
        exit 2
    fi
done
