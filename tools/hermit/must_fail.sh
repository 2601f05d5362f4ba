#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs a test that is to fail, and looks for why: must_fail.sh REASON COMMAND...
reason=$1
shift
# What it writes for Bazel is not this test's.
output=$(XML_OUTPUT_FILE='' "$@" 2>&1)
status=$?
echo "$output"
if [ $status -eq 0 ]; then
  echo "it ended well"
  exit 1
fi
if ! echo "$output" | grep -qF "$reason"; then
  echo "it did not fail with: $reason"
  exit 1
fi
