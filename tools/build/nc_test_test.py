#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of nc_test.py, with a shell script in the place of the compiler."""

import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

RUNNER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nc_test.py")

# Refuses a source whose line "bad" is switched on, as a preprocessor sees it.
COMPILER = """#!/bin/sh
for last; do :; done
if grep -A2 '^#if 1' "$last" | grep -q '^bad'; then
  echo 'x.cc:1: error: it is bad' >&2
  exit 1
fi
"""


class NcTestTest(unittest.TestCase):
    def verdicts(self, source):
        with tempfile.TemporaryDirectory() as folder:
            paths = {name: os.path.join(folder, name) for name in ("cc", "x.cc", "out.xml")}
            with open(paths["cc"], "w", encoding="utf-8") as f:
                f.write(COMPILER)
            os.chmod(paths["cc"], 0o755)
            with open(paths["x.cc"], "w", encoding="utf-8") as f:
                f.write(source)
            command = [sys.executable, RUNNER, paths["out.xml"], paths["x.cc"], paths["cc"]]
            self.done = subprocess.run(command, capture_output=True, text=True, check=False)
            if self.done.returncode:
                return None
            root = ElementTree.parse(paths["out.xml"]).getroot()
            return {c.get("name"): c.find("failure") is None for c in root.iter("testcase")}

    def test_case_that_is_refused_as_told_passes(self):
        source = "#if NC_TEST(A)\n// error: is bad\nbad\n#endif\n"

        self.assertEqual(self.verdicts(source), {"WithoutACaseItCompiles": True, "A": True})

    def test_case_that_compiles_fails(self):
        source = "#if NC_TEST(A)\n// error: is bad\ngood\n#endif\n"

        self.assertFalse(self.verdicts(source)["A"])

    def test_case_that_is_refused_for_another_reason_fails(self):
        source = "#if NC_TEST(A)\n// error: requires a lock\nbad\n#endif\n"

        self.assertFalse(self.verdicts(source)["A"])

    def test_source_that_never_compiles_fails(self):
        source = "#if 1\n\nbad\n#endif\n#if NC_TEST(A)\n// error: is bad\nbad\n#endif\n"

        self.assertFalse(self.verdicts(source)["WithoutACaseItCompiles"])

    def test_case_without_its_error_is_refused(self):
        self.assertIsNone(self.verdicts("#if NC_TEST(A)\nbad\n#endif\n"))
        self.assertIn("error: REGEX", self.done.stderr)

    def test_source_without_cases_is_refused(self):
        self.assertIsNone(self.verdicts("int x;\n"))


if __name__ == "__main__":
    unittest.main()
