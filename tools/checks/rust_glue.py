#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the glues of ports/*/rust against what they are between:

  rust_glue.py RUSTC WORK   each function of kernel.h is exported, with its
                            types, and those of the contract have its; and where a signature of the stub kernel
                            (testing/rust_glue) is another one than the glue
                            knows, the glue does not compile

A case is one line, as tools/checks want it. tools/checks/rust_face.sh calls it.
"""

import concurrent.futures
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
STUBS = ROOT / "testing/rust_glue"

# Of each kernel, its crates in the order of their needs; the last has the glue.
CRATES = {
    "alien": [
        "calls",
        "alien/config",
        "alien/constants",
        "alien/ksync",
        "alien/page_table",
        "alien/mem",
        "alien/platform",
        "alien/vfscore",
        "alien/vfs",
        "alien/kernel",
    ],
    "dragonos": ["calls", "log", "dragonos/system_error", "dragonos"],
}
# What each has of the contract: of nothing else would be seen that it is missing,
# as core has a default.
CONTRACT = {
    "alien": "cpu_count log may_override panic stack_bounds task_comm task_ids task_pid",
    "dragonos": "alloc capable copy_from_user copy_to_user cpu_count cpu_id free may_override panic random"
    " task_comm task_ids task_pid",
    "hermit": "panic stack_bounds task_ids task_pid",
}
# Where the face has what a glue only names: export_port_functions_of_rust!(...).
OF_RUST = ROOT / "core/capi/rust/src/platform/export.rs"
# Nothing of the kernel's: what the tests look at, and how they begin.
_OF_TESTS = re.compile(r"/// [^\n]*\btests?\b[^\n]*\n(\s*///[^\n]*\n|\s*#\[[^\n]*\n)*\s*pub (unsafe )?fn (\w+)")
_CHANGE = "_changed: (u8, u8)"


def parameters(text, begin):
    """Where the parentheses that open behind `begin` close."""
    depth = 0
    for at in range(text.index("(", begin), len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return text.index("(", begin) + 1, at
    raise ValueError("a parenthesis does not close")


def signatures(text):
    """(name, text with one parameter more) of each function that the stub has
    of its kernel, with methods of traits and without what implements them."""
    helpers = {found.group(3) for found in _OF_TESTS.finditer(text)}
    # Where a trait is implemented its signatures are not said but followed.
    followed = [
        (found.start(), end_of_block(text, found.end()))
        for found in re.finditer(r"\bimpl\b[^{;]*\bfor\b[^{;]*\{", text)
    ]
    for found in re.finditer(r"\bfn (\w+)(<[^(]*>)?\(", text):
        name = found.group(1)
        is_pub = re.search(r"pub(\(crate\))?( const)?( unsafe)? $", text[: found.start()])
        in_trait = re.search(r"\n +(unsafe )?$", text[: found.start()])
        if name in helpers or not (is_pub or in_trait):
            continue
        if any(begin < found.start() < end for begin, end in followed):
            continue
        begin, end = parameters(text, found.start())
        old = text[begin:end].rstrip().rstrip(",")
        new = f"{old}, {_CHANGE}" if old.strip() else _CHANGE
        yield name, text[:begin] + new + text[end:]


def end_of_block(text, begin):
    depth = 1
    for at in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
    raise ValueError("a brace does not close")


class Kernel:
    """One stub kernel, compiled by rustc itself, as fast as that goes."""

    def __init__(self, rustc, work, name):
        self.rustc = rustc
        self.work = work / name
        self.name = name
        self.crates = CRATES[name]
        self.base = {"ebpf": self.compile(ROOT / "core/capi/rust/src/lib.rs", "ebpf", {}, self.work)}
        for crate in self.crates:
            path = STUBS / crate / "src/lib.rs"
            self.base[pathlib.Path(crate).name] = self.compile(path, pathlib.Path(crate).name, self.base, self.work)

    def compile(self, path, name, crates, out):
        out.mkdir(parents=True, exist_ok=True)
        made = out / f"lib{name}.rmeta"
        externs = [f"--extern={crate}={rmeta}" for crate, rmeta in crates.items()]
        command = [self.rustc, "--edition=2021", "--crate-type=lib", f"--crate-name={name}", "--emit=metadata"]
        command += ["--cap-lints=allow", *externs, f"-Ldependency={self.work}", "-o", str(made), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CompileError(done.stderr)
        return made

    def files(self):
        for crate in self.crates:
            for path in sorted((STUBS / crate / "src").rglob("*.rs")):
                if crate not in ("log", "calls"):
                    yield crate, path

    def try_with(self, crate, path, text):
        """What becomes of the glue where `path` of `crate` has `text`."""
        out = self.work / f"{path.stem}_{abs(hash((path, text)))}"
        copy = out / "testing/rust_glue" / crate
        (copy / "src").mkdir(parents=True)
        for folder in ("ports", "core"):
            (out / folder).symlink_to(ROOT / folder)
        for source in (STUBS / crate / "src").iterdir():
            if source != path:
                (copy / "src" / source.name).symlink_to(source)
        (copy / "src" / path.name).write_text(text, encoding="utf-8")
        crates = dict(self.base)
        try:
            for later in self.crates[self.crates.index(crate) :]:
                name = pathlib.Path(later).name
                root = copy if later == crate else STUBS / later
                crates[name] = self.compile(root / "src/lib.rs", name, crates, out)
        except CompileError as error:
            return "caught" if f"ports/{self.name}/rust/" in str(error) else "broken"
        return "not seen"


class CompileError(Exception):
    pass


def check_signatures(rustc, work, name):
    kernel = Kernel(rustc, work, name)
    tries = [(c, p, n, t) for c, p in kernel.files() for n, t in signatures(p.read_text(encoding="utf-8"))]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda x: kernel.try_with(x[0], x[1], x[3]), tries))
    of = {kind: [t[2] for t, r in zip(tries, results) if r == kind] for kind in ("caught", "broken", "not seen")}
    if of["not seen"]:
        return f"a stub has what its glue does not call: {', '.join(of['not seen'])}", ""
    if len(of["caught"]) < 25:
        return f"only {len(of['caught'])} signatures are looked at", ""
    return "", f"{len(of['caught'])} signatures changed; {len(of['broken'])} broke the stub itself: {', '.join(of['broken'])}"


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)


# Of C and of Rust, by what a register holds.
_SAME = {
    "size_t": "usize",
    "uintptr_t": "usize",
    "uint32_t": "u32",
    "uint64_t": "u64",
    "int": "c_int",
    "void": "()",
    "bool": "bool",
    "never": "!",
}


def split(text):
    """The parameters in `text`; those of functions among them are not."""
    parts, depth = [""], 0
    for c in text:
        depth += {"(": 1, ")": -1}.get(c, 0)
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return [" ".join(part.split()) for part in parts if part.strip() not in ("", "void")]


def kind_of_c(text, is_parameter):
    text = " ".join(text.split())
    if "(*" in text:
        return "function"
    if "*" in text:
        return "pointer"
    if re.search(r"noreturn|NORETURN", text):
        return _SAME["never"]
    words = re.sub(r"\b(const|unsigned|extern)\b", "", text).split()
    if words[0] == "struct":
        return "struct"
    return _SAME.get(words[0] if is_parameter else words[-1], text)


def kind_of_rust(text):
    text = text.strip()
    if "fn(" in text:
        return "function"
    if text.startswith("*"):
        return "pointer"
    return text if text in _SAME.values() else "struct"


def c_functions(text, prefix):
    """{name: [kinds of its parameters and of its result]}"""
    found = {}
    for match in re.finditer(rf"(?<!struct )\b({prefix}_\w+)\(", text):
        begin, end = parameters(text, match.start())
        before = re.split(r"[;{}]|\n\n", text[: match.start()])[-1]
        result = re.sub(r"#.*", "", before)
        kinds = [kind_of_c(part, True) for part in split(text[begin:end])]
        found[match.group(1)] = [*kinds, kind_of_c(result, False)]
    return found


def rust_functions(text, prefix):
    found = {}
    for match in re.finditer(rf"\bfn ({prefix}_\w+)\(", text):
        begin, end = parameters(text, match.start())
        result = re.match(r"\s*(?:->\s*([^{;]+))?", text[end + 1 :]).group(1) or "()"
        kinds = [kind_of_rust(part.split(":", 1)[1]) for part in split(text[begin:end])]
        found[match.group(1)] = [*kinds, kind_of_rust(result)]
    return found


def contract_of(glue, face):
    """What a glue's text has of the contract: its own, and the face's that it names."""
    face = rust_functions(face, "ebpf_port")
    named = " ".join(re.findall(r"\bexport_port_functions_of_rust!\(([^)]*)\)", glue)).split()
    return {**{name: face.get(name) for name in named}, **rust_functions(glue, "ebpf_port")}


def check_contract(name, glue):
    """What is wrong with what the glue has of core/platform; how much that is."""
    contract = {}
    for header in sorted((ROOT / "core/platform").glob("*.h")):
        contract.update(c_functions(without_comments(header.read_text(encoding="utf-8")), "ebpf_port"))
    given = contract_of(*(without_comments(path.read_text(encoding="utf-8")) for path in (glue, OF_RUST)))
    asked = {f"ebpf_port_{service}" for service in CONTRACT[name].split()}
    wrong = [f"{n}: {contract.get(n)}, {given.get(n)}" for n in sorted(asked | {*given}) if n not in asked or contract.get(n) != given.get(n)]
    return f"core/platform and {glue.name} differ in {'; '.join(wrong)}" if wrong else "", len(given)


def check_exports(name):
    """kernel.h and the glue have the same, but what is code and not a function;
    and so have those of each CPU. What the glue has of the contract is that."""
    port = ROOT / f"ports/{name}"
    wrong, count = check_contract(name, port / "rust/glue.rs")
    if wrong:
        return wrong, ""
    pairs = [(port / "kernel.h", port / "rust/glue.rs")]
    pairs += [(header, port / f"rust/{header.parent.name}.rs") for header in sorted(port.glob("*/kernel.h"))]
    for header, glue in pairs:
        asked = c_functions(without_comments(header.read_text(encoding="utf-8")), name)
        asked.pop("dragonos_trap_int3", None)  # the kernel's own entry
        given = rust_functions(without_comments(glue.read_text(encoding="utf-8")), name)
        if asked != given:
            names = sorted(n for n in {*asked, *given} if asked.get(n) != given.get(n))
            wrong = "; ".join(f"{n}: {asked.get(n)}, {given.get(n)}" for n in names)
            return f"{header.relative_to(port)} and {glue.name} differ in {wrong}", ""
        count += len(given)
    return "", f"{count} functions"


def main():
    rustc, work = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    wrong, _ = check_contract("hermit", ROOT / "ports/hermit/rust/ebpf.rs")
    print(f"[TEST] {'FAIL' if wrong else 'OK'} rust_glue.hermit.exports_what_the_contract_asks {wrong}".rstrip(), flush=True)
    failed = bool(wrong)
    for name in sorted(CRATES):
        for case, check in (
            ("exports_what_kernel_h_asks", lambda name=name: check_exports(name)),
            ("a_changed_signature_does_not_compile", lambda name=name: check_signatures(rustc, work, name)),
        ):
            try:
                reason, said = check()
            except CompileError as error:
                reason, said = str(error).replace("\n", "; ")[-500:], ""
            print(f"[TEST] {'FAIL' if reason else 'OK'} rust_glue.{name}.{case} {reason}".rstrip(), flush=True)
            print(f"  {said}" if said else "", end="\n" if said else "")
            failed |= bool(reason)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
