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


class Size(NamedTuple):
    port: str
    cpp: int  # lines of code
    cpp_all: int  # with comments and empty ones
    rust: int
    rust_all: int
    services: frozenset  # the functions of the contract that it defines


def sizes_of(root):
    ports = pathlib.Path(root) / "ports"
    return [size_of(folder) for folder in sorted(ports.iterdir()) if (folder / "BUILD").exists()]


def size_of(folder):
    cpp = cpp_all = rust = rust_all = 0
    services = set()
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.stem.endswith("_test"):
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
    return Size(folder.name, cpp, cpp_all, rust, rust_all, frozenset(services))


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
