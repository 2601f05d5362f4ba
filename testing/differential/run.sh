#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The long comparison with the host kernel: run.sh [COUNT [SEED]], 100000 and 1
# if not said. Needs bpf(2), as root has it. EBPF_VERBOSE=1 prints why the
# kernel refuses a program.
set -eu
cd "$(dirname "$0")/../.."
bazel build -c opt //testing/differential >&2
exec bazel-bin/testing/differential/differential "$@"
