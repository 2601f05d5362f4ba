#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Links the ports for kernels in Rust as ports/*/README.md tell, and looks at
what came out:

  rust_link.py CARGO

A kernel is the stub of testing/rust_glue with what testing/rust_glue/linked has
beside it, made a static library; the port is the folder of tools/vendor, built by
make. Every line is the README's own. In the image each `ebpf_port_*` that the
port or its glue has must be that and not core's weak default, and all of ours
must lie where the kernel has it. Links that are wrong on purpose must be seen.

A case is one line, as tools/checks want it. tools/checks/rust_face.sh calls it,
with its Rust in the environment. What is built stays in CARGO_TARGET_DIR.
"""

import bisect
import collections
import dataclasses
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import sys

import rust_glue

ROOT = pathlib.Path(__file__).resolve().parents[2]
STUBS = ROOT / "testing/rust_glue"
LINKED = STUBS / "linked"


@dataclasses.dataclass(frozen=True)
class Kernel:
    port: str
    cpu: str
    target: str  # Rust's
    crate: str
    stub: str
    needs: tuple  # crates beside it
    folder: str  # of the crate, seen from where the README's paths begin
    ld_folder: str  # where its makefile calls ld
    gnu_flags: tuple  # what its makefile gives to GNU ld alone
    flags: tuple
    text: tuple  # where text is mapped, by the kernel's symbols
    written: tuple  # where it may be written
    mapped: tuple
    second_link: tuple  # what only the second link has
    late: str  # by what name the glue asks for that (core/capi/rust/src/late.rs)

    @property
    def name(self):
        return f"{self.port}_{self.cpu}"


_ALIENS = ("config", "constants", "ksync", "mem", "page_table", "platform", "vfs", "vfscore")
_DRAGONOS = {
    "port": "dragonos",
    "crate": "dragonos_kernel",
    "stub": "dragonos",
    "needs": ("calls", "log", "dragonos/system_error"),
    "folder": ".",
    "ld_folder": "src",
    "flags": ("-z", "muldefs", "-z", "noexecstack", "--eh-frame-hdr", "--no-relax"),
    "text": (("_text", "_etext"),),
    "written": (("_etext", "_rodata"), ("_erodata", "_end")),
    "mapped": (("_text", "_end"),),
    "second_link": ("ebpf_symbols_begin", "ebpf_symbols_end"),
    "late": "symbols",
}
KERNELS = [
    Kernel(cpu="x86_64", target="x86_64-unknown-none", gnu_flags=("-b", "elf64-x86-64"), **_DRAGONOS),
    Kernel(cpu="riscv64", target="riscv64gc-unknown-none-elf", gnu_flags=(), **_DRAGONOS),
    Kernel(
        port="alien",
        cpu="riscv64",
        target="riscv64gc-unknown-none-elf",
        crate="kernel",
        stub="alien/kernel",
        needs=("calls", *(f"alien/{crate}" for crate in _ALIENS)),
        folder="kernel",
        ld_folder=".",
        gnu_flags=(),
        flags=(),
        text=(("stext", "etext"),),
        written=(("sdata", "ebss"),),
        mapped=(("stext", "etext"), ("srodata", "sdata"), ("sdata", "ebss")),
        second_link=("ksyms_address", "ksyms_names_index", "ksyms_names", "ksyms_num"),
        late="ksyms",
    ),
]
# How both are compiled.
RUSTFLAGS = "-Cforce-unwind-tables -Cpanic=unwind"
STD = ("-Zbuild-std=core,alloc,compiler_builtins", "-Zbuild-std-features=compiler-builtins-mem")


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def run(command, folder, shell=False, **environment):
    environment = {**os.environ, **environment}
    done = subprocess.run(command, cwd=folder, env=environment, shell=shell, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        words = command if shell else " ".join(map(str, command))
        raise Failure(f"{words[:200]}: {said[-1500:]}")
    return done.stdout


class Readme:
    """The lines that a port's page tells a kernel's maintainer."""

    def __init__(self, text, where):
        self.text = text
        self.where = where

    def find(self, pattern):
        found = re.search(pattern, self.text, re.MULTILINE)
        if not found:
            raise Failure(f"{self.where} has no line like {pattern}")
        return found.group(1)

    def dependency(self):
        return self.find(r"^    (ebpf-\w+ = \{.*\})$")

    def make(self):
        return self.find(r"^    (make -C ebpf .*?)\s*(?:#.*)?$")

    def archive(self):
        return self.find(r"^    (EBPF_ARCHIVE=\S+) cargo")

    def modules(self):
        return self.find(r"^    (#\[path = .*\n    mod ebpf_glue;\n    mod ebpf_fill_in;)$").replace("\n    ", "\n")

    def fill_in(self):
        return self.find(r"`(cp \S+/fill_in\.rs \S+)`")

    def whole(self):
        return self.find(r"`(--whole-archive \S+ --no-whole-archive)`").split()

    def in_text(self):
        return self.find(r"`(__start_ebpf_noprobe = \.;[^`]*__stop_ebpf_noprobe = \.;)`")

    def blob(self):
        """What makes the source of the symbols' object, where the port has one."""
        return [self.find(r"^    tools/(ksym/ksym\.py .*?)\s*#.*$"), self.find(r"^    (printf .*ebpf_ksym\.S)$")]


