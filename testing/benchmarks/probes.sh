#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What probes cost in guest kernels: builds and boots testing/guest/probe_bench,
# and prints a table per CPU beside the goals and Linux.
#
#   testing/benchmarks/probes.sh [KERNEL...]
#
# KERNEL is dragonos, plain or alien (all of them). A busy host makes times
# longer, those with two CPUs above all; executed instructions do not change.
# EBPF_PROBES_IMAGES=FOLDER boots FOLDER/KERNEL.elf, which something else built.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="${here%/testing/benchmarks}"
cd "$root"
[[ $# -gt 0 ]] || set -- dragonos plain alien

declare -A arch=([dragonos]=x86_64 [plain]=aarch64 [alien]=riscv64)
declare -A cpus=([dragonos]=2 [plain]=2 [alien]=1)

boot() { # KERNEL CPUS WORD...: the figures of one run
  local kernel="$1" count="$2" image words=()
  shift 2
  for word in "$@"; do words+=("--qemu-arg=$word"); done
  if [[ -n "${EBPF_PROBES_IMAGES:-}" ]]; then
    image="$EBPF_PROBES_IMAGES/$kernel.elf"
  else
    image="bazel-bin/testing/guest/probe_bench/timed_${kernel}_image.elf"
  fi
  testing/qemu/run_qemu.py --raw --timeout=600 --arch="${arch[$kernel]}" \
    --image="$image" --cpus="$count" "${words[@]}" | grep '^figure '
}

for kernel in "$@"; do
  if [[ -z "${EBPF_PROBES_IMAGES:-}" ]]; then
    tools/bazel build --noshow_progress \
      "//testing/guest/probe_bench:timed_${kernel}_image" >&2
  fi
  {
    boot "$kernel" 1 -icount shift=0 | sed 's/^figure/insns/'
    boot "$kernel" 1 | sed 's/^figure/ns/'
    # With what one CPU cannot tell: the other standing still.
    boot "$kernel" "${cpus[$kernel]}" | sed 's/^figure/smp/'
  } | python3 testing/benchmarks/probes_table.py "${arch[$kernel]}"
done
