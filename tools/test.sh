#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Installs what is missing, runs every test and check, and ends with one line:
# `N passed, N failed`, which counts test cases, not targets.
#
#   tools/test.sh                    everything
#   tools/test.sh //core/...         some tests, and no checks
#   tools/test.sh --config=san //core/...
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Says what took the seconds since the last call.
took() {
  echo "$1: $SECONDS s"
  SECONDS=0
}

tools/setup-debian.sh || exit 1
took "packages"
if (($# == 0)); then
  # Where this fails, the tests that boot the real Hermit are skipped, and say
  # so in the list of skipped cases.
  tools/hermit/ensure.sh || echo "the real Hermit kernel could not be built" >&2
  took "Hermit's kernels"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

arguments=("$@")
if (($# == 0)); then arguments=(//...); fi
progress=()
if [[ ! -t 2 ]]; then progress=(--noshow_progress --color=no); fi
tools/bazel test --keep_going "${progress[@]}" --test_output=errors \
  --build_event_json_file="$work/events.json" "${arguments[@]}"
echo $? >"$work/bazel.status"
took "tests"

if (($# == 0)); then
  for check in tools/checks/*.sh; do
    "$check" >"$work/$(basename "$check").cases"
    echo $? >"$work/$(basename "$check").status"
    took "$check"
  done
fi

python3 tools/test_summary.py "$work"
