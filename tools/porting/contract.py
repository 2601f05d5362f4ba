# SPDX-License-Identifier: MIT
"""The contract of ports, read out of core/platform's headers.

Each declaration of an ebpf_port_* there has a comment with its context and,
where core has a default, `Default:` and `Absent:`, what its absence costs. Its
tier is the header's, or its own ("Tier T3."). PORTING.md's table is made of
that, so that it cannot say anything else.
"""

import pathlib
import re
from typing import NamedTuple

TIERS = ["T0", "T1", "T2", "T3", "T4"]
BEGIN = "<!-- tools/port contract --write makes what follows of core/platform's headers -->\n"
END = "<!-- until here -->\n"

_HEADERS = "core/platform"
_FACE = '\nextern "C" {\n'
# Weak definitions, one statement each.
_DEFAULTS = ["absent.cc", "interrupts.cc", "nofault.cc", "this_cpu.cc", "version.cc"]
_NAME = re.compile(r"\b(ebpf_port_\w+)\s*(\(|;)")
_DEFAULT = re.compile(r"(?:EBPF_ABSENT|__attribute__\(\(weak\)\))[^{};=]*?\b(ebpf_port_\w+)(?=\(| =)")
_TIER = re.compile(r"\bTier (T\d)\b")


class Service(NamedTuple):
    name: str
    header: str
    tier: str
    what: str
    context: str
    absent: str  # what its absence costs; empty: every port has it
    is_data: bool


class ContractError(Exception):
    """Sentences, each of what is wrong in one declaration."""


def services_of(root):
    """All of the contract, by tier and in the headers' order."""
    folder = pathlib.Path(root) / _HEADERS
    defaults = set()
    for name in _DEFAULTS:
        defaults |= set(_DEFAULT.findall((folder / name).read_text(encoding="utf-8")))
    services = []
    errors = []
    for header in sorted(folder.glob("*.h")):
        text = header.read_text(encoding="utf-8")
        if _FACE not in text:
            continue  # made of the services
        for service in _of_header(header.name, text):
            errors += _errors(service, service.name in defaults)
            services.append(service)
    unknown = defaults - {s.name for s in services}
    errors += [f"{name} has a default and is declared nowhere" for name in sorted(unknown)]
    if errors:
        raise ContractError("\n".join(errors))
    return sorted(services, key=lambda s: TIERS.index(s.tier))


def _of_header(header, text):
    file_tier = _TIER.search(text.split("#pragma once")[0])
    for comment, declaration in _declarations(text[text.index(_FACE) + len(_FACE) :]):
        found = _NAME.search(declaration)
        if not found:
            continue  # a type
        own_tier = _TIER.search(comment)
        tier = own_tier or file_tier
        yield Service(
            name=found.group(1),
            header=header,
            tier=tier.group(1) if tier else "",
            what=_sentence(comment),
            context=_after("Context", comment),
            absent=_after("Absent", comment),
            is_data=found.group(2) == ";",
        )


def _declarations(text):
    """Each comment of `///` with the declaration behind it, braces left out."""
    comment = ""
    declaration = ""
    depth = 0
    for line in text.splitlines():
        if line.startswith("///"):
            comment += line[3:].strip() + " "
            continue
        code = line.split("//")[0].rstrip()
        if depth == 0 and not code.startswith("#"):
            declaration += code.split("{")[0] + " "
        depth += code.count("{") - code.count("}")
        if depth < 0:
            return  # the end of extern "C"
        if depth == 0 and code.endswith(";"):
            yield comment.strip(), declaration
            comment = ""
            declaration = ""


def _errors(service, has_default):
    place = f"core/platform/{service.header}: {service.name}"
    if service.tier not in TIERS:
        yield f"{place}: neither it nor its header says its tier"
    if not service.context:
        yield f"{place}: its comment has no `Context:`"
    if has_default and not service.absent:
        yield f"{place}: it has a default, and its comment no `Absent:`, what that costs"
    if service.absent and not has_default:
        yield f"{place}: `Absent:` tells what its absence costs, but absent.cc has no default"


def _sentence(words):
    """The first one, or what of it says what the service is."""
    return re.split(r"[;:] |(?<=[^.])\.(?: |$)", words)[0]


def _after(mark, words):
    found = re.search(rf"\b{mark}: (.*?[^.])\.(?= [A-Z]|$)", words)
    return found.group(1) if found else ""


def table_of(services):
    """The tables, as Markdown."""
    lines = []
    for tier in TIERS:
        own = [s for s in services if s.tier == tier]
        if not own:
            continue
        functions = [s for s in own if not s.is_data]
        must = sum(not s.absent for s in own)
        lines += [
            f"### {tier}: {_count(len(functions), 'function')}, {must or 'none'} of them in every port",
            "",
            "| name (`ebpf_port_...`) | header | what it is | context | without it |",
            "|---|---|---|---|---|",
        ]
        for s in own:
            name = s.name.removeprefix("ebpf_port_") + (" (data)" if s.is_data else "")
            absent = s.absent or "**every port has it**"
            lines.append(f"| `{name}` | `{s.header}` | {_cell(s.what)} | {_cell(s.context)} | {_cell(absent)} |")
        lines.append("")
    return "\n".join(lines)


def _count(number, what):
    return f"{number} {what}" + ("" if number == 1 else "s")


def _cell(text):
    return text.replace("|", "\\|")


def with_table(page, services):
    """`page` with the table between its marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ContractError(f"ports/PORTING.md has not the lines\n{BEGIN}{END}between which its table stands")
    return before + BEGIN + "\n" + table_of(services) + "\n" + END + after
