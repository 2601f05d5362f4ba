#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds the Hermit kernels that the tests boot, where they are not built yet: a
# minute or two for each at the first time, nothing after that. One that cannot
# be built keeps none of the others away. tools/test.sh and tools/demo.sh call it.
set -uo pipefail
status=0
for cpu in aarch64 riscv64 riscv64_smp x86_64 x86_64_smp; do
  "$(dirname "${BASH_SOURCE[0]}")/build_kernel.sh" "$cpu" >/dev/null || status=1
done
exit "$status"
