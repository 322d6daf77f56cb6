#!/bin/sh
# Runs one part of a check and prints how long it took: part.sh [-n TOOL] NAME COMMAND...
# Without TOOL the part is skipped; where CI=true that is an error.
set -eu

tool=
if [ "$1" = -n ]; then
    tool=$2
    shift 2
fi
name=$1
shift

if [ -n "$tool" ] && ! command -v "$tool" >/dev/null; then
    echo "SKIPPED: $name needs $tool, which is not installed (CONTRIBUTING.md says how)" >&2
    [ "${CI:-}" != true ]
    exit
fi

start=$(date +%s)
status=0
"$@" || status=$?
echo "part $name $(($(date +%s) - start))"
exit "$status"
