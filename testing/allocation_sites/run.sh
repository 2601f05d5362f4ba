#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs the tests that refuse memory, and says which calls in core/ that ask for
# it were never refused it. Ends with 1 if there are any without a reason.
set -eu
cd "$(dirname "$0")/../.."

# Those of all modules that a program reaches; their names say of what.
tests="
  core/capi:ebpf_test
  core/files:client_test core/files:fd_table_test
  core/helpers:trace_log_test
  core/interpreter:image_test
  core/jit:jit_test
  core/loader:object_memory_test core/loader:object_test
  core/maps:element_cache_test core/maps:hash_of_maps_map_test
  core/maps:hash_on_demand_test core/maps:lpm_trie_map_test
  core/maps:program_object_test core/maps:value_timer_test
  core/probes:kprobe_test core/probes:slot_pool_test
  core/program:program_test core/program:run_context_test
  core/sync:read_section_test
  core/syscall:allocation_test core/syscall:allocation_types_test
  core/syscall:btf_load_test core/syscall:enable_stats_test
  core/syscall:iter_create_test core/syscall:link_test
  core/syscall:map_create_test core/syscall:obj_pin_test
  core/syscall:perf_event_open_test core/syscall:prog_attach_test
  core/syscall:prog_bind_map_test core/syscall:prog_load_test
  core/syscall:program_btf_test core/syscall:system_test
  core/verifier:callback_test core/verifier:fixup_test
  core/verifier:liveness_test core/verifier:saved_state_test
  core/verifier:verifier_test
"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
labels=
for test in $tests; do labels="$labels //$test"; done
# Each call keeps its place in a backtrace, and each place its line.
# shellcheck disable=SC2086 # labels are words
tools/bazel build --noshow_progress --copt=-g1 --copt=-O1 \
  --copt=-fno-optimize-sibling-calls $labels >&2
pairs=
for test in $tests; do
  program="$PWD/bazel-bin/$(echo "$test" | tr : /)"
  notes="$work/$(echo "$test" | tr :/ __)"
  : >"$notes"
  # In the folder where a test finds its data.
  (cd "$program.runfiles/ebpf" &&
    EBPF_FAILED_ALLOCATIONS="$notes" "$program" --gtest_brief=1 >&2)
  pairs="$pairs $notes=$program"
done
# shellcheck disable=SC2086 # pairs are words
python3 testing/allocation_sites/sites.py $pairs
