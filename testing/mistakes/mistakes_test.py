#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What people read who make one of ten typical mistakes.

Each NAME.bpf.c is refused, and the block of the verifier's log that explains it
is testdata/NAME.golden; a difference is shown as a diff. With
EBPF_UPDATE_GOLDENS=1, run from the root of the tree, the goldens are written
instead: read them then, as somebody would who does not know the verifier.
"""

import difflib
import json
import os
import subprocess
import unittest

EBPF = os.environ.get("EBPF", "tools/cli/ebpf")
OBJECTS = os.environ.get("EBPF_MISTAKES", "testing/mistakes")
GOLDENS = "testing/mistakes/testdata"
KERNEL = OBJECTS + "/kernel_types.x86_64.bpf.o"

# What is told to whom may read old stack contents is another matter.
UNPRIVILEGED = {"uninitialised_stack": ["--unprivileged"]}
MISTAKES = [
    "missing_null_check",
    "unbounded_index",
    "uninitialised_stack",
    "leaked_reference",
    "wrong_helper",
    "too_much_stack",
    "endless_loop",
    "out_of_range_value",
    "wrong_context_offset",
    "missing_core_field",
]


def log_of(name):
    done = subprocess.run(
        [
            EBPF,
            "verify",
            "%s/%s.x86_64.bpf.o" % (OBJECTS, name),
            "--profile=dragonos",
            "--btf=" + KERNEL,
            "--log-level=1",
            "--json",
            *UNPRIVILEGED.get(name, []),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    log = json.loads(lines[0])["log"] if len(lines) == 1 else done.stdout + done.stderr
    return done.returncode, log


def block_of(log):
    """From the head of the block up to the repeated cause."""
    lines = log.splitlines(keepends=True)
    starts = [i for i, line in enumerate(lines) if "Verification failed: " in line]
    if len(starts) != 1:
        return ""
    ends = [i for i, line in enumerate(lines) if "processed " in line and i > starts[0]]
    return "".join(lines[starts[0] : ends[0]]) if ends else ""


class MistakesTest(unittest.TestCase):
    maxDiff = None

    def check(self, name):
        status, log = log_of(name)
        self.assertEqual(status, 1, log)
        block = block_of(log)
        self.assertNotEqual(block, "", log)
        golden = "%s/%s.golden" % (GOLDENS, name)
        if os.environ.get("EBPF_UPDATE_GOLDENS") == "1":
            with open(golden, "w", encoding="utf-8") as file:
                file.write(block)
            return
        with open(golden, encoding="utf-8") as file:
            wanted = file.read()
        diff = difflib.unified_diff(
            wanted.splitlines(keepends=True), block.splitlines(keepends=True), golden, "now"
        )
        self.assertEqual(wanted, block, "\n" + "".join(diff))

    def test_every_block_has_its_parts(self):
        for name in MISTAKES:
            block = block_of(log_of(name)[1])
            for head in ("Reason:", "At:", "Causal path:", "Suggestion:"):
                if name == "too_much_stack" and head in ("At:", "Causal path:"):
                    continue  # found when all paths were walked
                self.assertIn("\n%s\n  " % head, block, name)
            self.assertLessEqual(block.count("\n    insn "), 10, name)


def add_tests():
    for name in MISTAKES:
        setattr(MistakesTest, "test_" + name, lambda self, name=name: self.check(name))


add_tests()

if __name__ == "__main__":
    unittest.main()
