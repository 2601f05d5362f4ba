# SPDX-License-Identifier: MIT
"""How much code a port is: every line outside core/ and arch/ that links into it."""

import pathlib
import re
from typing import NamedTuple

# What a port should not be larger than, with probes, in lines of code.
MOST_CPP = 400
MOST_RUST = 300

_CPP = {".cc", ".h", ".S"}
_SERVICE = re.compile(r"\b(ebpf_port_\w+)\([^;{}]*\)\s*\{")


# A port's folders and Rust modules of these names are for one CPU each: one of
# them links in.
_CPUS = {"aarch64", "riscv64", "x86_64"}

BEGIN = "<!-- tools/port contract --write makes what follows of ports/ -->\n"
END = "<!-- until here -->\n"

# Of what the page says. Who changes a few lines need not change the page.
_ROUND = 50


class SizeError(Exception):
    """A sentence."""


class Size(NamedTuple):
    port: str  # and its CPU, if it has several
    cpp: int  # lines of code
    cpp_all: int  # with comments and empty ones
    rust: int
    rust_all: int
    services: frozenset  # the functions of the contract that it defines


def sizes_of(root):
    ports = pathlib.Path(root) / "ports"
    sizes = []
    for folder in sorted(ports.iterdir()):
        if (folder / "BUILD").exists():
            cpus = sorted(_CPUS & {path.name for path in folder.iterdir() if path.is_dir()})
            sizes += [size_of(folder, cpu) for cpu in cpus or [""]]
    return sizes


def size_of(folder, cpu=""):
    cpp = cpp_all = rust = rust_all = 0
    services = set()
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.stem.endswith("_test"):
            continue
        if (_CPUS - {cpu}) & set(path.relative_to(folder).with_suffix("").parts):
            continue
        if path.suffix in _CPP:
            text = path.read_text(encoding="utf-8")
            cpp += code_lines(text)
            cpp_all += len(text.splitlines())
            services |= set(_SERVICE.findall(text))
        elif path.suffix == ".rs":
            text = path.read_text(encoding="utf-8")
            rust += code_lines(text)
            rust_all += len(text.splitlines())
    name = f"{folder.name}, {cpu}" if cpu else folder.name
    return Size(name, cpp, cpp_all, rust, rust_all, frozenset(services))


def code_lines(text):
    """Lines with more than comments. (Of C++, Rust and our assembly: // and /* */.)"""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.DOTALL)
    return sum(1 for line in text.splitlines() if line.split("//")[0].strip())


def table_of(sizes, services):
    """As Markdown; `services` are the contract's."""
    tier_0 = {s.name for s in services if s.tier == "T0" and not s.is_data}
    lines = [
        f"| port | C++, lines of code (at most {MOST_CPP}) | Rust (at most {MOST_RUST}) | with comments | functions of T0 | of all |",
        "|---|---|---|---|---|---|",
    ]
    for size in sizes:
        own = size.services & {s.name for s in services}
        lines.append(
            f"| `{size.port}` | {_bounded(size.cpp, MOST_CPP)} | {_bounded(size.rust, MOST_RUST)} "
            f"| {size.cpp_all} + {size.rust_all} | {len(own & tier_0)} | {len(own)} |"
        )
    return "\n".join(lines) + "\n"


def _bounded(number, most):
    return f"**{number}**" if number > most else str(number)


def with_table(page, sizes):
    """The page with its table made anew."""
    head, _, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not end:
        raise SizeError(f"no table of sizes: the page has no lines {BEGIN.strip()} and {END.strip()}")
    lines = ["| port | C++, lines of code at most | Rust |", "|---|---|---|"]
    lines += [f"| `{size.port}` | {_round_up(size.cpp)} | {_round_up(size.rust)} |" for size in sizes]
    return head + BEGIN + "\n" + "\n".join(lines) + "\n\n" + END + tail


def _round_up(number):
    return -(-number // _ROUND) * _ROUND
