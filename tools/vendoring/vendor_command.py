# SPDX-License-Identifier: MIT
"""The command tools/vendor."""

import argparse
import json
import re
import subprocess
import sys

import features
import port_content
import vendored_folder
from vendored_folder import Manifest, Update, VendoringError


def _run(root, *arguments):
    done = subprocess.run(arguments, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise VendoringError(f"{' '.join(arguments)} failed:\n{done.stderr.strip()}")
    return done.stdout


def _bazel(root, *arguments):
    return _run(root, str(root / "tools/bazel"), *arguments)


def ports(root):
    """{(port, cpu): label of its description}."""
    labels = _bazel(root, "query", "--noshow_progress", "kind(port_description, //ports/...)")
    found = {}
    for label in labels.split():
        name = re.fullmatch(r"//ports/([^/:]+):\1_(\w+?)_description", label)
        if name:
            found[name.groups()] = label
    return found


def describe(root, port, cpu):
    known = ports(root)
    if (port, cpu) not in known:
        there = ", ".join(f"{p} ({c})" for p, c in sorted(known))
        raise VendoringError(f"no port {port!r} for CPU {cpu!r}; there are: {there}")
    label = known[port, cpu]
    _bazel(root, "build", "--noshow_progress", label)
    bin_folder = _bazel(root, "info", "--noshow_progress", "bazel-bin").strip()
    path = f"{bin_folder}/{label[2:].replace(':', '/')}.json"
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def _commit(root):
    try:
        return _run(root, "git", "describe", "--always", "--dirty").strip()
    except (VendoringError, FileNotFoundError):
        return "unknown"


def _content(root, port, cpu, without):
    return port_content.content_of(root, describe(root, port, cpu), without, _commit(root))


def _create(root, options):
    without = features.parse(options.without) if options.without is not None else []
    content = _content(root, options.port, options.cpu, without)
    vendored_folder.create(options.out, content)
    print(f"{options.out}: {len(content.files)} files; {content.title}")


def _update(root, options):
    title = Manifest.read(options.update).title
    update = Update(options.update, _content(root, *port_content.port_cpu_without(title)))
    conflicts = {path for path, _ in update.conflicts}
    for sign, paths in [("+", update.added), ("~", update.changed), ("-", update.removed)]:
        for path in paths:
            print(f"{sign} {path}{' (a conflict)' if path in conflicts else ''}")
    for path in update.kept:
        print(f"  {path} is not ours, and stays")
    if options.dry_run:
        return
    update.apply(options.force)
    count = len(update.added) + len(update.changed) + len(update.removed)
    print(f"{options.update}: {count} files changed; {update.content.title}")


def _check(options):
    findings = vendored_folder.check(options.check)
    for what, path in findings:
        print(f"{path}: {what}")
    bad = [f for f in findings if f[0] != "not ours"]
    print(f"{options.check}: {len(bad)} files are not as they were written")
    return 1 if bad else 0


def _parse(text, arguments):
    parser = argparse.ArgumentParser(
        prog="tools/vendor", description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("port", nargs="?", metavar="PORT")
    parser.add_argument("--cpu", metavar="CPU")
    parser.add_argument("--out", metavar="DIR")
    parser.add_argument(
        "--without", metavar="FEATURE,...", help=f"leaves out what the kernel does not need: {', '.join(features.NAMES)}"
    )
    parser.add_argument("--update", metavar="DIR")
    parser.add_argument("--check", metavar="DIR")
    parser.add_argument("--dry-run", action="store_true", help="with --update: show it only")
    parser.add_argument(
        "--force",
        action="store_true",
        help="with --update: local edits are overwritten, and kept as PATH.local",
    )
    options = parser.parse_args(arguments)
    modes = [options.port is not None, options.update is not None, options.check is not None]
    if sum(modes) != 1:
        parser.error("name a PORT, or --update DIR, or --check DIR")
    if options.port is not None and (options.cpu is None or options.out is None):
        parser.error("a new folder takes --cpu CPU and --out DIR")
    if options.update is None and (options.dry_run or options.force):
        parser.error("--dry-run and --force go with --update")
    if options.port is None and (options.cpu, options.out, options.without) != (None, None, None):
        parser.error("--cpu, --out and --without go with a PORT; the folder knows its own")
    return options


def main(text, root, arguments=None):
    options = _parse(text, arguments)
    try:
        if options.check is not None:
            return _check(options)
        if options.update is not None:
            _update(root, options)
        else:
            _create(root, options)
    except VendoringError as error:
        print(f"tools/vendor: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"tools/vendor: {error}", file=sys.stderr)
        return 1
    return 0
