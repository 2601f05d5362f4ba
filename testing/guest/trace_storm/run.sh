#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The long forms of trace_storm_guest_test.cc, 10 000 cycles of each kind at two
# and at four CPUs: run.sh [KERNEL...], names of GUESTS in
# testing/guest/guest.bzl; all of them if none is named.
set -eu
cd "$(dirname "$0")/../../.."
if [ $# -eq 0 ]; then
  set -- dragonos plain plain_riscv64 alien
fi
status=0
folder=testing/guest/trace_storm
for kernel in "$@"; do
  for length in long four_cpus; do
    if [ "$kernel-$length" = alien-four_cpus ]; then
      continue # it has one CPU
    fi
    test="trace_storm_${length}_${kernel}_guest_test"
    tools/bazel build --noshow_progress "//$folder:$test" >&2
    echo "== $test"
    # What boots it, without Bazel's limit of time.
    (cd "bazel-bin/$folder/$test.sh.runfiles/ebpf" &&
      TEST_TIMEOUT=14400 sh "../../$test.sh") || status=1
  done
done
exit $status
