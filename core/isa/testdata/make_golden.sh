#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Writes the golden files beside it with LLVM's own assembler, compiler and
# disassembler: per line the bytes, a tab, the text without symbols.
#
# llvm20.golden is written by hand: what LLVM 19 does not know yet, in the words
# of LLVM 20's own tests.
set -eu
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

dump() {
  llvm-objdump-19 -d --mcpu=v4 "$scratch/$1.o" |
    sed -n 's/^ *[0-9a-f]*:\t\([0-9a-f ]*[0-9a-f]\)\t/\1\t/p' |
    sed 's/ <[^<>]*>$//; s/ld_pseudo\t/ld_pseudo /' > "$1.golden"
}

clang-19 --target=bpf -c every_insn.s -o "$scratch/every_insn.o"
dump every_insn
clang-19 --target=bpf -mcpu=v4 -O2 -c sample.bpf.c -o "$scratch/sample.o"
dump sample
wc -l every_insn.golden sample.golden
