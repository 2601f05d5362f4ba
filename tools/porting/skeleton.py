# SPDX-License-Identifier: MIT
"""A new port: files that build at once, and say what is missing of tier T0."""

import pathlib
import re

CPUS = ["aarch64", "riscv64", "x86_64"]

_TEMPLATES = pathlib.Path(__file__).resolve().parent / "skeleton"
_SUFFIX = ".skeleton"
_NAME = re.compile(r"[a-z][a-z0-9_]{1,23}")
# A port is a namespace in ebpf::, a folder and a prefix of C functions.
_TAKEN = set(CPUS) | {
    "arch", "core", "ebpf", "host", "internal", "isa", "linux_abi", "machine", "memory", "perf", "platform", "port",
    "ports", "probes", "selftest", "symbols", "sync", "testing", "tools",
}  # fmt: skip
_KEYWORDS = set(
    "alignas alignof and asm auto bitand bitor bool break case catch char class compl concept const consteval "
    "constexpr constinit continue decltype default delete do double else enum explicit export extern false float for "
    "friend goto if inline int long mutable namespace new noexcept not nullptr operator or private protected public "
    "register requires return short signed sizeof static struct switch template this throw true try typedef typeid "
    "typename union unsigned using virtual void volatile while xor".split()
)
_MISSING = re.compile(r"^MISSING\((\w+), (\w+),", re.MULTILINE)
_API = re.compile(r"^#define EBPF_PORT_API (\d+)", re.MULTILINE)
_ARCHES = re.compile(r"^PORT_ARCHES = \{\n(.*?)^\}\n", re.MULTILINE | re.DOTALL)


class SkeletonError(Exception):
    """A sentence for the user."""


def check_name(name):
    if not _NAME.fullmatch(name):
        raise SkeletonError(
            f"'{name}' cannot be a port's name: 2 to 24 of a-z, 0-9 and _, a letter first "
            "(it is a folder, a namespace and what the kernel's functions begin with)"
        )
    if name in _TAKEN or name in _KEYWORDS or name.startswith("ebpf_"):
        raise SkeletonError(f"'{name}' cannot be a port's name: C++ or this project has that word already")


def write(root, name, cpu):
    """Writes ports/NAME, all of it or nothing; its files."""
    check_name(name)
    folder = root / "ports" / name
    if folder.exists():
        raise SkeletonError(f"ports/{name} is there already; nothing is written over it")
    layers = root / "tools/build/layers.bzl"
    layers_text = _with_port(layers.read_text(encoding="utf-8"), name, cpu)
    version = (root / "core/platform/version.h").read_text(encoding="utf-8")
    values = {"@NAME@": name, "@UPPER@": name.upper(), "@CPU@": cpu, "@API@": _API.search(version).group(1)}
    texts = {}
    for template in sorted(_TEMPLATES.iterdir()):
        file = template.name.removesuffix(_SUFFIX)
        text = template.read_text(encoding="utf-8")
        for key, value in values.items():
            text = text.replace(key, value)
        texts[file] = text
    folder.mkdir(parents=True)
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    layers.write_text(layers_text, encoding="utf-8")
    return sorted(texts)


def _with_port(text, name, cpu):
    """tools/build/layers.bzl with the port's CPU."""
    found = _ARCHES.search(text)
    if not found:
        raise SkeletonError("tools/build/layers.bzl has no PORT_ARCHES")
    lines = found.group(1).splitlines()
    lines.append(f'    "{name}": ["{cpu}"],')
    return text[: found.start(1)] + "\n".join(sorted(lines)) + "\n" + text[found.end(1) :]


def missing(root, name):
    """(service, function) of each that the kernel does not export yet."""
    folder = root / "ports" / name
    if not folder.is_dir():
        raise SkeletonError(f"there is no ports/{name}")
    path = folder / "missing.def"
    return _MISSING.findall(path.read_text(encoding="utf-8")) if path.exists() else []
