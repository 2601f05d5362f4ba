# SPDX-License-Identifier: MIT
"""The command tools/port."""

import argparse
import pathlib
import sys

import contract

_PAGE = "ports/PORTING.md"


def main(usage, root, arguments=None):
    parser = argparse.ArgumentParser(
        prog="tools/port", description=usage, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    table = commands.add_parser("contract", help="is PORTING.md's table core/platform's?")
    table.add_argument("--write", action="store_true", help="make it so")
    table.set_defaults(run=_contract)
    parser.add_argument("--root", type=pathlib.Path, default=root, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except contract.ContractError as error:
        for line in str(error).splitlines():
            print(f"tools/port: {line}", file=sys.stderr)
        return 1


def _contract(options):
    page = options.root / _PAGE
    text = page.read_text(encoding="utf-8")
    fresh = contract.with_table(text, contract.services_of(options.root))
    if options.write:
        page.write_text(fresh, encoding="utf-8")
    elif fresh != text:
        raise contract.ContractError(
            f"{_PAGE}: the tables are not what core/platform's headers say; tools/port contract --write mends that"
        )
    return 0
