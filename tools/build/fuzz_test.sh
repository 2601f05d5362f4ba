#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A fuzz target as a test: replays the corpus, then tries RUNS new inputs.
# Usage: fuzz_test.sh BINARY RUNS [CORPUS_FILE...]
set -euo pipefail
binary=$1 runs=$2
shift 2
ASAN_SYMBOLIZER_PATH=${ASAN_SYMBOLIZER_PATH:-$(command -v llvm-symbolizer-19 || true)}
export ASAN_SYMBOLIZER_PATH
work=$(mktemp -d "${TEST_TMPDIR:-/tmp}/fuzz.XXXXXX")
mkdir "$work/corpus" "$work/artifacts"
for file in "$@"; do cp -L "$file" "$work/corpus/"; done
if (($# > 0)); then "$binary" "$work"/corpus/*; fi
"$binary" -runs="$runs" -seed=1 -max_total_time=20 -print_final_stats=1 \
  -artifact_prefix="$work/artifacts/" "$work/corpus"
