#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds the Hermit kernels that the tests boot, where they are not built yet:
# minutes at the first time, nothing after that. One that cannot be built keeps
# none of the others away. tools/test.sh and tools/demo.sh call it.
set -uo pipefail
readonly build="$(dirname "${BASH_SOURCE[0]}")/build_kernel.sh"
status=0
for cpu in aarch64 riscv64 riscv64_smp x86_64 x86_64_smp; do
  "$build" --keep-work "$cpu" >/dev/null || status=1
done
"$build" --delete-work
exit "$status"
