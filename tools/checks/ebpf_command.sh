#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Runs tools/ebpf as people do: from elsewhere, with files beside them, and
# again without Bazel.
set -uo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
ebpf="$root/tools/ebpf"
return_42=b70000002a0000009500000000000000
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0

# Reports case $1: what $2 is, and what it should be, $3.
report() {
  if [[ "$2" == "$3" ]]; then
    echo "[TEST] OK ebpf_command.$1"
  else
    echo "[TEST] FAIL ebpf_command.$1 ${2//$'\n'/ } instead of ${3//$'\n'/ }"
    failed=1
  fi
}

# Runs the command; standard output, standard error and exit status.
run() {
  local status
  "$ebpf" "$@" >"$work/out" 2>"$work/err"
  status=$?
  echo "out=$(cat "$work/out") err=$(cat "$work/err") status=$status"
}

report builds_itself_silently "$(run exec --program "$return_42")" \
  "out=2a err= status=0"
report reads_standard_input "$(echo "$return_42" | run exec)" \
  "out=2a err= status=0"
report keeps_the_exit_status "$(run exec --program 95)" \
  "out= err=ebpf: the program has 1 bytes, and instructions have 8 each status=1"
report takes_files_from_the_callers_folder \
  "$(touch empty.o && run exec --elf empty.o | cut -d' ' -f1-6)" \
  "out= err=ebpf: the object cannot be"

# A Bazel that fails shows whether one is asked.
export EBPF_BAZEL=/bin/false
report needs_no_bazel_when_nothing_changed \
  "$(run exec --program "$return_42")" "out=2a err= status=0"
touch "$root/tools/cli/main.cc"
run exec --program "$return_42" >/dev/null
report notices_a_changed_source "$(tail -1 "$work/err")" \
  "tools/ebpf: the ebpf command could not be built"
report says_nothing_on_standard_output_then "$(cat "$work/out")" ""
unset EBPF_BAZEL
report builds_again "$(run exec --program "$return_42")" "out=2a err= status=0"
exit "$failed"
