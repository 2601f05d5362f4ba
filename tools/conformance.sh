#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Runs Linux's own verifier tests against our verifier: fetches them as Debian's
# package linux-source-6.12, compiles them, asks `ebpf verify` about each
# program, and prints the agreement. testing/linux_verifier/README.md tells what
# the table says. Without arguments Linux's CO-RE tests follow, case by case:
# testing/core_relo/README.md. Arguments, of the verifier's tests alone: --help.
set -euo pipefail
here="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)"
root="${here%/tools}"

# Builds the command where it must, and says nothing of it.
"$root/tools/ebpf" verify --help >/dev/null
status=0
python3 "$root/testing/linux_verifier/main.py" --ebpf "$root/tools/ebpf" "$@" || status=$?
if (($# == 0)); then
  echo
  echo "CO-RE"
  python3 "$root/tools/core_relo_conformance.py" --ebpf "$root/tools/ebpf" || status=$?
fi
exit "$status"
