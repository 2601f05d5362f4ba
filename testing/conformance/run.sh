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
for cpu in "$@"; do
  case "$cpu" in
    host) target=sweep_test ;;
    *) target="sweep_cross_test_$cpu" ;;
  esac
  bazel build -c opt "//testing/conformance:$target" >&2
  echo "== $cpu"
  EBPF_SWEEP_DENSITY=1 "bazel-bin/testing/conformance/$target"* \
    --gtest_brief=1 || status=1
done
exit $status
