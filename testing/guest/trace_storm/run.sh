#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The long forms of trace_storm_guest_test.cc, 10 000 cycles of each kind at two
# and at four CPUs: run.sh [KERNEL...], names of GUESTS in
# testing/guest/guest.bzl; all of them if none is named.
set -eu
if [ $# -eq 0 ]; then
  set -- dragonos dragonos_riscv64 plain plain_riscv64 alien
fi
tests=
for kernel in "$@"; do
  tests="$tests trace_storm_long_${kernel}_guest_test"
  case $kernel in
  alien | dragonos_riscv64) ;; # they have one CPU
  *) tests="$tests trace_storm_four_cpus_${kernel}_guest_test" ;;
  esac
done
# shellcheck disable=SC2086 # names without blanks
exec "$(dirname "$0")/../boot_long.sh" 14400 testing/guest/trace_storm $tests
