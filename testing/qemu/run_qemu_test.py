#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of run_qemu.py, with a shell script in the place of QEMU."""

import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
RUNNER = os.path.join(HERE, "run_qemu.py")


class RunQemuTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.report = os.path.join(self.folder.name, "test.xml")

    def run_guest(self, script, *arguments, arch="riscv64"):
        path = os.path.join(self.folder.name, f"qemu-system-{arch}")
        with open(path, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n" + script)
        os.chmod(path, 0o755)
        environment = {
            "PATH": self.folder.name + ":" + os.environ["PATH"],
            "XML_OUTPUT_FILE": self.report,
        }
        return subprocess.run(
            [sys.executable, RUNNER, "--arch", arch, "--image", "x.elf", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def cases(self):
        root = ElementTree.parse(self.report).getroot()
        verdicts = {}
        for case in root.iter("testcase"):
            child = case.find("*")
            verdict = "passed" if child is None else child.tag
            verdicts[case.get("name")] = verdict
        return verdicts

    def test_passes_when_the_image_says_so_and_ends_well(self):
        done = self.run_guest("echo '[TEST] OK A.B'\necho '[TEST] PASS'\n")

        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.cases(), {"A.B": "passed", "boot": "passed"})

    def test_fails_when_a_case_fails(self):
        done = self.run_guest("echo '[TEST] FAIL A.B 1 is not 2'\necho '[TEST] PASS'\n")

        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.cases()["A.B"], "failure")
        with open(self.report, encoding="utf-8") as f:
            self.assertIn("1 is not 2", f.read())

    def test_fails_without_the_line_that_says_pass(self):
        done = self.run_guest("echo '[TEST] OK A.B'\n")

        self.assertEqual(done.returncode, 1)

    def test_fails_on_an_exit_code_even_after_pass(self):
        done = self.run_guest("echo '[TEST] PASS'\nexit 3\n")

        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.cases(), {"boot": "failure"})

    def test_x86_reset_is_no_success(self):
        done = self.run_guest("echo '[TEST] PASS'\nexit 0\n", arch="x86_64")

        self.assertEqual(done.returncode, 1)

    def test_x86_status_one_is_success(self):
        done = self.run_guest("echo '[TEST] PASS'\nexit 1\n", arch="x86_64")

        self.assertEqual(done.returncode, 0)

    def test_ends_an_image_that_hangs(self):
        done = self.run_guest("exec sleep 60\n", "--timeout", "1")

        self.assertEqual(done.returncode, 1)
        self.assertIn("no end within 1 s", done.stdout)

    def test_counts_a_skipped_case_with_its_reason(self):
        done = self.run_guest("echo '[TEST] SKIP A.B one CPU only'\necho '[TEST] PASS'\n")

        self.assertEqual(done.returncode, 0)
        self.assertEqual(self.cases()["A.B"], "skipped")

    def test_raw_passes_the_output_and_the_exit_code_through(self):
        done = self.run_guest("echo hello\nexit 3\n", "--raw")

        self.assertEqual(done.stdout, "hello\n")
        self.assertEqual(done.returncode, 3)
        self.assertFalse(os.path.exists(self.report))

    def test_hands_words_on_to_qemu(self):
        done = self.run_guest('echo "$@"\n', "--raw", "--qemu-arg=-device", "--qemu-arg=loader")

        self.assertIn("-device loader", done.stdout)

    def test_control_characters_do_not_spoil_the_report(self):
        done = self.run_guest("printf 'a\\033[1mb\\n[TEST] PASS\\n'\n")

        self.assertEqual(done.returncode, 0)
        self.assertEqual(self.cases(), {"boot": "passed"})


if __name__ == "__main__":
    unittest.main()
