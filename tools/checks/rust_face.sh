#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds and tests core/capi/rust, the face for kernels in Rust, by cargo: on the
# host port and on a port in Rust; the glues of ports, and images of them and the
# ports; what a place of a tracepoint is while nobody asks, and does while somebody
# does, on each CPU; what clippy and rustfmt say, where they are installed.
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

unset RUSTUP_TOOLCHAIN RUSTC_WRAPPER CARGO_BUILD_TARGET RUSTFLAGS
export CARGO_TERM_COLOR=never
cargo=
if [[ -n "${RUST_FACE_CARGO:-}" ]]; then
  cargo="$RUST_FACE_CARGO"
else
  for rust in "$hermit"/rust-*; do
    if [[ -x "$rust/usr/bin/cargo" && -x "$rust/usr/bin/rustc" ]]; then
      cargo="$rust/usr/bin/cargo"
      libraries=("$rust"/usr/lib/*-linux-gnu "$rust"/lib/*-linux-gnu)
      export LD_LIBRARY_PATH="$(IFS=:; echo "${libraries[*]}")"
      export RUSTC="$rust/usr/bin/rustc" RUSTDOC="$rust/usr/bin/rustdoc"
      export CARGO_HOME="$hermit/cargo-home"
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
  report cargo_test SKIP "the crate cc cannot be had: $(grep -m1 ^error <<<"$said")"
  exit 0
fi

log="$(mktemp)"
nothing="$(mktemp -d)"  # in place of the C++, where nothing is linked
links="$(mktemp)"
trap 'rm -rf "$log" "$nothing" "$links"' EXIT
printf '!<arch>\n' | tee "$nothing/libebpf_core.a" \
  "$nothing/libebpf_host_port.a" >"$nothing/libebpf_test.a"

# Runs cargo into the log; what it said where it failed goes to the case $1.
run() {
  local name="$1"
  shift
  if "$@" >"$log" 2>&1; then return 0; fi
  if grep -qE 'failed to (download|get|query)|no matching package' "$log"; then
    report "$name" SKIP "a crate cannot be had: $(grep -m1 '^error' "$log")"
  else
    report "$name" FAIL "$(grep -m1 -E '^error|cannot be|Diff in' "$log" ||
      tail -n 1 "$log")"
    cat "$log" >&2
  fi
  return 1
}

run "cargo_test_of_1.$version" "$cargo" test --locked --offline &&
  report "cargo_test_of_1.$version" OK
grep '^\[TEST\]' "$log"

# The glues of ports in kernels of stubs: run on the host, with the C++ that was
# just made; compiled for their kernels' CPUs; and held to the signatures.
glues="$root/testing/rust_glue"
made="$("$cargo" test --locked --offline --no-run --message-format=json \
  2>/dev/null | sed -n \
  's/.*"build-script-executed".*"out_dir":"\([^"]*\/ebpf-[^"]*\)".*/\1/p' |
  head -n 1)"
cd "$glues" || exit 1
run glue_test env EBPF_ARCHIVES="${EBPF_ARCHIVES:-$made}" \
  "$cargo" test --locked --offline --package dragonos --package kernel &&
  report glue_test OK
grep '^\[TEST\]' "$log"
mutants="$(mktemp -d)"
python3 "$root/tools/checks/rust_glue.py" "$rustc" "$mutants" || failed=1
rm -rf "$mutants"
glue_for() {
  local name="glue.$1.$2"
  if [[ ! -e "$sysroot/lib/rustlib/src/rust/library/Cargo.toml" ]]; then
    report "$name" SKIP "this Rust has no sources of its own;" \
      "tools/hermit/ensure.sh unpacks one that has"
    return
  fi
  run "$name" env RUSTC_BOOTSTRAP=1 EBPF_ARCHIVES="$nothing" "$cargo" check \
    --locked --package "$1" --target "$2" -Zbuild-std=core,alloc &&
    report "$name" OK
}
sysroot="$("$rustc" --print sysroot)"
# Linked with the ports' C++, as those kernels' makefiles do.
link() {
  if [[ -e "$sysroot/lib/rustlib/src/rust/library/Cargo.toml" ]]; then
    python3 "$root/tools/checks/rust_link.py" "$cargo"
  else
    report link SKIP "this Rust has no sources of its own;" \
      "tools/hermit/ensure.sh unpacks one that has"
  fi
}
# It builds in a folder of its own, while a Rust compiler has one CPU busy.
link >"$links" &
linking=$!
glue_for dragonos x86_64-unknown-none
glue_for dragonos riscv64gc-unknown-none-elf
glue_for kernel riscv64gc-unknown-none-elf
cd "$face" || exit 1

