#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles what `tools/port new` writes, for each CPU and compiler that is here,
and runs the x86-64 one on this host: before the kernel has anything, and with
all that it needs. tools/checks/port_skeleton.sh runs this.

Usage: try_skeleton.py ROOT
"""

import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

import contract
import skeleton

NAME = "rainbow"
COMPILERS = {
    "aarch64": [["clang++-19", "--target=aarch64-none-elf", "-mgeneral-regs-only"], ["aarch64-linux-gnu-g++-12"]],
    "riscv64": [["clang++-19", "--target=riscv64-none-elf", "-march=rv64gc", "-mabi=lp64d"], ["riscv64-linux-gnu-g++-12"]],
    "x86_64": [["clang++-19", "--target=x86_64-none-elf", "-mno-red-zone"], ["x86_64-linux-gnu-g++-12"]],
}
FLAGS = ["-std=c++20", "-O2", "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-fPIE", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror", "-Wno-error=cpp"]

# A kernel in a process. Without KERNEL it exports only what the log needs.
KERNEL = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/capi/ebpf.h"
#include "core/platform/cpu.h"
#include "core/platform/memory.h"
#include "core/platform/time.h"
#include "ports/rainbow/kernel.h"
namespace ebpf::x86_64 { extern const int kMachineOps; const int kMachineOps = 0; }
extern "C" {
int ebpf_init(const ebpf_machine*, const ebpf_options*) { puts("started"); return 0; }
void rainbow_log(const char* text, size_t size) { fwrite(text, 1, size, stdout); }
void rainbow_panic(const char* what) { printf("panic: %s\\n", what); fflush(stdout); exit(3); }
#ifdef KERNEL
void* rainbow_alloc(size_t size, size_t) { return calloc(1, size); }
void rainbow_free(void* memory, size_t, size_t) { free(memory); }
uint32_t rainbow_cpu_id(void) { return 0; }
uint32_t rainbow_cpu_count(void) { return 1; }
uint64_t rainbow_time_ns(void) { return 1; }
uint64_t rainbow_random(void) { return 4; }
#endif
}
int main(int count, char**) {
  printf("init: %d\\n", ebpf_rainbow_init());
  if (count > 1) ebpf_port_free(ebpf_port_alloc(1, 1), 1, 1);
}
"""

_failed = False


def report(case, problem):
    global _failed
    _failed = _failed or bool(problem)
    print(f"[TEST] FAIL PortSkeleton.{case} {problem}" if problem else f"[TEST] OK PortSkeleton.{case}")


def run(command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


class Tree:
    """A port of its own, over core and arch of ROOT."""

    def __init__(self, root, folder, cpu):
        self.root, self.folder, self.cpu = root, pathlib.Path(folder), cpu
        for path in ["tools/build/layers.bzl", "core/platform/version.h"]:
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / path, self.folder / path)
        skeleton.write(self.folder, NAME, cpu)
        self.port = self.folder / "ports" / NAME

    def delete(self, *functions):
        """What the kernel exports from now on."""
        path = self.port / "missing.def"
        lines = path.read_text().splitlines()
        path.write_text("\n".join(x for x in lines if not any(f", {NAME}_{f}," in x for f in functions)) + "\n")

    def includes(self):
        return ["-iquote", str(self.folder), "-iquote", str(self.root), "-iquote", str(self.root / "arch" / self.cpu / "facade")]

    def compile(self, compiler, flags):
        """(error or "", all messages)"""
        messages = ""
        for source in sorted(self.port.glob("*.cc")):
            code, _, error = run(compiler + flags + self.includes() + ["-c", str(source), "-o", str(source) + ".o"], self.folder)
            messages += error
            if code != 0:
                return f"{source.name}: " + error.replace("\n", " ")[:300], messages
        return "", messages


def try_compiler(root, cpu, compiler):
    case = f"{cpu}.{'gcc' if 'g++' in compiler[0] and 'clang' not in compiler[0] else 'clang'}"
    if shutil.which(compiler[0]) is None:
        print(f"[TEST] SKIP PortSkeleton.{case} there is no {compiler[0]}")
        return
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(root, folder, cpu)
        problem, messages = tree.compile(compiler, FLAGS)
        for service, function in skeleton.missing(tree.folder, NAME):
            if f"{service} is missing: the kernel does not export {function}" not in messages:
                problem = problem or f"the build does not tell that {service} is missing"
        tree.delete(*(f.removeprefix(NAME + "_") for _, f in skeleton.missing(tree.folder, NAME)))
        again, messages = tree.compile(compiler, FLAGS)
        problem = problem or again or ("" if "missing" not in messages else "the build tells of what is not missing")
        report(case, problem)