class Build:
    """A kernel's tree with the port in it, in `work`."""

    def __init__(self, kernel, readme, work, cargo):
        self.kernel = kernel
        self.readme = readme
        self.home = work / kernel.name
        self.crate = (self.home / kernel.folder).resolve()
        self.ld_folder = (self.home / kernel.ld_folder).resolve()
        self.cargo = cargo
        self.target = work / "target"
        self.library = self.target / kernel.target / "release" / f"lib{kernel.crate}.a"
        self.archive = (self.ld_folder / readme.whole()[1]).resolve()

    def make(self):
        (self.crate / "src").mkdir(parents=True, exist_ok=True)
        self.vendor()
        run(self.readme.make(), self.home, shell=True)
        if not self.archive.exists():
            raise Failure(f"{self.readme.where}: make leaves nothing where ld looks for it")
        self.write_crate()
        self.compile()

    def vendor(self):
        folder = self.home / "ebpf"
        if folder.exists():
            try:
                run([ROOT / "tools/vendor", "--update", folder], ROOT)
                return
            except Failure:  # of a tree that is no more, or half of one
                shutil.rmtree(folder)
        run([ROOT / "tools/vendor", self.kernel.port, "--cpu", self.kernel.cpu, "--out", folder], ROOT)

    def write_crate(self):
        kernel = self.kernel
        stub = STUBS / kernel.stub / "src"
        root = (stub / "lib.rs").read_text(encoding="utf-8")
        root = root[: root.index("#[path")].replace("#![no_std]", "#![no_std]\n#![feature(lang_items)]")
        root = re.sub(r"^pub mod (\w+);", rf'#[path = "{stub}/\1.rs"]\npub mod \1;', root, flags=re.MULTILINE)
        root += f'#[path = "{LINKED / kernel.port}.rs"]\nmod image;\n\n{self.readme.modules()}\n'
        needs = [f'{pathlib.Path(crate).name.replace("_table", "-table")} = {{ path = "{STUBS / crate}" }}' for crate in kernel.needs]
        lines = [
            "[package]", f'name = "{kernel.crate}"', 'version = "0.0.0"', 'edition = "2021"',
            "[lib]", 'crate-type = ["staticlib"]', "[dependencies]", self.readme.dependency(), *needs,
        ]  # fmt: skip
        # Both kernels are workspaces, with the folder inside.
        workspace = ["[workspace]", 'resolver = "2"']
        if self.crate == self.home:
            lines += workspace
        else:
            write(self.home / "Cargo.toml", "\n".join([*workspace, f'members = ["{kernel.folder}"]', ""]))
        write(self.crate / "Cargo.toml", "\n".join([*lines, ""]))
        write(self.crate / "src/lib.rs", root)
        shutil.copy(LINKED / "crates.lock", self.home / "Cargo.lock")
        run(self.readme.fill_in(), self.home, shell=True)

    def compile(self):
        environment = {
            "RUSTC_BOOTSTRAP": "1",
            "RUSTFLAGS": RUSTFLAGS,
            "CARGO_TARGET_DIR": str(self.target),
            # A member of the library for each module: none comes in by another's name.
            "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "256",
        }
        words = f"{self.readme.archive()} {self.cargo} build --release --target {self.kernel.target} {' '.join(STD)}"
        try:
            said = run(f"{words} --offline 2>&1", self.crate, shell=True, **environment)
        except Failure:
            said = self.compile_online(f"{words} 2>&1", environment)
        if warnings := warnings_of(said):
            raise Failure(f"the kernel's build warns: {'; '.join(warnings)}")

    def compile_online(self, words, environment):
        try:
            return run(words, self.crate, shell=True, **environment)
        except Failure as failure:
            if re.search(r"failed to (download|get|query)|no matching package", str(failure)):
                raise Skip(f"a crate cannot be had: {failure}".replace("\n", "; ")) from failure
            raise


