#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The long forms of come_and_go_guest_test.cc: run.sh [KERNEL...], names of
# GUESTS in testing/guest/guest.bzl; all of them if none is named.
set -eu
if [ $# -eq 0 ]; then
  set -- dragonos dragonos_riscv64 plain plain_riscv64 alien
fi
tests=
for kernel in "$@"; do
  tests="$tests come_and_go_long_${kernel}_guest_test"
  case $kernel in
  alien | dragonos_riscv64) ;; # they have one CPU
  *) tests="$tests come_and_go_four_cpus_${kernel}_guest_test" ;;
  esac
done
# shellcheck disable=SC2086 # names without blanks
exec "$(dirname "$0")/../boot_long.sh" 14400 testing/guest/storm $tests
