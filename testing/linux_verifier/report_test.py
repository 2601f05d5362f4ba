# SPDX-License-Identifier: MIT
"""Tests of report.py."""

import os
import unittest

import report
from judge import Result

HERE = os.path.dirname(os.path.abspath(report.__file__))


def result(program, success=True, verdict="accept", messages=(), missing=None, file="f.c"):
    answer = {"verdict": verdict, "log": "", "peak_memory_bytes": len(program) * 1024,
              "time_ns": len(program) * 1000}
    return Result(file, program, success, list(messages), answer, "", missing)


RESULTS = [
    result("right"),
    result("wrong", success=False),
    result("refused", verdict="reject"),
    result("unlike", success=False, verdict="reject", messages=["m"], missing="m"),
    result("alike", success=False, verdict="reject", messages=["m"], file="g.c"),
    Result("g.c", "dead", True, [], None, "crash -11"),
]


class ReportTest(unittest.TestCase):
    def test_counts_leave_nothing_out(self):
        self.assertEqual(report.count(RESULTS), {
            "programs": 6, "verdict right": 3, "with messages": 2, "message right": 1,
            "wrongly accepted": 1, "wrongly refused": 1, "no answer": 1})

    def test_the_table_has_a_line_per_file_and_the_sum(self):
        lines = report.table(RESULTS).split("\n")
        self.assertEqual([line.split()[0] for line in lines], ["file", "f.c", "g.c", "all"])
        self.assertEqual(lines[-1].split(), ["all", "6", "3", "1/2", "1", "1", "1"])

    def test_the_summary_gives_shares(self):
        text = report.summary("all", RESULTS)
        self.assertIn("6 programs, verdict right in 50.00 %, message in 50.00 % of 2", text)

    def test_what_is_most_is_named(self):
        text = report.maxima(RESULTS)
        self.assertIn("most peak memory: 7 KiB (f.c refused)", text)
        self.assertIn("most time: 7 us (f.c refused)", text)

    def test_reasons_are_for_a_program_or_a_file(self):
        classified = report.Classified("# why\n\nf.c wrong: because: so\ng.c *: all\n")
        self.assertEqual(classified.reason(RESULTS[1]), "because: so")
        self.assertIsNone(classified.reason(RESULTS[2]))
        self.assertEqual(classified.reason(RESULTS[5]), "all")

    def test_lines_without_a_reason_are_refused(self):
        for line in ("f.c wrong", "f.c wrong:", "f.c: reason", "a b c: reason"):
            with self.assertRaises(ValueError):
                report.Classified(line)

    def test_differences_say_whether_they_are_classified(self):
        classified = report.Classified("f.c unlike: why not")
        lines = report.disagreements(RESULTS, classified)
        self.assertEqual([listed for _, listed in lines], [False, False, True, False])
        self.assertIn("f.c unlike: other message, no 'm' [why not]", [text for text, _ in lines])

    def test_reasons_for_what_agrees_are_stale(self):
        classified = report.Classified("f.c right: x\nf.c wrong: y\nh.c none: z\n")
        self.assertEqual(report.stale(RESULTS, classified), ["f.c right"])

    def test_the_files_in_the_tree_can_be_read(self):
        for name in ("classified.txt", "absent_features.txt"):
            report.Classified.read(os.path.join(HERE, name))


if __name__ == "__main__":
    unittest.main()
