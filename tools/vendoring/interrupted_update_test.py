# SPDX-License-Identifier: MIT
"""A vendored folder after an update that did not come to its end."""

import errno
import itertools
import os
import pathlib
import shutil
import tempfile
import unittest
from unittest import mock

import vendored_folder
from vendored_folder import Update
from vendored_folder_test import content, everything


class Killed(BaseException):
    pass


class KilledAt:
    """From the n-th change of a name in a file system on, nothing is done."""

    def __init__(self, number):
        self.left = number
        self.patches = [
            mock.patch(f"os.{name}", lambda *a, real=getattr(os, name), **k: self.count(real, *a, **k))
            for name in ["replace", "unlink", "rmdir", "mkdir"]
        ]

    def count(self, real, *arguments, **named):
        self.left -= 1
        if self.left < 0:
            raise Killed
        return real(*arguments, **named)

    def __enter__(self):
        for patch in self.patches:
            patch.start()

    def __exit__(self, kind, *_):
        for patch in self.patches:
            patch.stop()
        return kind is Killed


class InterruptedUpdateTest(unittest.TestCase):
    """For each moment at which one can be interrupted."""

    STATES = [
        {"a": "a1", "b": "b1", "c/d": "d1", "e": "e1", "k": "k"},
        {"a": "a2", "b/x": "x2", "c": "c2", "f/g": "g2", "k": "k"},
        {"a": "a3", "b/x": "x2", "c/d": "d3", "e": "e3", "f/h": "h3", "k": "k"},
    ]

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = pathlib.Path(place.name)

    def each_moment(self, prepare, step):
        """Calls step() in a new folder, killed at the first moment, the second,
        and so on; yields the folder each time, until it comes to its end."""
        for number in itertools.count():
            folder = self.place / f"{number}"
            prepare(folder)
            killed = KilledAt(number)
            with killed:
                step(folder)
            yield folder
            if killed.left >= 0:
                self.assertGreater(number, 5)
                return

    def assert_is(self, folder, state, **others):
        self.assertEqual(vendored_folder.check(folder), [("not ours", path) for path in sorted(others)])
        files = everything(folder)
        del files["MANIFEST"]
        self.assertEqual(files, state | others)

    def new(self, folder):
        vendored_folder.create(folder, content(self.STATES[0]))
        (folder / "mine").write_text("mine")

    def to(self, number, force=False):
        return lambda folder: Update(folder, content(self.STATES[number])).apply(force)

    def test_a_new_folder_is_finished_by_an_update(self):
        for folder in self.each_moment(lambda _: None, lambda f: vendored_folder.create(f, content(self.STATES[0]))):
            if not (folder / "MANIFEST").exists():
                self.assertEqual([p for p in everything(folder) if not p.startswith(".tools-vendor-")], [])
                continue
            self.to(0)(folder)
            self.assert_is(folder, self.STATES[0])

    def test_an_update_is_called_again(self):
        for folder in self.each_moment(self.new, self.to(1)):
            self.to(1)(folder)
            self.assert_is(folder, self.STATES[1], mine="mine")

    def test_an_update_is_followed_by_one_to_a_later_state(self):
        for folder in self.each_moment(self.new, self.to(1)):
            self.to(2)(folder)
            self.assert_is(folder, self.STATES[2], mine="mine")

    def test_an_update_is_followed_by_the_way_back(self):
        for folder in self.each_moment(self.new, self.to(1)):
            self.to(0)(folder)
            self.assert_is(folder, self.STATES[0], mine="mine")

    def test_a_second_one_is_interrupted_too(self):
        for first in range(2, 24, 4):

            def prepare(folder, first=first):
                shutil.rmtree(folder, ignore_errors=True)
                self.new(folder)
                with KilledAt(first):
                    self.to(1)(folder)

            for folder in self.each_moment(prepare, self.to(2)):
                self.to(0)(folder)
                self.assert_is(folder, self.STATES[0], mine="mine")

    def test_an_edit_is_never_lost(self):
        def prepare(folder):
            self.new(folder)
            (folder / "a").write_text("edit")

        for folder in self.each_moment(prepare, self.to(1, force=True)):
            texts = [text for path, text in everything(folder).items() if not path.startswith(".tools-vendor-")]
            self.assertIn("edit", texts)
            self.to(1, force=True)(folder)
            files = everything(folder)
            self.assertIn("edit", [files.pop(p, None) for p in ["a.local", "a.local2"]])
            del files["MANIFEST"], files["mine"]
            self.assertEqual(files, self.STATES[1])

    def test_check_says_so(self):
        said = 0
        for folder in self.each_moment(self.new, self.to(1)):
            findings = vendored_folder.check(folder)
            said += "MANIFEST.next" in [path for _, path in findings]
            others = [path for what, path in findings if what == "not ours" and ".tools-vendor-" not in path]
            self.assertEqual(others, ["mine"])
        self.assertGreater(said, 5)

    def test_a_full_disk_changes_no_file_by_half(self):
        self.new(self.place / "f")
        with mock.patch("os.fdopen", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            with self.assertRaisesRegex(OSError, "No space left"):
                self.to(1)(self.place / "f")
        self.assert_is(self.place / "f", self.STATES[0], mine="mine")


if __name__ == "__main__":
    unittest.main()
