# SPDX-License-Identifier: MIT
"""Tests of judge.py, with scripts in place of the command."""

import os
import stat
import tempfile
import unittest

import judge
from expectations import Expectation

# Answers for each --program it is given, but for those that it is to fail on.
SCRIPT = """#!/usr/bin/env python3
import json, os, sys, time
names = [sys.argv[i + 1] for i, a in enumerate(sys.argv) if a == "--program"]
for name in names:
    if name == "crashes":
        sys.stdout.flush()
        os.abort()
    if name == "hangs":
        sys.stdout.flush()
        time.sleep(100)
    print(json.dumps({"program": name, "log": " ".join(sys.argv[2:]),
                      "verdict": "reject" if name.startswith("bad") else "accept"}))
"""


class JudgeTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.ebpf = os.path.join(self.folder.name, "ebpf")
        self.write(SCRIPT)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, script):
        with open(self.ebpf, "w", encoding="utf-8") as file:
            file.write(script)
        os.chmod(self.ebpf, stat.S_IRWXU)

    def judge(self, *found, timeout=20, **kwargs):
        return judge.judge(self.ebpf, "folder/verifier_x.o", list(found), timeout=timeout,
                           **kwargs)

    def test_verdicts_are_compared(self):
        results = self.judge(Expectation("good"), Expectation("bad"),
                             Expectation("good2", success=False),
                             Expectation("bad2", success=False))
        self.assertEqual([r.kind for r in results],
                         ["", "wrongly refused", "wrongly accepted", ""])
        self.assertEqual(results[0].file, "verifier_x.c")

    def test_messages_count_where_the_verdict_is_right(self):
        results = self.judge(
            Expectation("bad", success=False, messages=["--log-level 1"]),
            Expectation("bad2", success=False, messages=["not in the log"]))
        self.assertTrue(results[0].message_right)
        self.assertEqual(results[1].kind, "other message")
        self.assertEqual(results[1].missing, "not in the log")

    def test_flags_and_levels_are_the_programs_own(self):
        results = self.judge(Expectation("a", flags=0x8C, messages=["--flags 8c"]),
                             Expectation("b", log_level=2, messages=["--log-level 2"]))
        self.assertTrue(all(r.message_right for r in results))

    def test_types_for_core_are_found_by_name(self):
        results = self.judge(
            Expectation("a", core_types="t", messages=["--core-btf folder/t.o"]),
            core_objects={"t": "folder/t.o"})
        self.assertTrue(results[0].message_right)

    def test_who_crashes_does_not_take_others_along(self):
        results = self.judge(Expectation("good"), Expectation("crashes"),
                             Expectation("good2"))
        self.assertEqual([r.kind for r in results], ["", "crash -6", ""])

    def test_who_hangs_is_ended(self):
        results = self.judge(Expectation("good"), Expectation("hangs"), Expectation("good2"),
                             timeout=2)
        self.assertEqual([r.kind for r in results], ["", "time", ""])

    def test_an_object_that_cannot_be_read_fails_all_its_programs(self):
        self.write("#!/bin/sh\necho 'ebpf: cannot be read' >&2\nexit 2\n")
        results = self.judge(Expectation("a"), Expectation("b"))
        self.assertEqual([r.kind for r in results], ["ebpf: cannot be read"] * 2)
        self.assertFalse(results[0].verdict_right)

    def test_results_keep_the_order_of_the_programs(self):
        results = self.judge(Expectation("z"), Expectation("a", log_level=2), Expectation("m"))
        self.assertEqual([r.program for r in results], ["z", "a", "m"])


if __name__ == "__main__":
    unittest.main()
