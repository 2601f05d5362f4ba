#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Formats every C and C++ source of the tree, or the files that are given.
# With --check nothing is written, and the exit code tells.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mode=(-i)
if [[ "${1:-}" == --check ]]; then
  mode=(--dry-run --Werror)
  shift
fi
tool=$(command -v clang-format-19 || command -v clang-format)

sources() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard -- \
      '*.h' '*.cc' '*.c' ':!tools/deps' | while IFS= read -r -d '' f; do
      if [[ -f "$f" ]]; then printf '%s\0' "$f"; fi
    done
  else
    find core arch ports testing tools -type f \
      \( -name '*.h' -o -name '*.cc' -o -name '*.c' \) -print0
  fi
}

if (($# > 0)); then
  exec "$tool" "${mode[@]}" "$@"
fi
sources | xargs -0 -r -n 50 "$tool" "${mode[@]}"
