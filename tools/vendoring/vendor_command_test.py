# SPDX-License-Identifier: MIT
"""tools/vendor as a person calls it, with a tree and a description of the
test's own in the place of Bazel's."""

import contextlib
import io
import json
import pathlib
import re
import tempfile
import unittest
from unittest import mock

import vendor_command

_DESCRIPTION = {
    "port": "toy",
    "cpu": "riscv64",
    "sources": ["core/a.cc", "ports/toy/b.S"],
    "headers": ["core/a.h", "core/a.h"],
    "includes": [".", "arch/riscv64/facade"],
    "defines": ["X=1"],
    "flags": {"all": ["-O2"], "cpp": ["-std=c++20"], "clang": ["--target=t"], "gcc": ["-m64"]},
}
# What every folder has, and what comes where something is left out.
_OTHERS = [
    "LICENSE",
    "core/capi/rust/src/lib.rs",
    "core/capi/rust/src/platform/cpu.rs",
    "core/jit/jit.cc",
    "core/platform/README.md",
    "core/symbols/README.md",
    "core/without/jit.cc",
    "arch/riscv64/without/jit.cc",
    "ports/PORTING.md",
    "ports/other/rust/glue.rs",
    "ports/toy/README.md",
    "ports/toy/rust/glue.rs",
    "ports/toy/rust/files/inode.rs",
    "tools/ksym/ksym.py",
]


