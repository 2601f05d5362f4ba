#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Boots guest tests that take longer than Bazel lets a test take: boot_long.sh
# SECONDS FOLDER TEST..., each for at most so long; fails if one did.
set -eu
cd "$(dirname "$0")/../.."
seconds=$1
folder=$2
shift 2
status=0
for test in "$@"; do
  tools/bazel build --noshow_progress "//$folder:$test" >&2
  echo "== $test"
  (cd "bazel-bin/$folder/$test.sh.runfiles/ebpf" &&
    TEST_TIMEOUT="$seconds" sh "../../$test.sh") || status=1
done
exit $status
