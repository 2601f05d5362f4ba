#!/bin/sh
# SPDX-License-Identifier: MIT
#
# All of every_offset_guest_test.cc: run.sh [KERNEL...], names of GUESTS in
# testing/guest/guest.bzl; all of them if none is named.
set -eu
cd "$(dirname "$0")/../../.."
if [ $# -eq 0 ]; then
  set -- dragonos plain plain_riscv64 alien
fi
status=0
folder=testing/guest/probes
for kernel in "$@"; do
  test="every_offset_all_${kernel}_guest_test"
  tools/bazel build --noshow_progress "//$folder:$test" >&2
  echo "== $test"
  # What boots it, without Bazel's limit of time.
  (cd "bazel-bin/$folder/$test.sh.runfiles/ebpf" &&
    TEST_TIMEOUT=14400 sh "../../$test.sh") || status=1
done
exit $status
