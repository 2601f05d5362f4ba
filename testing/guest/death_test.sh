#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Boots an image that is to die of what -append names, and looks for why.
# usage: death_test.sh RUNNER ARCH CPUS IMAGE NAME REASON
output=$("$1" --arch="$2" --cpus="$3" --image="$4" --raw --timeout=40 \
    --qemu-arg=-append --qemu-arg="$5")
status=$?
echo "$output"
if [ $status -eq 0 ]; then
  echo "$5: the guest ended well"
  exit 1
fi
if ! echo "$output" | grep -qF "$6"; then
  echo "$5: it did not die of: $6"
  exit 1
fi
