#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Each test that a document names exists.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
exec python3 tools/checks/named_tests.py .