def warnings_of(said):
    """Those of cargo's that are of the folder."""
    return [": ".join(found) for found in re.findall(r"^warning: (.*)\n *--> \S*\bebpf/(\S+)", said, re.MULTILINE)]


def write(path, text):
    """Leaves a file as it is that has this text: what is made of it is new then."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


@dataclasses.dataclass(frozen=True)
class Definition:
    member: str
    is_weak: bool


def definitions(archive):
    """{name: Definitions} of what others can call in it."""
    found = collections.defaultdict(list)
    out = run(["llvm-nm-19", "--defined-only", "--extern-only", "--print-file-name", "--format=posix", archive], ROOT)
    for line in out.splitlines():
        member, name, kind = re.match(r".*\[(.*)\]: (\S+) (\S)", line).groups()
        found[name].append(Definition(member, kind in "WVwv"))
    return found


class Image:
    """A linked kernel, by its file and the linker's map."""

    # GNU ld's lines, the first two of which may be one; ld.lld's.
    _PIECES = (
        re.compile(r"^ (\S+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$", re.MULTILINE),
        re.compile(r"^ *([0-9a-f]+) +[0-9a-f]+ +([0-9a-f]+) +\d+ {9}(\S.*):\((.*)\)$", re.MULTILINE),
    )
    Piece = collections.namedtuple("Piece", "begin size archive member section")
    Section = collections.namedtuple("Section", "begin size flags offset")

    def __init__(self, path, map_path):
        self.path = path
        self.symbols = {}  # by name, where it is; None: it is nowhere
        for line in run(["llvm-nm-19", "--format=posix", path], ROOT).splitlines():
            name, kind, *rest = line.split()
            self.symbols[name] = None if kind in "Uwv" and not int(rest[0] if rest else "0", 16) else int(rest[0], 16)
        self.sections = {}
        for line in run(["llvm-readelf-19", "--sections", "--wide", path], ROOT).splitlines():
            if m := re.match(r"\s*\[\s*\d+\]\s+(\S+)\s+\S+\s+(\S+)\s+(\S+)\s+(\S+)\s+\S+\s+(\S*)", line):
                begin, offset, size = (int(word, 16) for word in m.group(2, 3, 4))
                self.sections[m.group(1)] = self.Section(begin, size, m.group(5), offset)
        self.pieces = sorted(self._pieces(map_path.read_text(encoding="utf-8")))
        if not self.pieces:
            raise Failure(f"nothing is in the map {map_path}")

    def _pieces(self, text):
        found = [(b, s, f, n) for n, b, s, f in self._PIECES[0].findall(text)] or self._PIECES[1].findall(text)
        for begin, size, file, section in found:
            archive = re.match(r"(?:.*/)?([^/()]+)\((.*)\)$", file)
            if archive and int(size, 16):
                yield self.Piece(int(begin, 16), int(size, 16), archive.group(1), archive.group(2), section)

    def owner(self, address):
        at = bisect.bisect_right(self.pieces, address, key=lambda piece: piece.begin) - 1
        piece = self.pieces[at]
        return piece if piece.begin <= address < piece.begin + piece.size else None

    def flags_at(self, address):
        return next((s.flags for s in self.sections.values() if "A" in s.flags and s.begin <= address < s.begin + s.size), "")

    def within(self, piece, ranges):
        """Whether it lies in one of `ranges`, which are pairs of symbols."""
        begin, end = piece.begin, piece.begin + piece.size
        return any(self.symbols[first] <= begin and end <= self.symbols[last] for first, last in ranges)

    def words(self, name, count):
        address = self.symbols[name]
        for section in self.sections.values():
            if "A" in section.flags and section.begin <= address < section.begin + section.size:
                at = section.offset + address - section.begin
                data = self.path.read_bytes()[at : at + 8 * count]
                return [int.from_bytes(data[8 * i : 8 * i + 8], "little") for i in range(count)]
        raise Failure(f"{name} is in no section")


