#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of skeleton.py and of what tools/port says; try_skeleton.py compiles what it writes."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import port_command
import skeleton

LAYERS = """# The CPUs of each port.
PORT_ARCHES = {
    "alien": ["riscv64"],
    "zephyr": ["aarch64"],
}
"""
HEADER = """// Tier T0.
extern "C" {

/// Allocates. Context: task.
void* ebpf_port_alloc(unsigned long size);

}  // extern "C"
"""


class SkeletonTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for path, text in {
            "tools/build/layers.bzl": LAYERS,
            "core/platform/memory.h": HEADER,
            "core/platform/version.h": "#define EBPF_PORT_API 7\n",
            "core/platform/absent.cc": "",
            "core/platform/interrupts.cc": "",
            "core/platform/nofault.cc": "",
            "core/platform/this_cpu.cc": "",
            "core/platform/version.cc": "",
        }.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text, encoding="utf-8")

    def run_command(self, *arguments):
        """(code, standard output, standard error)"""
        out, error = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            code = port_command.main("", self.root, list(arguments))
        return code, out.getvalue(), error.getvalue()

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8")

    def test_writes_a_folder_without_marks(self):
        for cpu in skeleton.CPUS:
            code, out, _ = self.run_command("new", "rain_" + cpu, "--cpu", cpu)
            self.assertEqual(code, 0)
            self.assertIn(f"bazel build //ports/rain_{cpu}:rain_{cpu}_archive", out)
            folder = self.root / "ports" / ("rain_" + cpu)
            for file in folder.iterdir():
                self.assertNotRegex(file.read_text(encoding="utf-8"), "@[A-Z]+@", file)
                self.assertFalse(file.name.endswith(".skeleton"))
            self.assertIn(f"//arch/{cpu}", (folder / "BUILD").read_text(encoding="utf-8"))
            self.assertIn("EBPF_PORT_WRITTEN_FOR(7);", (folder / "log.cc").read_text(encoding="utf-8"))

    def test_the_build_learns_of_its_cpu(self):
        self.run_command("new", "rainbow", "--cpu", "riscv64")
        self.assertEqual(
            self.text("tools/build/layers.bzl"),
            LAYERS.replace('    "zephyr"', '    "rainbow": ["riscv64"],\n    "zephyr"'),
        )

    def test_an_existing_folder_is_left_alone(self):
        (self.root / "ports/rainbow").mkdir(parents=True)
        code, _, error = self.run_command("new", "rainbow", "--cpu", "riscv64")
        self.assertEqual(code, 1)
        self.assertIn("ports/rainbow is there already", error)
        self.assertEqual(list((self.root / "ports/rainbow").iterdir()), [])
        self.assertEqual(self.text("tools/build/layers.bzl"), LAYERS)

    def test_bad_names_are_refused_and_nothing_is_written(self):
        for name in ["", "a", "Rainbow", "9os", "my-os", "../evil", "a/b", "x" * 25, "int", "machine", "ebpf_os", "ä_os"]:
            with self.assertRaises(skeleton.SkeletonError, msg=name):
                skeleton.write(self.root, name, "riscv64")
        code, _, error = self.run_command("new", "My-OS", "--cpu", "riscv64")
        self.assertEqual(code, 1)
        self.assertIn("'My-OS' cannot be a port's name: 2 to 24 of a-z", error)
        self.assertFalse((self.root / "ports").exists())

    def test_a_cpu_that_is_none_of_ours_is_refused(self):
        with self.assertRaises(SystemExit):
            self.run_command("new", "rainbow", "--cpu", "sparc")
        self.assertFalse((self.root / "ports").exists())

    def test_tells_what_is_missing_until_nothing_is(self):
        self.run_command("new", "rainbow", "--cpu", "riscv64")
        code, out, _ = self.run_command("missing", "rainbow")
        self.assertEqual(code, 1)
        self.assertIn("ebpf_port_alloc: the kernel does not export rainbow_alloc\n", out)
        path = self.root / "ports/rainbow/missing.def"
        kept = [line for line in path.read_text().splitlines() if "rainbow_alloc" not in line]
        path.write_text("\n".join(kept) + "\n")
        self.assertNotIn("rainbow_alloc", self.run_command("missing", "rainbow")[1])
        path.unlink()
        code, out, _ = self.run_command("missing", "rainbow")
        self.assertEqual((code, out), (0, "ports/rainbow: 0 of the 1 functions that every port has are missing\n"))

    def test_a_port_that_is_not_there_is_named(self):
        code, _, error = self.run_command("missing", "nowhere")
        self.assertEqual((code, error), (1, "tools/port: there is no ports/nowhere\n"))


if __name__ == "__main__":
    unittest.main()
