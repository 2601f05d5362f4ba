#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Boots an image that is to die of what -append names, and looks for why.
# usage: death_test.sh RUNNER IMAGE NAME REASON
output=$("$1" --arch=riscv64 --image="$2" --raw --timeout=40 \
    --qemu-arg=-append --qemu-arg="$3")
status=$?
echo "$output"
if [ $status -eq 0 ]; then
  echo "$3: the guest ended well"
  exit 1
fi
if ! echo "$output" | grep -qF "$4"; then
  echo "$3: it did not die of: $4"
  exit 1
fi