def defines_what_every_port_has(root):
    """Each is defined once, in the skeleton of each CPU."""
    must = sorted(s.name for s in contract.services_of(root) if not s.absent)
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(root, folder, "riscv64")
        text = "".join(f.read_text() for f in tree.port.glob("*.cc"))
        defined = sorted(re.findall(r"\b(ebpf_port_\w+)\([^;{]*\) \{", text))
    report("DefinesWhatEveryPortHas", "" if defined == must else f"it has {defined}, and every port {must}")


def runs(root):
    if platform.machine() != "x86_64" or shutil.which("clang++-19") is None:
        print("[TEST] SKIP PortSkeleton.Runs not on x86-64 with clang++-19")
        return
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(root, folder, "x86_64")
        (tree.folder / "kernel.cc").write_text(KERNEL)
        flags = [f for f in FLAGS if f != "-ffreestanding"] + ["-Wno-#pragma-messages", "-Wno-implicit-exception-spec-mismatch"]

        def build_and_run(*arguments, flags=flags, defines=()):
            problem, _ = tree.compile(["clang++-19"], flags)
            if problem:
                return problem
            objects = [str(o) for o in sorted(tree.port.glob("*.o"))]
            command = ["clang++-19", *flags, *defines, *tree.includes(), "kernel.cc", *objects, "-o", "kernel"]
            code, _, error = run(command, tree.folder)
            if code != 0:
                return "link: " + error
            code, out, _ = run(["./kernel", *arguments], tree.folder)
            return f"{out}exit {code}\n"

        tree.delete("log", "panic")
        out = build_and_run()
        lines = [f"ebpf: ports/{NAME}: {s} is missing: the kernel does not export {f}\n" for s, f in skeleton.missing(tree.folder, NAME)]
        good = len(lines) == 6 and out == "".join(lines) + "init: -38\nexit 0\n"
        report("TheStartNamesWhatIsMissing", "" if good else out.replace("\n", " | "))
        out = build_and_run("use")
        good = out.endswith(f"panic: ebpf: ports/{NAME}: ebpf_port_alloc is missing: the kernel does not export {NAME}_alloc\nexit 3\n")
        report("WhatIsMissingEndsInAPanicWithItsName", "" if good else out.replace("\n", " | "))
        out = build_and_run(defines=["-DKERNEL"])
        good = "multiple definition of" in out or "duplicate symbol" in out
        report("WhatIsNotMissingIsFoundTwice", "" if good else out.replace("\n", " | "))
        tree.delete("alloc", "free", "cpu_id", "cpu_count", "time_ns", "random")
        out = build_and_run("use", defines=["-DKERNEL"])
        report("WithNothingMissingItStarts", "" if out == "started\ninit: 0\nexit 0\n" else out.replace("\n", " | "))


_BLOCK = re.compile(r"^```cpp\n// ports/rainbow/(\w+\.cc)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page_compiles(root):
    """What PORTING.md has to be written into the port."""
    blocks = _BLOCK.findall((root / "ports/PORTING.md").read_text(encoding="utf-8"))
    for compiler in COMPILERS["riscv64"]:
        case = "ThePageCompiles." + ("clang" if "clang" in compiler[0] else "gcc")
        if shutil.which(compiler[0]) is None:
            print(f"[TEST] SKIP PortSkeleton.{case} there is no {compiler[0]}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            tree = Tree(root, folder, "riscv64")
            for name, text in blocks:
                (tree.port / name).write_text(text)
            problem, _ = tree.compile(compiler, FLAGS)
            report(case, problem or ("" if len(blocks) >= 7 else "the page has too few files"))


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    defines_what_every_port_has(root)
    for cpu, compilers in COMPILERS.items():
        for compiler in compilers:
            try_compiler(root, cpu, compiler)
    page_compiles(root)
    runs(root)
    return 1 if _failed else 0


if __name__ == "__main__":
    sys.exit(main())
