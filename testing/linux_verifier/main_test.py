# SPDX-License-Identifier: MIT
"""Tests of main.py's options."""

import unittest

import main


class OptionsTest(unittest.TestCase):
    def test_a_file_is_named_with_or_without_its_ends(self):
        for name in ("bounds", "verifier_bounds", "verifier_bounds.c"):
            self.assertTrue(main.is_wanted("verifier_bounds.c", [name]), name)
        self.assertFalse(main.is_wanted("verifier_bounds.c", ["bound"]))
        self.assertTrue(main.is_wanted("verifier_bounds.c", []))

    def test_an_objects_name_is_its_sources(self):
        self.assertEqual(main.name_of("a/b/verifier_x.o"), "verifier_x.c")

    def test_files_and_programs_may_be_several(self):
        options = main.arguments(["--ebpf", "e", "--file", "a", "--file", "b"])
        self.assertEqual(options.file, ["a", "b"])
        self.assertEqual(options.program, [])


if __name__ == "__main__":
    unittest.main()
