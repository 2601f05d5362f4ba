#!/bin/bash
# SPDX-License-Identifier: MIT
#
# SUPPORT.md says what the tables say, and each thing in it stands in a test.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
exec python3 tools/support.py --check
