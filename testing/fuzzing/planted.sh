#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Whether the fuzz targets find anything: each over code with one mistake
# planted, until it is found, or for some time:
#   testing/fuzzing/planted.sh [SECONDS, default 300] [TARGET...]
# Ends with 1 where a mistake was not found.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source testing/fuzzing/targets.sh

seconds=${1:-300}
shift || true
wanted=("$@")
if ((${#wanted[@]} == 0)); then wanted=("${!label[@]}"); fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missed=0
for target in $(printf '%s\n' "${wanted[@]}" | sort); do
  if [[ $target == program ]]; then
    # The verifier's mistakes are planted by a program of their own, which knows
    # more of them than this one.
    python3 testing/fuzzing/planted.py map_value_off_by_one || missed=1
    continue
  fi
  for name in ${planted[$target]:-$target}; do
    binary=$(build "//testing/fuzzing/planted:$name") || exit 1
    start=$(date +%s.%N)
    if fuzz "$target" "$binary" "$seconds" "$work/$name"; then
      echo "$name: NOT FOUND in $seconds s"
      missed=1
    else
      took=$(echo "$(date +%s.%N) - $start" | bc)
      executions=$(sed -n 's/^stat::number_of_executed_units: *//p' \
        "$work/$name/log" | tail -1)
      reason=$(grep -m1 -E '^SUMMARY|^not so|^accepted, and' "$work/$name/log")
      printf '%s: found after %.1f s, %s executions: %s\n' "$name" "$took" \
        "${executions:-?}" "$reason"
    fi
  done
done
exit "$missed"
