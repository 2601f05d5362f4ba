#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows that program_fuzz finds mistakes.

Plants each in a copy of the verifier, never in the tree, and fuzzes until it is
found, for five minutes at most. Usage: planted.py [NAME...], all without one.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMPILE = [
    os.environ.get("CXX", "clang++-19"), "-std=c++20", "-O1", "-g",
    "-fno-omit-frame-pointer", "-fsanitize=address,fuzzer-no-link", "-I.",
]
SECONDS = 300

# name: file in core/verifier, what is there, what is put there instead
BUGS = {
    "map_value_off_by_one": (
        "region.cc", "<= limit - offset", "<= limit + 1 - offset"),
    "last_stack_byte_unchecked": (
        "stack_access.cc", "at < range.end; ++at) {\n    if (ByteAt(range, at) == ByteKind::kInvalid",
        "at + 1 < range.end; ++at) {\n    if (ByteAt(range, at) == ByteKind::kInvalid"),
    "null_check_of_another_pointer": (
        "branch.cc", "|| reg.id != id)", "|| id == 0)"),
    "lower_half_bounds_all_of_it": (
        "scalar_compare.h", "  a.low = low_a.range;",
        "  a.low = low_a.range;\n  a.wide.umax = UMin(\n"
        "      a.wide.umax, WordOps<W>::ZeroExtend(low_a.range.umax));"),
    "links_ignored_when_pruning": (
        "compare.cc", "return old.id == 0 ||", "return true || old.id == 0 ||"),
    "released_copies_stay_usable": (
        "references.cc", "reg = RegState::UnknownScalar();",
        "reg.reference = 0;"),
    "variable_store_initializes": (
        "stack_access.cc", "if (byte == ByteKind::kZero && !zero)",
        "if (byte != ByteKind::kMisc)"),
    "compared_numbers_do_not_matter": (
        "relevance.cc", "        Add(insn_.dst);\n        if (info_.source_is_register) {",
        "        if (info_.source_is_register) {"),
    "offsets_do_not_matter": (
        "relevance.cc", "if (moves_pointer) {", "if (false && moves_pointer) {"),
    "numbers_in_the_stack_do_not_matter": (
        "relevance.cc", "set_.slots |= SlotsBehind", "set_.slots &= SlotsBehind"),
    "product_bounds_wrap": (
        "range.h", "Ops::MulOverflows(a.umax, b.umax)",
        "Ops::MulOverflows(a.umin, b.umin)"),
    "callbacks_see_no_stack": (
        "relevance.cc", "set_.slots = ~uint64_t{0};  // what is called may load",
        "set_.slots |= 0;  // what is called may load"),
    "loops_are_walked_once": (
        "exploration.cc", "return another_round &&", "return another_round ||"),
    "tail_calls_return_zero": (
        "subprogram_call.cc", "state.reg(kResult) = RegState::UnknownScalar();",
        "state.reg(kResult) = RegState::Constant(0);"),
    "jumps_are_decided": (
        "branch.cc", "|= InsnInfo::kJumps | InsnInfo::kFallsThrough;",
        "|= InsnInfo::kFallsThrough;"),
    "calls_read_no_upper_halves": (
        "facts.cc", "default:\n      return UseOf(insn).reads;",
        "default:\n      return 0;"),
    "inlined_lookup_off_by_one": (
        "inline_calls.cc", "static_cast<int32_t>(layout.entry_count)",
        "static_cast<int32_t>(layout.entry_count + 1)"),
    "inlined_loop_starts_at_one": (
        "inline_calls.cc", "Make(kMovImm, r7, r0, 0, 0)",
        "Make(kMovImm, r7, r0, 0, 1)"),
    "inlined_loop_loses_registers": (
        "inline_calls.cc", "static_cast<Reg>(r6 + i)",
        "static_cast<Reg>(r6 + (i & 1))"),
}

