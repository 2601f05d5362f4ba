#!/bin/sh
# SPDX-License-Identifier: MIT
#
# All of every_offset_guest_test.cc: run.sh [KERNEL...], names of GUESTS in
# testing/guest/guest.bzl; all of them if none is named.
set -eu
if [ $# -eq 0 ]; then
  set -- dragonos dragonos_riscv64 plain plain_riscv64 alien
fi
tests=
for kernel in "$@"; do
  tests="$tests every_offset_all_${kernel}_guest_test"
done
# shellcheck disable=SC2086 # names without blanks
exec "$(dirname "$0")/../boot_long.sh" 14400 testing/guest/probes $tests