# What a kernel would have to run, to fill in or to relocate.
_REFUSED = re.compile(r"\.(init_array|fini_array|preinit_array|ctors|dtors|init|fini|tdata|tbss|i?plt|rela?|dyn\w*|interp|(gnu\.)?hash)\b")


class Linked:
    """The archives of a build, and what becomes of them."""

    def __init__(self, build, linker, is_gnu):
        self.build = build
        self.kernel = build.kernel
        self.command = [linker, *(self.kernel.gnu_flags if is_gnu else ()), *self.kernel.flags]
        self.out = build.home / f"out_{pathlib.Path(linker).name}"
        self.out.mkdir(exist_ok=True)
        self.whole = build.readme.whole()
        self.ours = definitions(build.archive)
        self.kernels = definitions(build.library)
        self.images = {}

    def link(self, name, archives, in_text=None, also=()):
        if name not in self.images:
            script = (LINKED / f"{self.kernel.name}.ld").read_text(encoding="utf-8")
            lds, elf, map_path = (self.out / f"{name}.{kind}" for kind in ("lds", "elf", "map"))
            line = self.build.readme.in_text() if in_text is None else in_text
            lds.write_text(re.sub(r"^ *@IN_TEXT@$", lambda _: line, script, flags=re.MULTILINE), encoding="utf-8")
            arguments = ["-o", elf, *archives, *also, "-T", lds, f"-Map={map_path}"]
            run([*self.command, *arguments], self.build.ld_folder)
            self.images[name] = Image(elf, map_path)
        return self.images[name]

    def right(self):
        return self.link("kernel", [*self.whole, self.build.library])

    def services(self, image, ours_in=None, kernels_in=None):
        """Which of the contract's names are not the port's and the glue's own.
        Other archives may have the members."""
        parts = ((ours_in or self.build.archive, self.ours), (kernels_in or self.build.library, self.kernels))
        wrong = []
        for name in sorted({*self.ours, *self.kernels}):
            own = {(archive.name, d.member) for archive, found in parts for d in found.get(name, []) if not d.is_weak}
            if not name.startswith("ebpf_port_") or not own:
                continue
            if image.symbols.get(name) is None:
                wrong.append(f"{name} is not there")
                continue
            owner = image.owner(image.symbols[name])
            if owner is None or (owner.archive, owner.member) not in own:
                wrong.append(f"{name} is {owner.member if owner else 'nobody'}'s")
        return wrong

    # The cases: each gives what is wrong, and what it has looked at.

    def has_the_ports_own_services(self):
        asked = {f"ebpf_port_{service}" for service in rust_glue.CONTRACT[self.kernel.port].split()}
        given = {name for name, found in self.kernels.items() if name.startswith("ebpf_port_") and not found[0].is_weak}
        wrong = [f"{name} is not in the glue" for name in sorted(asked - given)]
        of_port = {n for n, found in self.ours.items() if n.startswith("ebpf_port_") and any(not d.is_weak for d in found)}
        return wrong + self.services(self.right()), f"{len(given)} are the glue's, {len(of_port)} the port's"

    def has_nothing_twice(self):
        """(The kernel's linker would be silent: `-z muldefs`.)"""
        strong = [{name for name, found in archive.items() if any(not d.is_weak for d in found)} for archive in (self.ours, self.kernels)]
        return [f"{name} is in both archives" for name in sorted(strong[0] & strong[1])], ""

    def asks_for_nothing_more(self):
        image = self.right()
        open_ = {name for name, address in image.symbols.items() if address is None} - {*self.kernel.second_link}
        wrong = [f"{name} is undefined" for name in sorted(open_)]
        wrong += [f"section {n}" for n, s in image.sections.items() if "A" in s.flags and s.size and _REFUSED.match(n)]
        if image.symbols.get("einit") != image.symbols.get("sinit"):
            wrong.append("the kernel would call what is in .init_array")
        relocations = run(["llvm-readelf-19", "--relocations", "--wide", self.build.archive], ROOT)
        wrong += sorted({*re.findall(r"R_\w+_GOT\w*", relocations)})
        return wrong, ""

    def lies_where_the_kernel_maps(self):
        return self.places(self.right())

    def places(self, image):
        wrong = set()
        ours = [piece for piece in image.pieces if piece.archive == self.build.archive.name]
        for piece in ours:
            flags = image.flags_at(piece.begin)
            if "A" in flags:
                ranges = self.kernel.text if "X" in flags else self.kernel.written if "W" in flags else self.kernel.mapped
                if not image.within(piece, ranges):
                    wrong.add(f"{piece.section} ({flags}) is outside of {ranges}")
        sizes = {}
        for section in ("ebpf_noprobe", "ebpf_static_sites", "ebpf_tracepoints"):
            begin, end = (image.symbols.get(f"__{side}_{section}") for side in ("start", "stop"))
            pieces = [piece for piece in image.pieces if piece.section == section]
            sizes[section] = end - begin if begin is not None and end is not None else 0
            if not pieces or not sizes[section]:
                wrong.add(f"{section} is empty")
            elif any(piece.begin < begin or piece.begin + piece.size > end for piece in pieces):
                wrong.add(f"{section} is not all between __start_{section} and __stop_{section}")
        members = {piece.member for piece in image.pieces if piece.section == "ebpf_noprobe"}
        for name in ("ebpf_port_cpu_id", "ebpf_port_irq_save", "ebpf_port_irq_restore"):
            if image.owner(image.symbols[name]).section != "ebpf_noprobe":
                wrong.add(f"{name} could be probed")
        return sorted(wrong), f"{sizes}, code without probes of {len(members)} members"

    def finds_its_symbols(self):
        """By the second link."""
        image = self.right()
        source, blob = self.out / "ebpf_ksym.S", self.out / "ebpf.ksym"
        if self.kernel.port == "dragonos":
            ksym, printf = self.build.readme.blob()
            tool = self.build.home / "ebpf/tools" / ksym.split()[0]
            shutil.copy(image.path, self.out / "kernel")
            run([sys.executable, tool, *ksym.split()[1:]], self.out)
            run(printf, self.out, shell=True)
        else:
            tables = "\n".join(f".globl {name}\n{name}: .8byte 1" for name in self.kernel.second_link)
            source.write_text(f".section .rodata\n.balign 8\n{tables}\n")
        made = self.out / "ebpf_ksym.o"
        run(["clang-19", f"--target={self.kernel.cpu}-linux-gnu", "-c", source, "-o", made], self.out)
        second = self.link("second", [*self.whole, self.build.library], also=[made])
        table = f"ebpf_late_{self.kernel.late}"
        expected = [second.symbols[name] for name in self.kernel.second_link]
        wrong = [] if second.words(table, len(expected)) == expected else [f"{table} has other addresses"]
        if self.kernel.port == "dragonos":
            run([sys.executable, tool, second.path, "--check", blob], self.out)
            if expected[1] - expected[0] != blob.stat().st_size:
                wrong.append("the blob is not all there")
        return wrong + self.services(second), ""

    # What is wrong on purpose; each gives what would be wrong if it was not seen.

    def loses_services_in_a_group(self):
        return self.loses(self.link("group", ["--start-group", self.build.library, self.build.archive, "--end-group"]))

    def loses_services_inside_of_the_library(self):
        """As a crate puts an archive of its own there."""
        inside = self.out / f"lib{self.kernel.crate}.a"
        inside.unlink(missing_ok=True)
        script = f"create {inside}\naddlib {self.build.library}\naddlib {self.build.archive}\nsave\nend\n"
        subprocess.run(["llvm-ar-19", "-M"], input=script, text=True, check=True)
        return self.loses(self.link("inside", [inside]), ours_in=inside)

    def loses(self, image, ours_in=None):
        lost = self.services(image, ours_in=ours_in)
        return ([] if len(lost) >= 3 else [f"it is not seen that defaults won; only: {lost}"]), f"{len(lost)} services: {'; '.join(lost)}"

    def misses_the_line_in_the_script(self):
        wrong, _ = self.places(self.link("no_line", [*self.whole, self.build.library], in_text=""))
        seen = [w for w in wrong if w.startswith("ebpf_noprobe (AX)")]
        return ([] if seen else [f"it is not seen that text lies elsewhere; only: {wrong}"]), "; ".join(seen)

    def misses_a_service_of_the_glue(self):
        library = self.out / "weak.a"
        run(["llvm-objcopy-19", "--weaken-symbol=ebpf_port_task_ids", self.build.library, library], self.out)
        lost = self.services(self.link("weak", [*self.whole, library]), kernels_in=library)
        return ([] if lost == ["ebpf_port_task_ids is absent.cc.o's"] else [f"it is not seen; only: {lost}"]), "".join(lost)


