#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Boots an image that is to die of what -append names, and looks for why.
# usage: death_test.sh RUNNER ARCH CPUS IMAGE NAME REASON [QEMU'S ARGUMENTS]
runner=$1 arch=$2 cpus=$3 image=$4 name=$5 reason=$6
shift 6
output=$("$runner" --arch="$arch" --cpus="$cpus" --image="$image" --raw \
    --timeout=40 --qemu-arg=-append --qemu-arg="$name" \
    "${@/#/--qemu-arg=}")
status=$?
echo "$output"
if [ $status -eq 0 ]; then
  echo "$name: the guest ended well"
  exit 1
fi
if ! echo "$output" | grep -qF "$reason"; then
  echo "$name: it did not die of: $reason"
  exit 1
fi
