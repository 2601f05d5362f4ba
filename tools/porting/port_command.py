# SPDX-License-Identifier: MIT
"""The command tools/port."""

import argparse
import pathlib
import sys

import contract
import port_size
import skeleton

_PAGE = "ports/PORTING.md"


def main(usage, root, arguments=None):
    parser = argparse.ArgumentParser(
        prog="tools/port", description=usage, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=pathlib.Path, default=root, help=argparse.SUPPRESS)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    new = commands.add_parser("new", help="write ports/NAME")
    new.add_argument("name", metavar="NAME")
    new.add_argument("--cpu", required=True, choices=skeleton.CPUS)
    new.set_defaults(run=_new)

    missing = commands.add_parser("missing", help="which services of tier T0 ports/NAME has not yet")
    missing.add_argument("name", metavar="NAME")
    missing.set_defaults(run=_missing)

    size = commands.add_parser("size", help="how much code each port is")
    size.set_defaults(run=_size)

    table = commands.add_parser("contract", help="are PORTING.md's tables those of core/platform and ports/?")
    table.add_argument("--write", action="store_true", help="make it so")
    table.set_defaults(run=_contract)

    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except (contract.ContractError, port_size.SizeError, skeleton.SkeletonError) as error:
        for line in str(error).splitlines():
            print(f"tools/port: {line}", file=sys.stderr)
        return 1


def _new(options):
    files = skeleton.write(options.root, options.name, options.cpu)
    name = options.name
    print(f"ports/{name}: {', '.join(files)}")
    print(f"tools/build/layers.bzl: {name} is for {options.cpu}")
    _report(options)
    print("\nIt builds as it is, and says what is missing:")
    print(f"  bazel build //ports/{name}:{name}_archive")
    print("ports/PORTING.md tells what comes next.")
    return 0


def _missing(options):
    return 1 if _report(options) else 0


def _report(options):
    """How many are missing."""
    must = [s.name for s in contract.services_of(options.root) if not s.absent]
    missing = skeleton.missing(options.root, options.name)
    print(f"ports/{options.name}: {len(missing)} of the {len(must)} functions that every port has are missing" + ":" * bool(missing))
    for service, function in missing:
        print(f"  {service}: the kernel does not export {function}")
    return len(missing)


def _size(options):
    services = contract.services_of(options.root)
    print(port_size.table_of(port_size.sizes_of(options.root), services), end="")
    return 0


def _contract(options):
    page = options.root / _PAGE
    text = page.read_text(encoding="utf-8")
    fresh = contract.with_table(text, contract.services_of(options.root))
    fresh = port_size.with_table(fresh, port_size.sizes_of(options.root))
    if options.write:
        page.write_text(fresh, encoding="utf-8")
    elif fresh != text:
        raise contract.ContractError(
            f"{_PAGE}: the tables are not what core/platform's headers and the sources in ports/ say; tools/port contract --write mends that"
        )
    return 0
