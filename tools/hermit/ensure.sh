#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds the Hermit kernels that the tests boot, where they are not built yet:
# two minutes at the first time, nothing after that. tools/test.sh and
# tools/demo.sh call it.
set -euo pipefail
for cpu in aarch64; do
  "$(dirname "${BASH_SOURCE[0]}")/build_kernel.sh" "$cpu" >/dev/null
done
