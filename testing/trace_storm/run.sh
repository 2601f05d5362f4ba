#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The long form of trace_storm_test.cc: run.sh [RECORDS], which each CPU's task
# writes; 50 million of them if none is said.
set -eu
cd "$(dirname "$0")/../.."
tools/bazel build -c opt --noshow_progress //testing/trace_storm:trace_storm_test >&2
EBPF_TRACE_STORM_RECORDS="${1:-50000000}" \
  exec bazel-bin/testing/trace_storm/trace_storm_test
