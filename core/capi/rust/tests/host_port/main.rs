// SPDX-License-Identifier: MIT
//! The face on the host port: a fake kernel in this process, in C++.
#![cfg_attr(ebpf_asm_goto_is_unstable, feature(asm_goto))]

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod events;
mod files;
mod hooks;
mod host;
mod layouts;
mod tracepoints;

use std::process::ExitCode;

const TESTS: &[common::Test] = tests! {
    layouts:
        both_compilers_have_the_same,
        each_of_rusts_tracepoint_types_is_compared,
        each_service_of_core_has_its_trait,
        each_function_of_the_c_face_is_declared;
    calls:
        starts_once,
        maps_are_made_filled_and_read,
        wrong_lengths_do_not_reach_the_kernel,
        programs_are_verified_and_run,
        a_refused_program_says_why,
        a_kprobe_counts_calls_until_its_link_is_dropped,
        a_kprobe_on_nothing_is_refused,
        a_process_passes_its_own_addresses_only,
        texts_are_listed_read_and_written,
        descriptors_say_what_they_are,
        a_ring_is_mapped,
        compiled_programs_have_names,
        errors_have_linuxs_names;
    hooks:
        a_breakpoint_goes_through_the_typed_frame,
        a_breakpoint_of_nobody_leaves_the_frame,
        faults_elsewhere_are_the_kernels,
        a_stack_without_followed_calls_may_end;
    files:
        descriptors_are_the_kernels,
        a_table_that_is_full_keeps_nothing,
        the_last_reference_may_go_where_nobody_may_wait,
        texts_are_read_from_anywhere,
        an_empty_line_clears_a_text,
        before_there_are_clients_there_is_nothing,
        a_value_is_made_once,
        a_name_of_c_ends_with_a_zero,
        one_thread_at_a_time_has_what_is_locked;
    events:
        linuxs_events_are_passed,
        calls_have_events_of_their_own;
    tracepoints:
        a_raw_program_runs_while_it_is_attached,
        a_raw_program_gets_the_arguments,
        a_raw_program_gets_no_more_than_is_shown,
        twelve_arguments_arrive,
        formats_are_equal_to_those_of_cpp,
        records_are_equal_to_those_of_cpp,
        holes_of_a_record_are_zeros,
        a_sample_tells_the_place,
        lines_of_the_trace_are_equal_to_those_of_cpp,
        a_filter_looks_at_fields,
        a_program_reads_the_record,
        text_of_rust_needs_no_zero,
        a_place_keeps_what_its_function_has,
        arguments_are_not_evaluated_while_nobody_asks,
        each_place_is_a_branch;
    files:
        clients_are_made_once,
        a_file_is_read_written_and_mapped,
        a_mapping_is_what_the_kernel_can_do,
        what_is_watched_is_found_while_it_is_there,
        a_tree_of_texts_is_shown_whole_and_once;
};

fn main() -> ExitCode {
    common::run("rust_face.host_port", TESTS)
}
