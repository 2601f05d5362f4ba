# SPDX-License-Identifier: MIT
"""Tests of sources.py, as far as they need no package."""

import os
import subprocess
import tempfile
import unittest

import sources


class SourcesTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()

    def tearDown(self):
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def test_what_was_written_stays(self):
        path = self.path("file")
        sources.write_once(path, lambda: b"first")
        sources.write_once(path, lambda: b"second")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), b"first")
        self.assertEqual(os.listdir(self.folder.name), ["file"])

    def test_what_could_not_be_made_is_not_there(self):
        def fail():
            raise sources.Missing("no")

        with self.assertRaises(sources.Missing):
            sources.write_once(self.path("file"), fail)
        self.assertFalse(os.path.exists(self.path("file")))

    def test_a_command_that_fails_says_what_it_said(self):
        with self.assertRaisesRegex(sources.Missing, "reason"):
            sources.check(["sh", "-c", "echo reason; exit 3"])
        self.assertEqual(sources.check(["echo", "fine"]), b"fine\n")

    def test_the_compilers_words_are_kept_and_nothing_half_done_is(self):
        target = self.path("x.o")
        words = sources.compile_one("x.c", target, "tree", "include", "false")
        self.assertEqual(words, "")
        self.assertFalse(os.path.exists(target))

    def test_a_kernel_is_found_in_its_boot_image(self):
        elf = b"\x7fELF and more"
        packed = subprocess.run(["gzip", "-c"], input=elf,
                                stdout=subprocess.PIPE, check=True).stdout
        image = b"MZ" + b"\x1f\x8b\x08 not one" + packed + b"behind it"
        self.assertEqual(sources.unpack_kernel(image), elf)
        with self.assertRaises(sources.Missing):
            sources.unpack_kernel(b"nothing")

    def test_the_newest_package_has_the_highest_numbers(self):
        names = ["linux-image-6.12.9-x", "linux-image-6.12.107-x",
                 "linux-image-6.12.12-x"]
        self.assertEqual(sources.newest(names), "linux-image-6.12.107-x")

    def test_the_cache_is_outside_of_the_checkout(self):
        before = os.environ.get("XDG_CACHE_HOME")
        os.environ["XDG_CACHE_HOME"] = self.folder.name
        try:
            self.assertTrue(sources.cache_folder().startswith(self.folder.name))
        finally:
            if before is None:
                del os.environ["XDG_CACHE_HOME"]
            else:
                os.environ["XDG_CACHE_HOME"] = before


if __name__ == "__main__":
    unittest.main()
