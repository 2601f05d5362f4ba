#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Fuzzes each target for some time, one after the other, and prints what it did:
#   testing/fuzzing/run.sh [SECONDS, default 300] [TARGET...]
# Ends with 1 where a target found something; the input is then named.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source testing/fuzzing/targets.sh

seconds=${1:-300}
shift || true
wanted=("$@")
if ((${#wanted[@]} == 0)); then wanted=("${!label[@]}"); fi

work=$(mktemp -d)
table=()
found=0
for target in $(printf '%s\n' "${wanted[@]}" | sort); do
  binary=$(build "${label[$target]}") || exit 1
  fuzz "$target" "$binary" "$seconds" "$work/$target"
  if (($? != 0)); then
    found=1
    tail -40 "$work/$target/log"
  fi
  table+=("$(summary "$target" "$work/$target")")
done

printf '%s\n' "| target | executions | edges | features | corpus | finding | more |" \
  "|---|---|---|---|---|---|---|" "${table[@]}"
if ((found == 0)); then rm -rf "$work"; else echo "inputs are in $work" >&2; fi
exit "$found"
