#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of doc_paths.py, on a small tree of its own."""

import os
import subprocess
import sys
import tempfile
import unittest

CHECK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "doc_paths.py")


class DocPathsTest(unittest.TestCase):
    def check(self, text):
        """What the check says of core/maps/README.md with this text."""
        with tempfile.TemporaryDirectory() as root:
            for path in (
                "core/maps/map.h",
                "core/elf/reader.h",
                "tools/demo.sh",
                "tools/porting/skeleton/log.cc.skeleton",
            ):
                os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8"):
                    pass
            with open(os.path.join(root, "core/maps/README.md"), "w", encoding="utf-8") as f:
                f.write(text)
            done = subprocess.run(
                [sys.executable, CHECK, root], capture_output=True, text=True, check=False
            )
        self.assertEqual(done.returncode, 1 if "FAIL" in done.stdout else 0)
        return done.stdout.strip()

    def assertGood(self, text):
        self.assertEqual(self.check(text), "[TEST] OK DocPaths.core/maps/README.md")

    def assertMissing(self, text, name):
        said = self.check(text)
        self.assertIn("FAIL DocPaths.core/maps/README.md", said)
        self.assertIn(name, said)

    def test_takes_paths_names_and_links_that_exist(self):
        self.assertGood("`core/maps/map.h`, core/elf, `map.h`, `reader.h`, [it](map.h).")

    def test_refuses_a_path_that_does_not_exist(self):
        self.assertMissing("See core/maps/hash.h.", "core/maps/hash.h")

    def test_refuses_a_file_name_that_is_nowhere(self):
        self.assertMissing("See `hash.h`.", "hash.h")

    def test_refuses_a_link_to_nothing(self):
        self.assertMissing("[it](../elf/writer.h)", "../elf/writer.h")

    def test_refuses_the_package_of_a_target_that_does_not_exist(self):
        self.assertMissing("bazel test //core/rings:all", "core/rings")

    def test_takes_a_placeholder_up_to_it(self):
        self.assertGood("//core/... and core/<module>/README.md")
        self.assertMissing("core/sync/<file>", "core/sync")

    def test_takes_each_of_several_choices(self):
        self.assertGood("core/{maps,elf}/")
        self.assertMissing("core/{maps,sync}/", "core/sync")

    def test_pattern_must_match_something(self):
        self.assertGood("core/*/map.h")
        self.assertMissing("core/*/hash.h", "core/*/hash.h")

    def test_knows_the_files_of_the_made_up_kernel(self):
        self.assertGood("`ports/rainbow` has ports/rainbow/log.cc and\n// ports/rainbow/own.cc\n")
        self.assertMissing("ports/rainbow/other.cc", "ports/rainbow/other.cc")

    def test_leaves_the_web_alone(self):
        self.assertGood("[it](https://example.org/core/none.h)")


if __name__ == "__main__":
    unittest.main()
