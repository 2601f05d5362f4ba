#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Runs Linux's own verifier tests against our verifier: fetches them as Debian's
# package linux-source-6.12, compiles them, asks `ebpf verify` about each
# program, and prints the agreement. testing/linux_verifier/README.md tells what
# the table says. Arguments: --help.
set -euo pipefail
here="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)"
root="${here%/tools}"

# Builds the command where it must, and says nothing of it.
"$root/tools/ebpf" verify --help >/dev/null
exec python3 "$root/testing/linux_verifier/main.py" --ebpf "$root/tools/ebpf" "$@"
