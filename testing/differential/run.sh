#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The long comparisons: run.sh [CPU | kernel] [COUNT [SEED]], 100000 and 1 if
# not said. "kernel": with the host's kernel, which needs bpf(2), as root has
# it; "host": the engines among themselves; cortex-a72, neoverse-n1, rv64: the
# same under qemu-user. EBPF_VERBOSE=1 prints why a verifier refuses a program.
set -eu
cd "$(dirname "$0")/../.."
case "${1:-}" in
  kernel | host | cortex-a72 | neoverse-n1 | rv64) what=$1 && shift ;;
  *) what=kernel ;;
esac
folder=testing/differential
case "$what" in
  cortex-a72 | neoverse-n1) arch=aarch64 ;;
  rv64) arch=riscv64 ;;
  *)
    bazel build -c opt "//$folder:differential" >&2
    if [ "$what" = host ]; then set -- engines "$@"; fi
    exec "bazel-bin/$folder/differential" "$@"
    ;;
esac
bazel build "//$folder:differential_cross_$arch" >&2
exec "qemu-$arch" -cpu "$what" \
  "bazel-bin/$folder/differential_cross_$arch.elf" engines "$@"
