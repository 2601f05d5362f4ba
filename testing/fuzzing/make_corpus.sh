#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Makes the corpora of the fuzz targets over files anew: small objects as clang
# makes them of seeds/*.bpf.c, and their BTF.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

elf=core/elf/testdata/corpus
loader=core/loader/testdata/corpus
btf=core/btf/testdata/corpus
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$elf" "$loader" "$btf"

for source in testing/fuzzing/seeds/*.bpf.c; do
  name=$(basename "$source" .bpf.c)
  clang-19 --target=bpf -mcpu=v3 -O2 -g -Wall -Werror -ffreestanding \
    -fno-ident -fno-addrsig -fdebug-compilation-dir=. \
    -c "$source" -o "$work/$name.o"
  llvm-strip-19 --strip-debug "$work/$name.o"
  cp "$work/$name.o" "$loader/$name"
  # The ELF reader need not learn what BTF is.
  llvm-objcopy-19 --dump-section ".BTF=$work/$name.btf" "$work/$name.o"
  llvm-objcopy-19 -R .BTF -R .BTF.ext -R .rel.BTF -R .rel.BTF.ext \
    "$work/$name.o" "$elf/$name"
  # The first byte says that a whole blob follows, or types and strings.
  python3 - "$work/$name.btf" "$btf/$name" <<'PYTHON'
import struct, sys
blob = open(sys.argv[1], "rb").read()
size, type_at, type_size, string_at, string_size = struct.unpack("<5I", blob[4:24])
types = blob[size + type_at:][:type_size]
strings = blob[size + string_at:][:string_size]
open(sys.argv[2], "wb").write(b"\0" + blob)
body = bytes([1, type_size // 4]) + types + strings[1:-1]
open(sys.argv[2] + "_body", "wb").write(body)
PYTHON
done
