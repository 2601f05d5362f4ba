#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What `tools/port new` writes compiles for each CPU, and says what is missing.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
exec python3 tools/porting/try_skeleton.py .
