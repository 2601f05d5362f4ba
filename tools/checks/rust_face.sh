#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds and tests core/capi/rust, the face for kernels in Rust, by cargo: on the
# host port and on a port in Rust; what a place of a tracepoint is while nobody
# asks, on each CPU; what clippy and rustfmt say, where they are installed.
#
# The compiler is Debian's 1.85, which tools/hermit has unpacked, or else the one
# on PATH; RUST_FACE_CARGO=/some/bin/cargo names another. Nothing is installed
# where there is none, and the cases are skipped.
set -uo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
face="$root/core/capi/rust"
cache="${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/ext_ebpf"
hermit="${EBPF_HERMIT_CACHE:-$cache/hermit}"
failed=0

# Reports case $1 with verdict $2 and the reason behind that.
report() {
  local name="$1" verdict="$2"
  shift 2
  echo "[TEST] $verdict rust_face.$name $*"
  if [[ "$verdict" == FAIL ]]; then failed=1; fi
}

# The same for a command: its last line that says why it failed.
check() {
  local name="$1" said
  shift
  if said="$("$@" 2>&1)"; then
    report "$name" OK
  else
    report "$name" FAIL "$(grep -m1 -E '^error|panicked|cannot' <<<"$said" ||
      tail -n 1 <<<"$said")"
    echo "$said" >&2
  fi
}

unset RUSTUP_TOOLCHAIN RUSTC_WRAPPER CARGO_BUILD_TARGET RUSTFLAGS
export CARGO_TERM_COLOR=never
cargo=
rust_sources=
if [[ -n "${RUST_FACE_CARGO:-}" ]]; then
  cargo="$RUST_FACE_CARGO"
else
  for rust in "$hermit"/rust-*; do
    if [[ -x "$rust/usr/bin/cargo" && -x "$rust/usr/bin/rustc" ]]; then
      cargo="$rust/usr/bin/cargo"
      libraries=("$rust"/usr/lib/*-linux-gnu "$rust"/lib/*-linux-gnu)
      export LD_LIBRARY_PATH="$(IFS=:; echo "${libraries[*]}")"
      export RUSTC="$rust/usr/bin/rustc" CARGO_HOME="$hermit/cargo-home"
    fi
  done
  if [[ -z "$cargo" ]]; then cargo="$(command -v cargo)"; fi
fi
rustc="${RUSTC:-rustc}"
version="$("$rustc" --version 2>/dev/null | sed -n 's/^rustc 1\.\([0-9]*\).*/\1/p')"
if [[ ! -x "$cargo" || -z "$version" ]]; then
  report cargo_test SKIP "no cargo; tools/hermit/ensure.sh unpacks Debian's"
  exit 0
fi
if ((version < 85)); then
  report cargo_test SKIP "Rust 1.$version is too old; tools/hermit/ensure.sh" \
    "unpacks 1.85"
  exit 0
fi
if ((version < 87)); then
  export RUSTC_BOOTSTRAP=1  # asm! with labels
fi
for linker in clang-19 clang gcc-12 cc; do
  if command -v "$linker" >/dev/null; then
    triple="$("$rustc" -vV | sed -n 's/^host: //p' | tr a-z- A-Z_)"
    export "CARGO_TARGET_${triple}_LINKER=$linker"
    break
  fi
done
if [[ -z "${CXX:-}" ]] && command -v clang++-19 >/dev/null; then
  export CXX=clang++-19
fi
export CARGO_TARGET_DIR="${RUST_FACE_TARGET:-$cache/rust/1.$version}"
cd "$face" || exit 1

# The crate cc, once; everything behind this is offline.
if ! "$cargo" fetch --locked --offline >/dev/null 2>&1 &&
  ! said="$("$cargo" fetch --locked 2>&1)"; then
  report cargo_test SKIP "the crate cc cannot be had: $(tail -n 1 <<<"$said")"
  exit 0
fi

log="$(mktemp)"
trap 'rm -f "$log"' EXIT
"$cargo" test --locked --offline >"$log" 2>&1
status=$?
grep '^\[TEST\]' "$log"
if ((status == 0)); then
  report "cargo_test_of_1.$version" OK
else
  failed=1
  report "cargo_test_of_1.$version" FAIL \
    "$(grep -m1 -E '^error|cannot be' "$log" || tail -n 1 "$log")"
  cat "$log" >&2
fi
exit "$failed"
