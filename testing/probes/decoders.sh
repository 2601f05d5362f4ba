#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The tests of instruction knowledge at length: 30 M random instructions each,
# of which more than 10 M are such to both sides, and the text of large
# programs. README.md has the figures.
#
#   testing/probes/decoders.sh [MILLIONS] [MORE_PROGRAMS...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

millions="${1:-30}"
shift || true
tests=(arch/x86_64/insn_decoder_test arch/x86_64/insn_classes_test
       testing/probes/aarch64_decode_test testing/probes/riscv64_decode_test)

labels=()
for test in "${tests[@]}"; do labels+=("//${test%/*}:${test##*/}"); done
tools/bazel build -c opt "${labels[@]}" \
  //testing/guest/probes:every_function_dragonos_guest_test_image
bin="$(tools/bazel info -c opt bazel-bin)"

# Those that are there: a library of 100 MB, emulators, the guest's kernel.
programs=("$bin/testing/guest/probes/every_function_dragonos_guest_test_image.elf"
          "$@")
for file in /usr/lib/llvm-19/lib/libLLVM.so.1 \
            /usr/lib/x86_64-linux-gnu/libstdc++.so.6 \
            /usr/bin/qemu-system-aarch64 /usr/bin/git /usr/bin/python3; do
  if [[ -e "$file" ]]; then programs+=("$file"); fi
done

export EBPF_RANDOM_INSNS="${millions}000000"
export EBPF_PROGRAM_FILES="${programs[*]}"
for test in "${tests[@]}"; do
  echo "== $test"
  nice "$bin/$test" | grep -v '^\[\( RUN\|---\|===\)'
done
