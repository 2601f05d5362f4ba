#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Vendors each port and builds it as a kernel's tree would: in a folder outside
of this tree, with nothing in the environment but a path to the tools.

  tools/vendoring/try_builds.py          each port is vendored and checked, make
                                         and CMake say the same to a compiler, and
                                         one port is built, with each feature left
                                         out, too: a minute
  tools/vendoring/try_builds.py --all    each port by make (clang++, g++), CMake
                                         (both) and cargo, and each feature left
                                         out: half an hour

Each build's archive passes the audit of a kernel's archive. A case is one line,
as tools/checks want it.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

_ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import features  # noqa: E402
import port_content  # noqa: E402
import vendor_command  # noqa: E402
import vendored_folder  # noqa: E402

_PATH = "/usr/local/bin:/usr/bin:/bin"
# The one that is built always: by the compiler that nothing else links with.
_ALWAYS = ("alien", "riscv64")
_JOBS = f"-j{os.cpu_count()}"


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def run(arguments, folder, **environment):
    environment = {"PATH": _PATH, **environment}
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, arguments))}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def archiver(compiler):
    """llvm-ar or the ar of the same cross tools."""
    return "llvm-ar-19" if "clang" in compiler else re.sub(r"g\+\+(-\d+)?$", "ar", compiler)


def cmake_arguments(compiler, folder, out):
    ar = shutil.which(archiver(compiler), path=_PATH)
    return ["cmake", "-S", folder, "-B", out, f"-DCMAKE_CXX_COMPILER={compiler}", f"-DCMAKE_AR={ar}"]


def by_make(compiler, folder, out):
    run(["make", "-s", _JOBS, f"CXX={compiler}", f"AR={archiver(compiler)}", f"O={out}"], folder)
    return out / "libebpf.a"


def by_cmake(compiler, folder, out):
    run(cmake_arguments(compiler, folder, out), folder)
    run(["cmake", "--build", out, "--", "-s", _JOBS], folder)
    return out / "libebpf.a"


