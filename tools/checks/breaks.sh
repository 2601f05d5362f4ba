#!/bin/bash
# SPDX-License-Identifier: MIT
#
# testing/BREAKS.md has each break of the tree, and no others.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
exec python3 tools/checks/breaks.py .