MODULES = ["base", "isa", "memory", "sync", "ring", "maps", "program",
           "program_types", "helpers", "interpreter", "platform"]
# These include the verifier's own headers.
WITH_HEADERS = ["testing/fuzzing/program_check.cc", "testing/fuzzing/state_recorder.cc",
                "testing/fuzzing/fixup_check.cc"]
OTHERS = ["testing/fuzzing/program_grammar.cc", "testing/fuzzing/program_fuzz.cc",
          "testing/fuzzing/statements_call.cc",
          "testing/fuzzing/statements_memory.cc",
          "testing/fuzzing/checked_machine.cc"]


def sources(pattern):
    return [f for f in sorted(glob.glob(pattern))
            if not f.endswith("_test.cc") and not f.endswith("host_trap.cc")
            and "host_machine_" not in f]


def compile_all(files, objects):
    """Compiles two at a time; the objects' names."""
    os.makedirs(objects, exist_ok=True)
    names, running = [], []
    for file in files:
        name = os.path.join(objects, file.replace("/", "_") + ".o")
        names.append(name)
        running.append(subprocess.Popen(COMPILE + ["-c", file, "-o", name]))
        while len(running) == 2 or (running and file == files[-1]):
            if running.pop(0).wait() != 0:
                sys.exit("does not compile")
    return names


def plant(bug):
    file, there, instead = BUGS[bug]
    path = os.path.join("core/verifier", file)
    with open(path) as source:
        text = source.read()
    if text.count(there) != 1:
        sys.exit("%s: cannot be planted, %s has changed" % (bug, path))
    with open(path, "w") as source:
        source.write(text.replace(there, instead))


def fuzz(binary, corpus):
    """The seconds until it is found, and by what; None if it is not."""
    work = os.path.dirname(binary)
    start = time.time()
    run = subprocess.run(
        [binary, "-max_total_time=%d" % SECONDS, "-max_len=1024", "-len_control=0",
         "-artifact_prefix=" + work + "/", corpus],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode == 0:
        return None
    log = run.stdout.decode(errors="replace")
    reason = re.search(r"^accepted, and .*|ERROR: AddressSanitizer.*", log, re.M)
    return time.time() - start, reason.group(0) if reason else log[-300:]


def main():
    names = sys.argv[1:] or list(BUGS)
    found = 0
    with tempfile.TemporaryDirectory() as work:
        for folder in ("core", "testing", "arch"):
            shutil.copytree(os.path.join(ROOT, folder), os.path.join(work, "tree", folder))
        os.chdir(os.path.join(work, "tree"))
        same = [f for m in MODULES for f in sources("core/%s/*.cc" % m)]
        same += sources("testing/host_port/*.cc") + OTHERS
        common = compile_all(same, os.path.join(work, "common"))
        for name in names:
            shutil.rmtree("core/verifier")
            shutil.copytree(os.path.join(ROOT, "core/verifier"), "core/verifier")
            plant(name)
            objects = compile_all(sources("core/verifier/*.cc") + WITH_HEADERS,
                                  os.path.join(work, "objects"))
            binary = os.path.join(work, "fuzz")
            subprocess.check_call(COMPILE + ["-fsanitize=fuzzer"] + common + objects +
                                  ["-lpthread", "-o", binary])
            corpus = os.path.join(work, "corpus")
            shutil.rmtree(corpus, ignore_errors=True)
            os.makedirs(corpus)
            for seed in glob.glob(os.path.join(ROOT, "testing/fuzzing/corpus/program/*")):
                shutil.copy(seed, corpus)
            result = fuzz(binary, corpus)
            if result is None:
                print("%s: NOT found in %d s" % (name, SECONDS), flush=True)
            else:
                found += 1
                print("%s: found after %.0f s: %s" % (name, result[0], result[1]), flush=True)
    print("%d of %d planted mistakes found" % (found, len(names)))
    return found != len(names)


if __name__ == "__main__":
    sys.exit(main())
