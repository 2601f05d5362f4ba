#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The whole sweep, nothing left out: run.sh [CPU...], names of CROSS_CPUS in
# tools/build/cross.bzl, or "host"; all of them if none is named.
set -eu
cd "$(dirname "$0")/../.."
if [ $# -eq 0 ]; then
  set -- host cortex-a72 neoverse-n1 rv64gc rv64gcb nehalem haswell
fi
status=0
folder=testing/conformance
for cpu in "$@"; do
  case "$cpu" in
    host) arch= qemu= ;;
    cortex-a72 | neoverse-n1) arch=aarch64 qemu="qemu-aarch64 -cpu $cpu" ;;
    rv64gc)
      arch=riscv64
      qemu="qemu-riscv64 -cpu rv64,zba=off,zbb=off,zbc=off,zbs=off"
      ;;
    rv64gcb)
      arch=riscv64
      qemu="qemu-riscv64 -cpu rv64,zba=on,zbb=on,zbs=on"
      ;;
    nehalem) arch=x86_64 qemu="qemu-x86_64 -cpu Nehalem" ;;
    haswell) arch=x86_64 qemu="qemu-x86_64 -cpu Haswell" ;;
    *) echo "no such CPU: $cpu" >&2 && exit 2 ;;
  esac
  if [ -z "$arch" ]; then
    target=sweep_test
  else
    target="sweep_cross_test_$arch"
    qemu="env EBPF_QEMU_USER=1 $qemu"
  fi
  bazel build -c opt "//$folder:${target}${arch:+_program}" >&2
  echo "== $cpu"
  # The name of the emulator and its CPU are two words.
  # shellcheck disable=SC2086
  EBPF_SWEEP_DENSITY=1 \
    $qemu "bazel-bin/$folder/$target" --gtest_brief=1 || status=1
done
exit $status
