# SPDX-License-Identifier: MIT
"""What a vendored folder becomes, and what it never loses."""

import os
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

    def test_a_manifest_that_names_no_file_of_the_folder_is_refused(self):
        for path in ["../a", "/etc/passwd", "a/../../b", "./a", "a//b", "a/", ".", "MANIFEST", "MANIFEST.next"]:
            (self.folder / "MANIFEST").write_text(f"# ext_ebpf: x\n{'0' * 64}  {path}  o\n# files: 1\n")
            with self.assertRaisesRegex(VendoringError, "MANIFEST:2"):
                vendored_folder.check(self.folder)

    def test_a_manifest_that_is_no_manifest_is_refused(self):
        line = f"{'0' * 64}  a  o\n"
        for text, why in [
            ("", "does not begin"),
            ("something\n", "does not begin"),
            ("# ext_ebpf: x\n12  a.cc\n# files: 1\n", "MANIFEST:2"),
            (f"# ext_ebpf: x\n{'z' * 64}  a  b\n# files: 1\n", "MANIFEST:2"),
            (f"# ext_ebpf: x\n{line}{line}# files: 2\n", "MANIFEST:3 names a again"),
            (f"# ext_ebpf: x\n{line}# files: 2\n", "is not whole"),
        ]:
            (self.folder / "MANIFEST").write_text(text)
            with self.assertRaisesRegex(VendoringError, why):
                vendored_folder.check(self.folder)
        (self.folder / "MANIFEST").write_bytes(b"\xff\xfe")
        with self.assertRaisesRegex(VendoringError, "cannot be read"):
            vendored_folder.check(self.folder)

    def test_a_manifest_that_is_cut_anywhere_is_refused(self):
        whole = (self.folder / "MANIFEST").read_bytes()
        for length in range(len(whole) - 1):  # the last is the line's end
            (self.folder / "MANIFEST").write_bytes(whole[:length])
            with self.assertRaises(VendoringError, msg=whole[:length]):
                Update(self.folder, content({"a.cc": "a2"}))

    def test_a_manifest_with_other_line_ends_is_read(self):
        path = self.folder / "MANIFEST"
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        self.assertEqual(vendored_folder.check(self.folder), [])
        self.update({"a.cc": "a2"})
        self.assertNotIn(b"\r", path.read_bytes())

    def test_a_folder_in_a_files_place_is_refused(self):
        (self.folder / "a.cc").unlink()
        (self.folder / "a.cc").mkdir()
        self.assertIn("a.cc was deleted", self.refused({"a.cc": "a2"}))
        self.write("a.cc/notes", "mine")
        self.assertIn("a.cc is not a file, and a.cc/notes cannot go", self.refused({"a.cc": "a2"}))

    def test_a_link_to_a_folder_elsewhere_is_not_followed(self):
        elsewhere = pathlib.Path(self.place.name) / "elsewhere"
        (self.folder / "core").rename(elsewhere)
        (self.folder / "core").symlink_to(elsewhere)
        with self.assertRaisesRegex(VendoringError, "leads out of"):
            self.update({"a.cc": "a1", "core/b.h": "b2"})
        self.assertEqual((elsewhere / "b.h").read_text(), "b1")
        self.assertEqual(
            vendored_folder.check(self.folder),
            [("not a file", "core/b.h"), ("not a file", "core/x/c.h"), ("not ours", "core")],
        )

    def test_a_link_in_a_files_place_is_refused_and_shown(self):
        # Even to what is the same: the link is somebody's work.
        same = pathlib.Path(self.place.name) / "same"
        same.write_text("a1")
        for target in ["/nowhere/at/all", same]:
            (self.folder / "a.cc").unlink()
            (self.folder / "a.cc").symlink_to(target)
            self.assertEqual(vendored_folder.check(self.folder), [("not a file", "a.cc")])
            with self.assertRaisesRegex(VendoringError, "a.cc is not a file"):
                self.update({"a.cc": "a2"}, force=True)
            self.assertTrue((self.folder / "a.cc").is_symlink())

    def test_a_link_in_the_place_of_what_is_kept_is_not_overwritten(self):
        self.write("a.cc", "mine")
        (self.folder / "a.cc.local").symlink_to("/nowhere/at/all")
        self.update({"a.cc": "a2"}, force=True)
        self.assertTrue((self.folder / "a.cc.local").is_symlink())
        self.assertEqual((self.folder / "a.cc.local2").read_text(), "mine")

    def test_a_script_can_be_called(self):
        self.update({"a.cc": "a2", "tool": "#!/bin/true\n"})
        self.assertTrue(os.access(self.folder / "tool", os.X_OK))
        self.assertFalse((self.folder / "a.cc").stat().st_mode & 0o111)

    def test_a_file_that_was_made_read_only_is_updated(self):
        (self.folder / "a.cc").chmod(0o444)
        self.update({"a.cc": "a2"})
        self.assertEqual((self.folder / "a.cc").read_text(), "a2")

    def test_a_file_becomes_a_folder_and_a_folder_a_file(self):
        self.update({"a.cc/d.h": "d1", "core": "c1"})
        files = everything(self.folder)
        del files["MANIFEST"]
        self.assertEqual(files, {"a.cc/d.h": "d1", "core": "c1"})
        self.assertEqual(vendored_folder.check(self.folder), [])

    def test_a_folder_that_holds_anothers_file_does_not_become_a_file(self):
        self.write("core/x/notes.txt", "mine")
        for force in [False, True]:
            with self.assertRaisesRegex(VendoringError, "core is not a file, and core/x/notes.txt cannot go"):
                self.update({"core": "c1"}, force)
        (self.folder / "core/x/notes.txt").unlink()
        self.write("core/b.h", "mine")  # which --force would keep in core
        for force in [False, True]:
            with self.assertRaisesRegex(VendoringError, "core is not a file, and core/b.h cannot go"):
                self.update({"core": "c1"}, force)
        self.assertEqual((self.folder / "core/b.h").read_text(), "mine")

    def test_anothers_file_in_a_folders_place_is_refused(self):
        self.write("new", "mine")
        for force in [False, True]:
            with self.assertRaisesRegex(VendoringError, "new is not a folder"):
                self.update({"a.cc": "a2", "new/d.h": "d"}, force)
        self.assertEqual(((self.folder / "new").read_text(), (self.folder / "a.cc").read_text()), ("mine", "a1"))

    def test_anothers_folder_is_one_line(self):
        self.write("out/x/a.o", "o")
        self.write("out/b.o", "o")
        self.write("core/x/mine/d.h", "d")
        (self.folder / "empty").mkdir()
        self.assertEqual(vendored_folder.check(self.folder), [("not ours", "core/x/mine/"), ("not ours", "out/")])
        update = Update(self.folder, content({"a.cc": "a2", "out/c.h": "c"}))
        self.assertEqual(update.kept, ["core/x/mine/", "out/b.o", "out/x/"])

    def test_a_folder_in_a_files_place_is_not_filled(self):
        (self.folder.parent / "file").write_text("mine")
        with self.assertRaisesRegex(VendoringError, "is not a folder"):
            vendored_folder.create(self.folder.parent / "file", content({"z": "z"}))


if __name__ == "__main__":
    unittest.main()
