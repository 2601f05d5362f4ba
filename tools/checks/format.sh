#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Each source is as clang-format would write it. `tools/format.sh` mends.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if tools/format.sh --check >"$log" 2>&1; then
  echo "[TEST] OK Format.EverySource"
else
  files=$(sed -n 's/^\([^:]*\):.*code should be clang-formatted.*/\1/p' "$log" | sort -u | tr '\n' ' ')
  echo "[TEST] FAIL Format.EverySource run tools/format.sh: ${files:-$(head -1 "$log")}"
fi
