# SPDX-License-Identifier: MIT
import os
import stat
import tempfile
import unittest

import expectations
import retval

ANSWERS = """#!/bin/sh
echo '{"program":"a","verdict":"accept","run_errno":0,"retval":4294967295}'
echo '{"program":"b","verdict":"accept","run_errno":22}'
echo '{"program":"c","verdict":"reject","errno":13}'
echo '{"program":"d","verdict":"accept","run_errno":0,"retval":7}'
exit 1
"""
CRASHES_AT_B = """#!/bin/sh
case "$*" in
  *"--program a"*) echo '{"program":"a","verdict":"accept","run_errno":0,"retval":1}'
    kill -SEGV $$ ;;
  *) echo '{"program":"c","verdict":"accept","run_errno":0,"retval":1}' ;;
esac
"""


class RetvalTest(unittest.TestCase):
    def command(self, text):
        folder = tempfile.mkdtemp()
        path = os.path.join(folder, "ebpf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, stat.S_IRWXU)
        return path

    def expect(self, **wanted):
        return [expectations.Expectation(name, retval=value)
                for name, value in wanted.items()]

    def kinds(self, script, found):
        results = retval.run(self.command(script), "/x/verifier_x.o", found,
                             "jit")
        return {r.program: r.kind for r in results}

    def test_numbers_are_compared_as_32_bits(self):
        kinds = self.kinds(ANSWERS, self.expect(a="-1", b="0", c="0", d="8"))
        self.assertEqual(kinds, {
            "a": "", "b": "cannot be run, errno 22", "c": "refused",
            "d": "returned 7, not 8"})

    def test_any_address_will_do(self):
        kinds = self.kinds(ANSWERS, self.expect(d="POINTER_VALUE"))
        self.assertEqual(kinds, {"d": ""})

    def test_a_crash_costs_one_program(self):
        kinds = self.kinds(CRASHES_AT_B, self.expect(a="1", b="1", c="1"))
        self.assertEqual(kinds["a"], "")
        self.assertIn("crash", kinds["b"])
        self.assertEqual(kinds["c"], "")

    def test_only_what_must_load_and_says_what_it_returns_is_run(self):
        found = self.expect(a="1", b="")
        found.append(expectations.Expectation("c", success=False, retval="1"))
        self.assertEqual([e.program for e in retval.cases(found)], ["a"])

    def test_names_stand_for_numbers(self):
        self.assertEqual(retval.number("INT_MIN"), -2**31)
        self.assertEqual(retval.number("TEST_DATA_LEN"), 64)
        self.assertEqual(retval.number("0x10"), 16)

    def test_the_summary_counts_by_engine(self):
        right = retval.Result("f", "p", "jit", "1", {
            "verdict": "accept", "run_errno": 0, "retval": 1})
        wrong = retval.Result("f", "q", "interpreter", "1", None, "crash")
        text = retval.summary([right, wrong])
        self.assertIn("jit: 1 programs run, 1 returned", text)
        self.assertIn("interpreter: 1 programs run, 0 returned", text)


if __name__ == "__main__":
    unittest.main()
