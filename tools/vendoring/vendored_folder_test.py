# SPDX-License-Identifier: MIT
"""What a vendored folder becomes, and what it never loses."""

import pathlib
import tempfile
import unittest

import vendored_folder
from vendored_folder import Content, Manifest, Update, VendoringError


def content(files, title="port test, version 1"):
    made = Content(title)
    for path, text in files.items():
        made.add(path, text.encode(), f"origin/{path}")
    return made


def everything(folder):
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


class VendoredFolderTest(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.folder = pathlib.Path(self.place.name) / "out"
        vendored_folder.create(self.folder, content({"a.cc": "a1", "core/b.h": "b1", "core/x/c.h": "c1"}))

    def write(self, path, text):
        full = self.folder / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)

    def update(self, files, force=False):
        Update(self.folder, content(files, "port test, version 2")).apply(force)

    def refused(self, files):
        before = everything(self.folder)
        with self.assertRaises(VendoringError) as raised:
            self.update(files)
        self.assertEqual(everything(self.folder), before)
        return str(raised.exception)

    def test_a_new_folder_checks(self):
        self.assertEqual(vendored_folder.check(self.folder), [])
        self.assertEqual((self.folder / "core/b.h").read_text(), "b1")

    def test_the_manifest_says_hash_path_and_origin(self):
        manifest = Manifest.read(self.folder)
        self.assertEqual(manifest.title, "port test, version 1")
        self.assertEqual(manifest.files["a.cc"], (vendored_folder.hash_of(b"a1"), "origin/a.cc"))

    def test_a_folder_that_holds_something_is_not_written_to(self):
        with self.assertRaisesRegex(VendoringError, "is not empty"):
            vendored_folder.create(self.folder, content({"z": "z"}))
        self.assertNotIn("z", everything(self.folder))

    def test_check_tells_what_was_edited_deleted_and_added(self):
        self.write("a.cc", "mine")
        (self.folder / "core/b.h").unlink()
        self.write("notes.txt", "mine")
        self.assertEqual(
            vendored_folder.check(self.folder),
            [("edited", "a.cc"), ("missing", "core/b.h"), ("not ours", "notes.txt")],
        )

    def test_an_update_adds_changes_and_removes(self):
        self.update({"a.cc": "a2", "core/b.h": "b1", "new/d.h": "d1"})
        files = everything(self.folder)
        self.assertEqual(files.pop("MANIFEST").splitlines()[0], "# ext_ebpf: port test, version 2")
        self.assertEqual(files, {"a.cc": "a2", "core/b.h": "b1", "new/d.h": "d1"})
        self.assertFalse((self.folder / "core/x").exists())
        self.assertEqual(vendored_folder.check(self.folder), [])

    def test_an_edit_that_the_update_would_overwrite_stops_it(self):
        self.write("a.cc", "mine")
        self.assertIn("a.cc was edited", self.refused({"a.cc": "a2", "core/b.h": "b2", "core/x/c.h": "c1"}))

    def test_an_edit_of_what_the_update_does_not_change_stops_it_too(self):
        self.write("a.cc", "mine")
        self.assertIn("a.cc was edited", self.refused({"a.cc": "a1", "core/b.h": "b2", "core/x/c.h": "c1"}))

    def test_an_edit_of_what_goes_stops_it(self):
        self.write("core/x/c.h", "mine")
        self.assertIn("core/x/c.h was edited, and is to be removed", self.refused({"a.cc": "a1", "core/b.h": "b1"}))

    def test_a_deleted_file_stops_it(self):
        (self.folder / "core/b.h").unlink()
        self.assertIn("core/b.h was deleted", self.refused({"a.cc": "a1", "core/b.h": "b2", "core/x/c.h": "c1"}))

    def test_a_file_in_the_place_of_a_new_one_stops_it(self):
        self.write("new.h", "mine")
        text = self.refused({"a.cc": "a1", "core/b.h": "b1", "core/x/c.h": "c1", "new.h": "n"})
        self.assertIn("new.h is not from here", text)

    def test_files_of_others_stay(self):
        self.write("core/notes.txt", "mine")
        update = Update(self.folder, content({"a.cc": "a2"}))
        self.assertEqual(update.kept, ["core/notes.txt"])
        update.apply()
        self.assertEqual((self.folder / "core/notes.txt").read_text(), "mine")

    def test_an_edit_that_equals_what_comes_is_no_conflict(self):
        self.write("a.cc", "a2")
        (self.folder / "core/x/c.h").unlink()
        self.update({"a.cc": "a2", "core/b.h": "b1"})
        self.assertEqual(vendored_folder.check(self.folder), [])

    def test_force_keeps_what_it_overwrites_beside(self):
        self.write("a.cc", "mine")
        self.write("a.cc.local", "older")
        (self.folder / "core/b.h").unlink()
        self.write("core/x/c.h", "mine, too")
        self.update({"a.cc": "a2", "core/b.h": "b2"}, force=True)
        files = everything(self.folder)
        del files["MANIFEST"]
        self.assertEqual(
            files,
            {
                "a.cc": "a2",
                "a.cc.local": "older",
                "a.cc.local2": "mine",
                "core/b.h": "b2",
                "core/x/c.h.local": "mine, too",
            },
        )

    def test_one_edit_one_deletion_and_one_new_file_lose_nothing(self):
        # The acceptance of tools/vendor --update.
        self.write("a.cc", "mine")
        (self.folder / "core/b.h").unlink()
        self.write("extra.cc", "mine")
        text = self.refused({"a.cc": "a2", "core/b.h": "b2", "core/x/c.h": "c2"})
        self.assertIn("a.cc was edited", text)
        self.assertIn("core/b.h was deleted", text)
        self.assertNotIn("extra.cc", text)

    def test_what_is_no_vendored_folder_is_refused(self):
        (self.folder / "MANIFEST").unlink()
        with self.assertRaisesRegex(VendoringError, "no MANIFEST"):
            vendored_folder.check(self.folder)

    def test_a_manifest_that_leads_out_of_the_folder_is_refused(self):
        for path in ["../a", "/etc/passwd", "a/../../b"]:
            (self.folder / "MANIFEST").write_text(f"# ext_ebpf: x\n{'0' * 64}  {path}  o\n")
            with self.assertRaisesRegex(VendoringError, "MANIFEST:2"):
                vendored_folder.check(self.folder)

    def test_a_manifest_that_is_cut_is_refused(self):
        for text in ["", "something\n", "# ext_ebpf: x\n12  a.cc\n", "# ext_ebpf: x\nzz  a  b\n"]:
            (self.folder / "MANIFEST").write_text(text)
            with self.assertRaises(VendoringError):
                vendored_folder.check(self.folder)

    def test_a_folder_in_a_files_place_is_refused(self):
        (self.folder / "a.cc").unlink()
        (self.folder / "a.cc").mkdir()
        self.assertIn("is not a file", self.refused({"a.cc": "a2"}))

    def test_a_link_to_a_folder_elsewhere_is_not_followed(self):
        elsewhere = pathlib.Path(self.place.name) / "elsewhere"
        (self.folder / "core").rename(elsewhere)
        (self.folder / "core").symlink_to(elsewhere)
        with self.assertRaisesRegex(VendoringError, "leads out of"):
            self.update({"a.cc": "a1", "core/b.h": "b2"})
        self.assertEqual((elsewhere / "b.h").read_text(), "b1")

    def test_a_link_that_leads_nowhere_is_refused(self):
        (self.folder / "a.cc").unlink()
        (self.folder / "a.cc").symlink_to("/nowhere/at/all")
        with self.assertRaisesRegex(VendoringError, "is not a file"):
            vendored_folder.check(self.folder)


if __name__ == "__main__":
    unittest.main()