# What a place is while nobody asks, as kernels for each CPU are compiled, $1.
off_state() {
  local name="off_state.$1" target="$2" std=() bootstrap="${RUSTC_BOOTSTRAP:-0}"
  if [[ ! -d "$sysroot/lib/rustlib/$target" ]]; then
    if [[ ! -e "$sysroot/lib/rustlib/src/rust/library/Cargo.toml" ]]; then
      report "$name" SKIP "this Rust has neither $target nor its own sources;" \
        "tools/hermit/ensure.sh unpacks one that has"
      return
    fi
    std=(-Zbuild-std=core,alloc)
    bootstrap=1
  fi
  local build=("$cargo" rustc --locked --release --example places
    --target "$target" "${std[@]}")
  local folder="$CARGO_TARGET_DIR/$target/release/examples"
  rm -f "$folder"/places-*.o
  # The standard library's own crates may have to be fetched.
  run "$name" env RUSTC_BOOTSTRAP="$bootstrap" EBPF_ARCHIVES="$nothing" \
    "${build[@]}" -- --emit=obj -Ccodegen-units=1 || return
  local said
  if said="$(python3 "$root/tools/checks/rust_places.py" "$folder"/places-*.o \
    llvm-objdump-19 llvm-readelf-19 2>&1)"; then
    report "$name" OK
  else
    report "$name" FAIL "${said//$'\n'/; }"
  fi
  on_state "$1" "$folder"
}

# What it does while somebody does, in a process of that CPU.
on_state() {
  local name="on_state.$1" runner=() said
  if [[ "$(uname -m)" != "$1" ]]; then runner=("qemu-$1"); fi
  run "$name" clang++-19 "--target=$1-linux-gnu" -std=c++20 -O1 -static \
    -fno-omit-frame-pointer -fuse-ld=lld -Wl,--gc-sections \
    -Wl,--unresolved-symbols=ignore-all -I"$root" "$face/tests/places/run.cc" \
    "$2"/places-*.o -o "$nothing/run" || return
  if said="$("${runner[@]}" "$nothing/run" 2>&1)"; then
    report "$name" OK
  else
    report "$name" FAIL "${said//$'\n'/; }"
  fi
}
off_state x86_64 x86_64-unknown-none
off_state aarch64 aarch64-unknown-none-softfloat
off_state riscv64 riscv64gc-unknown-none-elf

wait "$linking" || failed=1
cat "$links"

# What only rustup's Rust has.
unset RUSTC RUSTDOC RUSTC_BOOTSTRAP CARGO_HOME LD_LIBRARY_PATH
export CARGO_TARGET_DIR="$cache/rust/clippy" EBPF_ARCHIVES="$nothing"
if cargo clippy --version >/dev/null 2>&1; then
  for folder in "$face" "$glues"; do
    cd "$folder" || exit 1
    run "clippy.${folder##*/}" cargo clippy --locked --all-targets -- \
      -D warnings && report "clippy.${folder##*/}" OK
  done
else
  report clippy SKIP "cargo clippy is not installed; Debian's Rust has none"
fi
if cargo fmt --version >/dev/null 2>&1; then
  for folder in "$face" "$glues"; do
    cd "$folder" || exit 1
    run "rustfmt.${folder##*/}" cargo fmt --all --check &&
      report "rustfmt.${folder##*/}" OK
  done
else
  report rustfmt SKIP "cargo fmt is not installed; Debian's Rust has none"
fi
exit "$failed"
