#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The long form of this folder's tests: run.sh [KERNEL...], names of GUESTS in
# testing/guest/guest.bzl; all of them if none is named.
set -eu
cd "$(dirname "$0")/../../.."
if [ $# -eq 0 ]; then
  set -- dragonos plain alien
fi
status=0
folder=testing/guest/maps
for kernel in "$@"; do
  for name in storm probes_inside; do
    test="${name}_long_${kernel}_guest_test"
    tools/bazel build --noshow_progress "//$folder:$test" >&2
    echo "== $test"
    # What boots it, without Bazel's limit of time.
    (cd "bazel-bin/$folder/$test.sh.runfiles/ebpf" &&
      TEST_TIMEOUT=7200 sh "../../$test.sh") || status=1
  done
done
exit $status
