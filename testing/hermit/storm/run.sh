#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The storms at length, 1 000 cycles of each kind: run.sh [CPU...], Hermit's CPUs
# in tools/hermit/hermit.bzl; all of them if none is named.
set -eu
if [ $# -eq 0 ]; then
  set -- aarch64 riscv64 x86_64
fi
tests=
for cpu in "$@"; do
  tests="$tests storm_long_${cpu}_test"
done
# shellcheck disable=SC2086 # names without blanks
exec "$(dirname "$0")/../../guest/boot_long.sh" 3600 testing/hermit/storm $tests
