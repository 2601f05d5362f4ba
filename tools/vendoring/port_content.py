# SPDX-License-Identifier: MIT
"""What a vendored folder holds: of a port's description, and of the tree."""

import pathlib
import re

import features
from vendored_folder import Content, VendoringError

_TEMPLATES = pathlib.Path(__file__).resolve().parent / "templates"
_MADE = "made"
_RUST_FACE = "core/capi/rust/src"
# What PORTING.md sends to.
_PAGES = ["ports/PORTING.md", "core/platform/README.md", "core/symbols/README.md", "tools/ksym/ksym.py"]


def version_of(root):
    """The newest version that CHANGELOG.md names."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(r"^## \[?(\d+\.\d+\.\d+)", text, re.MULTILINE)
    return found.group(1) if found else "0.0.0"


def title_of(description, without, version, commit):
    left_out = f", without {','.join(without)}" if without else ""
    return f"port {description['port']}, cpu {description['cpu']}{left_out}, version {version}, commit {commit}"


def port_cpu_without(title):
    """What title_of was made of: the port, its CPU and the features left out."""
    found = re.match(r"port (\S+), cpu ([^\s,]+)(?:, without (\S+))?, version ", title)
    if not found:
        raise VendoringError(f"the manifest names no port and CPU: {title}")
    port, cpu, without = found.groups()
    return port, cpu, features.parse(without) if without else []


def content_of(root, description, without, commit):
    """Everything that the folder of a port should hold, without some features."""
    version = version_of(root)
    content = Content(title_of(description, without, version, commit))
    sources = features.sources_without(description["sources"], without, description["cpu"])
    # The port's glue is a module of the kernel's own crate, which names it there.
    folders = [root / _RUST_FACE, root / "ports" / description["port"] / "rust"]
    rust = [path.relative_to(root).as_posix() for folder in folders for path in folder.rglob("*.rs")]
    # Headers are listed more than once where several libraries show them.
    for path in sorted(set(sources + description["headers"] + rust)):
        content.add(path, (root / path).read_bytes(), path)
    for path in ["LICENSE", f"ports/{description['port']}/README.md", *_PAGES]:
        content.add(path, (root / path).read_bytes(), path)

    def add_made(path, text):
        content.add(path, text.encode(), _MADE)

    flags = description["flags"]
    defines = ["-D" + d for d in description["defines"]]
    add_made("VERSION", version + "\n")
    add_made("sources.txt", _lines(sources))
    add_made("includes.txt", _lines(description["includes"]))
    add_made("flags/all.txt", _lines(flags["all"] + defines))
    for name in ["cpp", "clang", "gcc"]:
        add_made(f"flags/{name}.txt", _lines(flags[name]))
    values = {"@PORT@": description["port"], "@VERSION@": version}
    for template in sorted(_TEMPLATES.iterdir()):
        text = template.read_text(encoding="utf-8")
        for name, value in values.items():
            text = text.replace(name, value)
        content.add(template.name, text.encode(), f"tools/vendoring/templates/{template.name}")
    return content


def _lines(items):
    return "".join(item + "\n" for item in items)