def by_cargo(compiler, folder, out):
    cargo = shutil.which("cargo")
    if cargo is None:
        raise Skip("there is no cargo")
    # As the person who calls this has it: where crates come from is theirs.
    environment = dict(os.environ, CXX=compiler, AR=archiver(compiler), CARGO_TARGET_DIR=str(out))
    fetched = subprocess.run([cargo, "fetch"], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        raise Skip(f"the crate cc is not to be had: {fetched.stderr.strip()[-300:]}")
    run([cargo, "build", "--offline"], folder, **environment)
    archives = list(out.glob("debug/build/*/out/libebpf.a"))
    if len(archives) != 1:
        raise Failure(f"cargo left {len(archives)} archives")
    return archives[0]


def audited(description, archive):
    """Its sizes, as the audit says them."""
    audit = [sys.executable, _ROOT / "tools/build/archive_audit.py", f"--arch={description['cpu']}"]
    tools = [f"--{tool}=llvm-{tool}-19" for tool in ("nm", "objdump", "readelf")]
    text = run([*audit, *tools, *description["audit"], archive], _ROOT)
    return next(line for line in text.splitlines() if line.startswith("sizes:"))


def make_commands(compiler, folder, out):
    """{source: flags} of what make would run."""
    text = run(["make", "-n", f"CXX={compiler}", f"AR={archiver(compiler)}", f"O={out}"], folder)
    return commands_of(shlex.split(line) for line in text.splitlines() if line.startswith(compiler))


def cmake_commands(compiler, folder, out):
    run([*cmake_arguments(compiler, folder, out), "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"], folder)
    entries = json.loads((out / "compile_commands.json").read_text(encoding="utf-8"))
    here = f"{folder}/"
    return commands_of(
        [word.removeprefix(here) for word in shlex.split(entry["command"])] for entry in entries
    )


def commands_of(commands):
    found = {}
    for words in commands:
        flags = [w for w in words[1 : words.index("-c")] if w not in ("-MMD", "-MP")]
        if "-o" in flags:
            del flags[flags.index("-o") :]
        found[words[words.index("-c") + 1]] = sorted(flags)
    return found


def same_commands(description, folder, work):
    for compiler in description["compilers"].values():
        make = make_commands(compiler, folder, work / "n_make")
        cmake = cmake_commands(compiler, folder, work / f"n_cmake_{compiler}")
        if sorted(make) != sorted(description["sources"]) or make != cmake:
            different = [s for s in make if make[s] != cmake.get(s)]
            raise Failure(f"make and CMake say {compiler} different things of {different[:3]}")
    return f"{len(description['sources'])} sources, with clang++ and g++"


def vendored(description, folder, without=()):
    content = port_content.content_of(_ROOT, description, list(without), "tried")
    vendored_folder.create(folder, content)
    findings = vendored_folder.check(folder)
    if findings:
        raise Failure(str(findings))
    return f"{len(content.files)} files"


def archive_without(description, without, compiler, work, whole):
    """The archive of a folder with features left out. Of the objects of the
    `whole` port, which are the same, nothing is compiled again."""
    folder = work / "without"
    out = work / "without_out"
    for old in (folder, out):
        shutil.rmtree(old, ignore_errors=True)
    vendored(description, folder, without)
    sources = (folder / "sources.txt").read_text(encoding="utf-8").splitlines()
    out.mkdir()
    objects = [f"{out}/{source}.o" for source in sources if not (whole / f"{source}.o").exists()]
    if objects:
        run(["make", "-s", _JOBS, f"CXX={compiler}", f"O={out}", *objects], folder)
    members = [whole / f"{s}.o" if (whole / f"{s}.o").exists() else out / f"{s}.o" for s in sources]
    archive = out / "libebpf.a"
    run([archiver(compiler), "qcs", archive, *members], folder)
    return archive


class Cases:
    def __init__(self):
        self.failed = 0

    def run(self, name, function):
        begin = time.monotonic()
        try:
            text = function()
        except Skip as skip:
            print(f"[TEST] SKIP {name} {skip}", flush=True)
        except (Failure, vendored_folder.VendoringError) as failure:
            self.failed += 1
            print(f"[TEST] FAIL {name} {failure}", flush=True)
        else:
            print(f"[TEST] OK {name}", flush=True)
            print(f"  {text}; {time.monotonic() - begin:.0f} s", flush=True)


def try_port(cases, port, cpu, work, everything):
    description = vendor_command.describe(_ROOT, port, cpu)
    folder = work / "folder"
    name = f"Vendored.{port}.{cpu}"
    cases.run(f"{name}.IsAsItWasWritten", lambda: vendored(description, folder))
    cases.run(f"{name}.MakeAndCMakeSayTheSame", lambda: same_commands(description, folder, work))
    clang, gcc = (description["compilers"][kind] for kind in ("clang", "gcc"))
    if everything:
        builds = [(by_make, clang), (by_make, gcc), (by_cmake, clang), (by_cmake, gcc), (by_cargo, clang)]
    elif (port, cpu) == _ALWAYS:
        builds = [(by_make, gcc)]
    else:
        builds = []
    for build, compiler in builds:
        way = build.__name__.removeprefix("by_")
        out = work / f"{way}_{compiler}"
        cases.run(
            f"{name}.IsBuiltBy.{way}.{compiler}",
            lambda build=build, compiler=compiler, out=out: audited(description, build(compiler, folder, out)),
        )
    for without in features.COMBINATIONS[1:] if builds else []:
        compiler = builds[0][1]
        cases.run(
            f"{name}.IsBuiltWithout.{'_'.join(without)}",
            lambda without=without, compiler=compiler: audited(
                description, archive_without(description, without, compiler, work, work / f"make_{compiler}")
            ),
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="each port in each way")
    options = parser.parse_args()
    cases = Cases()
    for port, cpu in sorted(vendor_command.ports(_ROOT)):
        with tempfile.TemporaryDirectory() as work:
            try_port(cases, port, cpu, pathlib.Path(work).resolve(), options.all)
    return 1 if cases.failed else 0


if __name__ == "__main__":
    sys.exit(main())
