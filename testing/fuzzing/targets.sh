# SPDX-License-Identifier: MIT
#
# The fuzz targets and how they are run, for run.sh and planted.sh.

declare -A label=(
  [elf]=//core/elf:elf_reader_fuzz_bin
  [btf]=//core/btf:btf_fuzz_bin
  [core_relo]=//core/btf:core_relo_fuzz_bin
  [object]=//core/loader:object_fuzz_bin
  [program]=//testing/fuzzing:program_fuzz_bin
  [calls]=//core/syscall:calls_fuzz_bin
  [prog_load]=//core/syscall:prog_load_fuzz_bin
  [filter]=//core/tracepoints:filter_fuzz_bin
  [probe_line]=//core/tracepoints:probe_line_fuzz_bin
)
declare -A corpus=(
  [elf]=core/elf/testdata/corpus
  [btf]=core/btf/testdata/corpus
  [core_relo]=core/btf/testdata/core_relo_corpus
  [object]=core/loader/testdata/corpus
  [program]=testing/fuzzing/corpus/program
  [calls]=core/syscall/testdata/corpus
  [prog_load]=core/syscall/testdata/prog_load_corpus
  [filter]=core/tracepoints/testdata/filter_corpus
  [probe_line]=core/tracepoints/testdata/probe_line_corpus
)
# Where more than one mistake is planted for a target: their names.
# shellcheck disable=SC2034 # planted.sh uses it
declare -A planted=(
  [calls]="calls calls_program_map calls_bound_map calls_inner_map_of_array
    calls_inner_map_of_hash"
)
declare -A options=(
  [elf]=-max_len=8192
  [btf]=-max_len=8192
  [core_relo]=-max_len=9216
  [object]=-max_len=8192
  [program]="-max_len=1024 -len_control=0"
  [calls]="-max_len=2048 -len_control=0"
  # Who walks a million instructions with a log takes half a minute here.
  [prog_load]="-max_len=784 -len_control=0 -timeout=180"
  [filter]=-max_len=4352
  [probe_line]=-max_len=4352
)

ASAN_SYMBOLIZER_PATH=${ASAN_SYMBOLIZER_PATH:-$(command -v llvm-symbolizer-19 || true)}
export ASAN_SYMBOLIZER_PATH

# build LABEL: builds it; where it is.
build() {
  tools/bazel build --noshow_progress "$1" >&2 || return 1
  local path=${1#//}
  realpath "bazel-bin/${path/://}"
}

# fuzz TARGET BINARY SECONDS DIR: runs it from its corpus; 0 if nothing is found.
fuzz() {
  local dir=$4
  mkdir -p "$dir/corpus" "$dir/artifacts"
  cp "${corpus[$1]}"/* "$dir/corpus/"
  # shellcheck disable=SC2086 # options are words
  "$2" -max_total_time="$3" -timeout=25 -rss_limit_mb=2048 ${options[$1]} \
    -print_final_stats=1 -artifact_prefix="$dir/artifacts/" "$dir/corpus" \
    >"$dir/log" 2>&1
}

# summary TARGET DIR: a line of the table in README.md.
summary() {
  local log=$2/log executions edges features finding more
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
  edges=$(grep -oE 'cov: [0-9]+' "$log" | tail -1 | grep -oE '[0-9]+')
  features=$(grep -oE 'ft: [0-9]+' "$log" | tail -1 | grep -oE '[0-9]+')
  finding=$(find "$2/artifacts" -type f | wc -l)
  more=$(grep -E '^(programs|files|inputs) [0-9]+' "$log" | tail -1)
  echo "| $1 | ${executions:-0} | ${edges:-0} | ${features:-0} |" \
    "$(find "$2/corpus" -type f | wc -l) | $finding | $more |"
}
