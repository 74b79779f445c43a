#!/bin/sh
# A stand-in for a program that cannot be had where tests run (systemctl, journalctl): linked under its name into a folder
# on PATH. It notes each word that it was called with, and says and ends with what the test wrote for it.
here=$(dirname "$0")
name=$(basename "$0")
{ printf '%s\0' "$name" "$@"; printf '\n'; } >>"$here/called"
said=$here/$name.$1
[ -e "$said.out" ] || said=$here/$name
[ ! -e "$said.out" ] || cat "$said.out"
[ ! -e "$said.err" ] || cat "$said.err" >&2
[ ! -e "$said.status" ] || exit "$(cat "$said.status")"