CASES = [
    "has_the_ports_own_services", "has_nothing_twice", "asks_for_nothing_more", "lies_where_the_kernel_maps", "finds_its_symbols",
    "loses_services_in_a_group", "loses_services_inside_of_the_library", "misses_the_line_in_the_script", "misses_a_service_of_the_glue",
]  # fmt: skip


class Report:
    def __init__(self):
        self.failed = False

    def case(self, name, function):
        """What `function` gives; None where that is nothing to go on with."""
        try:
            wrong, said = function()
        except Skip as skip:
            print(f"[TEST] SKIP rust_link.{name} {skip}", flush=True)
            return False
        except Failure as failure:
            wrong, said = [str(failure)], ""
        reason = "; ".join(wrong).replace("\n", "; ")[:3000]
        print(f"[TEST] {'FAIL' if reason else 'OK'} rust_link.{name} {reason}".rstrip(), flush=True)
        if said and not reason:
            print(f"  {said}"[:600])
        self.failed |= bool(reason)
        return not reason


def linkers(cpu):
    """(command, whether it is GNU's) of those that kernels for it are linked by."""
    gnu = shutil.which(f"{cpu}-linux-gnu-ld") or (shutil.which("ld") if os.uname().machine == cpu else None)
    return [("ld", gnu, True), ("lld", shutil.which("ld.lld-19"), False)]


def check(report, kernel, work, cargo):
    page = ROOT / f"ports/{kernel.port}/README.md"
    readme = Readme(page.read_text(encoding="utf-8"), page.relative_to(ROOT))
    build = None

    def builds():
        nonlocal build
        build = Build(kernel, readme, work, cargo)
        build.make()
        return [], ""

    if not report.case(f"{kernel.name}.is_built_as_the_readme_says", builds):
        return
    for name, linker, is_gnu in linkers(kernel.cpu):
        if linker is None:
            print(f"[TEST] SKIP rust_link.{kernel.name}.{name} there is no such linker for {kernel.cpu}", flush=True)
            continue
        linked = Linked(build, linker, is_gnu)
        for case in CASES:
            report.case(f"{kernel.name}.{name}.{case}", getattr(linked, case))


def main():
    cargo = sys.argv[1]
    work = pathlib.Path(os.environ["CARGO_TARGET_DIR"]).resolve() / "linked"
    work.mkdir(parents=True, exist_ok=True)
    report = Report()
    with open(work / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another tree's test may be here
        for kernel in KERNELS:
            if len(sys.argv) < 3 or re.search(sys.argv[2], kernel.name):
                check(report, kernel, work, cargo)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
