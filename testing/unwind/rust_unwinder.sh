#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Whether Rust's unwinder for kernels (the crate unwinding, from crates.io by
# Cargo) finds its way through the stubs of followed calls, on an x86-64 host:
# with the feature dwarf-expr it must, and without it must say that it cannot.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="${here%/testing/unwind}"
target="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ext_ebpf/unwind}"
out="$(mktemp -d)"
trap 'rm -rf "$out"' EXIT

build() {  # FEATURES
  RUSTC_BOOTSTRAP=1 cargo build --release --quiet --locked --features "$1" \
    --manifest-path "$here/rust/Cargo.toml" --target-dir "$target"
  clang++-19 -std=c++20 -O1 -Wall -Wextra -fno-exceptions \
    -fasynchronous-unwind-tables -I"$root" -o "$out/panics" \
    "$here/rust_main.cc" "$root/arch/x86_64/machine/return_trampoline.S" \
    "$target/release/librust_unwinder.a"
}

build dwarf-expr
"$out/panics"
build ""
if "$out/panics" >"$out/log"; then
  echo "without dwarf-expr it should have failed" >&2
  exit 1
fi
echo "without dwarf-expr: $(tail -1 "$out/log")"
