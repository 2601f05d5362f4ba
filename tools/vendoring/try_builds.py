#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Vendors each port and builds it as a kernel's tree would: in a folder outside
of this tree, with nothing in the environment but a path to the tools.

  tools/vendoring/try_builds.py          each port is vendored and checked, make
                                         and CMake say the same to a compiler, and
                                         two ports are built, one with each feature
                                         left out, too: two minutes
  tools/vendoring/try_builds.py --all    each port by make, CMake and cargo, with
                                         clang++ and g++ each, and each feature
                                         left out: an hour
  tools/vendoring/try_builds.py --only RE
                                         those of the latter whose names match, as
                                         'dragonos.*cargo'

EBPF_TOOLS names a folder where compilers are looked for first, as ccache's.
Each build's archive passes the audit of a kernel's archive. A case is one line,
as tools/checks want it.
"""

import argparse
import functools
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

_PATH = ":".join([*filter(None, [os.environ.get("EBPF_TOOLS")]), "/usr/local/bin:/usr/bin:/bin"])
# Those that are built always, and whether with features left out, too: by the
# compiler that nothing else links with.
_ALWAYS = {("alien", "riscv64"): True, ("dragonos", "x86_64"): False}
# What cargo needs to be told of a person's installation.
_OF_CARGO = ("HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN")
_JOBS = f"-j{os.cpu_count()}"


class Failure(Exception):
    pass


class Skip(Exception):
    pass


@functools.cache
def offline():
    """The command in front of others that takes the network from them."""
    command = ["unshare", "--map-root-user", "--net"]
    try:
        able = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        able = False
    return command if able else []


def run(arguments, folder, **environment):
    environment = {"PATH": _PATH, **environment}
    arguments = [*offline(), *arguments]
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, arguments))[:300]}: {(done.stderr or done.stdout).strip()[-2000:]}")
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
    fetched = subprocess.run([cargo, "fetch"], cwd=folder, capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        raise Skip(f"the crate cc is not to be had: {fetched.stderr.strip()[-300:]}")
    environment = {name: os.environ[name] for name in _OF_CARGO if name in os.environ}
    environment |= {"PATH": f"{pathlib.Path(cargo).parent}:{_PATH}", "CARGO_TARGET_DIR": str(out)}
    run([cargo, "build", "--offline"], folder, CXX=compiler, AR=archiver(compiler), **environment)
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
        self.ran = 0

    def run(self, name, function):
        self.ran += 1
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


def cases_of_port(description, work, everything):
    """[(name, function)] for the folder that `folder_of` has written."""
    folder = folder_of(work)
    place = (description["port"], description["cpu"])
    clang, gcc = (description["compilers"][kind] for kind in ("clang", "gcc"))
    builds = []
    if everything:
        builds = [(build, compiler) for build in (by_make, by_cmake, by_cargo) for compiler in (clang, gcc)]
    elif place in _ALWAYS:
        builds = [(by_make, gcc)]

    def built(build, compiler, out):
        return audited(description, build(compiler, folder, out))

    def built_without(without, compiler, whole):
        return audited(description, archive_without(description, without, compiler, work, whole))

    name = "Vendored." + ".".join(place)
    cases = [(f"{name}.MakeAndCMakeSayTheSame", lambda: same_commands(description, folder, work))]
    for build, compiler in builds:
        way = build.__name__.removeprefix("by_")
        function = functools.partial(built, build, compiler, work / f"{way}_{compiler}")
        cases.append((f"{name}.IsBuiltBy.{way}.{compiler}", function))
    for without in features.COMBINATIONS[1:] if everything or _ALWAYS.get(place) else []:
        compiler = builds[0][1]
        function = functools.partial(built_without, without, compiler, work / f"make_{compiler}")
        cases.append((f"{name}.IsBuiltWithout.{'_'.join(without)}", function))
    return cases


def folder_of(work):
    # A kernel's tree may lie anywhere.
    return work / "a folder"


def try_port(cases, port, cpu, work, options):
    description = vendor_command.describe(_ROOT, port, cpu)
    everything = options.all or options.only is not None
    wanted = [c for c in cases_of_port(description, work, everything) if re.search(options.only or "", c[0])]
    if wanted:
        cases.run(f"Vendored.{port}.{cpu}.IsAsItWasWritten", lambda: vendored(description, folder_of(work)))
    for case in wanted:
        cases.run(*case)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="each port in each way")
    parser.add_argument("--only", metavar="RE", help="of all, the cases whose names match")
    options = parser.parse_args()
    cases = Cases()
    for port, cpu in sorted(vendor_command.ports(_ROOT)):
        with tempfile.TemporaryDirectory() as work:
            try_port(cases, port, cpu, pathlib.Path(work).resolve(), options)
    if not cases.ran:
        print(f"no case's name matches {options.only!r}", file=sys.stderr)
    return 1 if cases.failed or not cases.ran else 0


if __name__ == "__main__":
    sys.exit(main())
