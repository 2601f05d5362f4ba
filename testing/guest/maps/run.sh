#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The long form of this folder's tests: run.sh [KERNEL...], names of GUESTS in
# testing/guest/guest.bzl; all of them if none is named.
set -eu
if [ $# -eq 0 ]; then
  set -- dragonos dragonos_riscv64 plain alien
fi
tests=
for kernel in "$@"; do
  for name in storm probes_inside; do
    tests="$tests ${name}_long_${kernel}_guest_test"
  done
done
# shellcheck disable=SC2086 # names without blanks
exec "$(dirname "$0")/../boot_long.sh" 7200 testing/guest/maps $tests
