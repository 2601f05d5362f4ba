#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of named_tests.py, on a small tree of its own."""

import os
import subprocess
import sys
import tempfile
import unittest

CHECK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "named_tests.py")

TESTS = """
TEST(MapTest, GivesWhatItGot) {}
TEST_F(MapTest, RefusesWhatIsTooLong) {}
GUEST_TEST(
    Maps, WorkInGuests) {}
"""

PORT_TESTS = """
    {"Trap.ComesBack", ComesBack, kMayKill},
"""


class NamedTestsTest(unittest.TestCase):
    def check(self, text):
        """What the check says of README.md with this text."""
        with tempfile.TemporaryDirectory() as root:
            for name, content in (("map_test.cc", TESTS), ("trap_port_test.cc", PORT_TESTS), ("README.md", text)):
                with open(os.path.join(root, name), "w", encoding="utf-8") as f:
                    f.write(content)
            done = subprocess.run(
                [sys.executable, CHECK, root], capture_output=True, text=True, check=False
            )
        self.assertEqual(done.returncode, 1 if "FAIL" in done.stdout else 0)
        return done.stdout.strip()

    def assertGood(self, text):
        self.assertEqual(self.check(text), "[TEST] OK NamedTests.README.md")

    def assertMissing(self, text, name):
        said = self.check(text)
        self.assertIn("FAIL NamedTests.README.md", said)
        self.assertTrue(said.endswith(": " + name), said)

    def test_takes_tests_that_exist(self):
        self.assertGood("`MapTest.GivesWhatItGot` and `Maps.WorkInGuests`.")

    def test_takes_cases_of_the_ports_contract(self):
        self.assertGood("`Trap.ComesBack`")
        self.assertMissing("`Trap.GoesOn`", "Trap.GoesOn")

    def test_refuses_a_case_that_does_not_exist(self):
        self.assertMissing("`MapTest.WorkInGuests`", "MapTest.WorkInGuests")

    def test_refuses_a_suite_that_does_not_exist(self):
        self.assertMissing("`SetTest.GivesWhatItGot`", "SetTest.GivesWhatItGot")

    def test_takes_all_of_a_suite_that_has_some(self):
        self.assertGood("`MapTest.*`")
        self.assertMissing("`SetTest.*`", "SetTest.*")

    def test_names_alone_are_of_the_cells_suites(self):
        self.assertGood("| x | `MapTest.GivesWhatItGot`, `RefusesWhatIsTooLong` |")
        self.assertMissing("| x | `MapTest.GivesWhatItGot`, `WorkInGuests` |", "MapTest.WorkInGuests")

    def test_names_alone_elsewhere_are_no_tests(self):
        self.assertGood("| `Enable` | `MapTest.GivesWhatItGot` |\n`Detach` too")


if __name__ == "__main__":
    unittest.main()
