#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What tracepoints cost in guest kernels: builds and boots
# testing/guest/trace_bench, and prints a table per CPU beside the goals and
# Linux.
#
#   testing/benchmarks/traces.sh [KERNEL...]
#
# KERNEL is dragonos, plain or alien (all of them). A busy host makes times
# longer, those with two CPUs above all; executed instructions do not change.
# EBPF_IMAGES=FOLDER boots FOLDER/timed_KERNEL_image.elf, which something else
# built.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="${here%/testing/benchmarks}"
cd "$root"
[[ $# -gt 0 ]] || set -- dragonos plain alien

source testing/benchmarks/guest_figures.sh
for kernel in "$@"; do
  guest_figures trace_bench "$kernel" |
    python3 testing/benchmarks/traces_table.py "${guest_arch[$kernel]}"
done
