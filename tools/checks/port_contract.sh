#!/bin/bash
# SPDX-License-Identifier: MIT
#
# PORTING.md's tables of the contract are what core/platform's headers say.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
if reason="$(tools/port contract 2>&1)"; then
  echo "[TEST] OK PortContract.TablesAreTheHeaders"
else
  echo "[TEST] FAIL PortContract.TablesAreTheHeaders ${reason//$'\n'/; }"
  exit 1
fi