class VendorCommandTest(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.root = pathlib.Path(place.name) / "tree"
        self.out = pathlib.Path(place.name) / "out"
        for path in [*_DESCRIPTION["sources"], *_DESCRIPTION["headers"], *_OTHERS]:
            self.write(path, path)
        self.write("CHANGELOG.md", "# Changes\n\n## Unreleased\n\n## 1.2.3\n")
        self.description = json.loads(json.dumps(_DESCRIPTION))
        self.addCleanup(setattr, vendor_command, "_bazel", vendor_command._bazel)
        vendor_command._bazel = self.bazel

    def write(self, path, text):
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)

    def bazel(self, root, *arguments):
        self.assertEqual(root, self.root)
        bin_folder = self.root / "bin"
        if arguments[0] == "query":
            return "//ports/toy:toy_riscv64_description\n//ports/toy:other\n"
        if arguments[0] == "build":
            self.write("bin/ports/toy/toy_riscv64_description.json", json.dumps(self.description))
        return f"{bin_folder}\n"

    def vendor(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = vendor_command.main("text", self.root, list(map(str, arguments)))
            except SystemExit as end:
                status = end.code
        return status, out.getvalue() + err.getvalue()

    def created(self):
        status, text = self.vendor("toy", "--cpu", "riscv64", "--out", self.out)
        self.assertEqual(status, 0, text)
        return text

    def read(self, path):
        return (self.out / path).read_text()

    def test_a_folder_has_sources_headers_and_three_ways_to_build_them(self):
        self.assertIn("port toy, cpu riscv64, version 1.2.3", self.created())
        self.assertEqual(self.read("core/a.h"), "core/a.h")
        self.assertEqual(self.read("sources.txt"), "ports/toy/b.S\ncore/a.cc\n")
        self.assertEqual(self.read("flags/all.txt"), "-O2\n-DX=1\n")
        self.assertEqual(self.read("includes.txt"), ".\narch/riscv64/facade\n")
        self.assertEqual(self.read("VERSION"), "1.2.3\n")
        self.assertIn('name = "ebpf-toy"', self.read("Cargo.toml"))
        rust = re.search(r'^path = "(.*)"', self.read("Cargo.toml"), re.MULTILINE).group(1)
        for path in ["Makefile", "CMakeLists.txt", "build.rs", "hidden.h", "LICENSE", "ports/PORTING.md", rust]:
            self.assertTrue((self.out / path).is_file(), path)
        self.assertEqual(self.vendor("--check", self.out)[0], 0)

    def test_a_folder_has_its_ports_glue_and_no_others(self):
        self.created()
        for path in ["ports/toy/rust/glue.rs", "ports/toy/rust/files/inode.rs"]:
            self.assertEqual(self.read(path), path)
        self.assertFalse((self.out / "ports/other").exists())
        self.write("ports/toy/rust/glue.rs", "new")
        self.write("ports/toy/rust/more.rs", "more")
        (self.root / "ports/toy/rust/files/inode.rs").unlink()
        self.assertEqual(self.vendor("--update", self.out)[0], 0)
        self.assertEqual((self.read("ports/toy/rust/glue.rs"), self.read("ports/toy/rust/more.rs")), ("new", "more"))
        self.assertFalse((self.out / "ports/toy/rust/files").exists())
        (self.out / "ports/toy/rust/glue.rs").write_text("mine")
        status, text = self.vendor("--check", self.out)
        self.assertEqual(status, 1)
        self.assertIn("ports/toy/rust/glue.rs: edited", text)

    def test_no_such_port_says_which_there_are(self):
        status, text = self.vendor("toy", "--cpu", "x86_64", "--out", self.out)
        self.assertEqual(status, 1)
        self.assertIn("there are: toy (riscv64)", text)
        self.assertFalse(self.out.exists())

    def test_a_folder_that_is_there_is_left_alone(self):
        self.out.write_text("mine")
        status, text = self.vendor("toy", "--cpu", "riscv64", "--out", self.out)
        self.assertEqual((status, self.out.read_text()), (1, "mine"))
        self.assertIn("is not a folder", text)
        self.out.unlink()
        self.created()
        status, text = self.vendor("toy", "--cpu", "riscv64", "--out", self.out)
        self.assertEqual(status, 1)
        self.assertIn("--update", text)

    def test_an_update_knows_its_port_and_shows_what_changes(self):
        self.created()
        self.write("core/a.cc", "new")
        self.write("core/c.cc", "more")
        self.description["sources"].append("core/c.cc")
        status, text = self.vendor("--update", self.out, "--dry-run")
        self.assertEqual((status, self.read("core/a.cc")), (0, "core/a.cc"))
        self.assertIn("~ core/a.cc", text)
        self.assertIn("+ core/c.cc", text)
        status, text = self.vendor("--update", self.out)
        self.assertEqual((status, self.read("core/a.cc"), self.read("core/c.cc")), (0, "new", "more"))
        self.assertIn("core/c.cc", self.read("sources.txt"))
        self.assertEqual(self.vendor("--check", self.out)[0], 0)

    def test_an_update_ends_what_was_interrupted(self):
        self.created()
        before = self.read("MANIFEST")
        self.write("core/a.cc", "second")
        with mock.patch("os.unlink", side_effect=OSError("killed")):
            status, text = self.vendor("--update", self.out)
        self.assertEqual((status, self.read("core/a.cc")), (1, "second"), text)
        (self.out / "MANIFEST").write_text(before)
        status, text = self.vendor("--check", self.out)
        self.assertIn("MANIFEST.next: an update was interrupted, and can be called again", text)
        self.write("core/a.cc", "third")
        self.assertEqual(self.vendor("--update", self.out)[0], 0)
        self.assertEqual((self.read("core/a.cc"), self.vendor("--check", self.out)[0]), ("third", 0))

    def test_a_manifest_of_what_is_not_here_is_refused(self):
        self.created()
        (self.out / "MANIFEST").write_text(self.read("MANIFEST").replace("port toy", "port gone"))
        status, text = self.vendor("--update", self.out)
        self.assertEqual(status, 1)
        self.assertIn("no port 'gone' for CPU 'riscv64'; there are: toy (riscv64)", text)
        (self.out / "MANIFEST").write_text(self.read("MANIFEST").replace("riscv64,", "riscv64, without maps,"))
        status, text = self.vendor("--update", self.out)
        self.assertEqual(status, 1)
        self.assertIn("there is no feature 'maps'", text)

    def test_an_update_stops_before_an_edit_and_is_forced(self):
        self.created()
        (self.out / "core/a.cc").write_text("mine")
        status, text = self.vendor("--update", self.out)
        self.assertEqual((status, self.read("core/a.cc")), (1, "mine"))
        self.assertIn("core/a.cc was edited", text)
        self.assertEqual(self.vendor("--update", self.out, "--force")[0], 0)
        self.assertEqual((self.read("core/a.cc"), self.read("core/a.cc.local")), ("core/a.cc", "mine"))

    def test_what_is_left_out_stays_out_in_updates(self):
        self.description["sources"].append("core/jit/jit.cc")
        status, text = self.vendor("toy", "--cpu", "riscv64", "--out", self.out, "--without", "jit")
        self.assertEqual(status, 0, text)
        self.assertIn("port toy, cpu riscv64, without jit, version 1.2.3", text)
        left = "ports/toy/b.S\narch/riscv64/without/jit.cc\ncore/a.cc\ncore/without/jit.cc\n"
        self.assertEqual(self.read("sources.txt"), left)
        self.assertFalse((self.out / "core/jit/jit.cc").exists())
        self.write("core/a.cc", "new")
        self.assertEqual(self.vendor("--update", self.out)[0], 0)
        self.assertEqual((self.read("sources.txt"), self.read("core/a.cc")), (left, "new"))

    def test_there_are_features_to_leave_out_and_no_others(self):
        status, text = self.vendor("toy", "--cpu", "riscv64", "--out", self.out, "--without", "jit,maps")
        self.assertEqual(status, 1)
        self.assertIn("no feature 'maps' to leave out; there are: jit, loader, perf, trace-files", text)
        self.assertFalse(self.out.exists())

    def test_check_names_what_differs(self):
        self.created()
        (self.out / "core/a.cc").write_text("mine")
        (self.out / "notes").write_text("mine")
        status, text = self.vendor("--check", self.out)
        self.assertEqual(status, 1)
        self.assertIn("core/a.cc: edited", text)
        self.assertIn("notes: not ours", text)
        self.assertIn("1 files are not", text)

    def test_what_is_asked_wrongly_is_refused(self):
        for arguments in [
            [],
            ["toy"],
            ["toy", "--cpu", "riscv64"],
            ["toy", "--check", self.out],
            ["--check", self.out, "--force"],
            ["--update", self.out, "--cpu", "riscv64"],
            ["--update", self.out, "--without", "jit"],
            ["--check", self.out, "--update", self.out],
        ]:
            self.assertEqual(self.vendor(*arguments)[0], 2, arguments)
        for mode in ["--check", "--update"]:
            status, text = self.vendor(mode, self.out)
            self.assertEqual(status, 1)
            self.assertIn("no MANIFEST", text)


if __name__ == "__main__":
    unittest.main()
