#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Each port can be vendored, and two are built as a kernel's tree would.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
exec tools/vendoring/try_builds.py
