#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds the real Hermit kernel, hermit-kernel 0.11.0 from crates.io, as the
# static archive that our tests link and boot. Prints the archive's path.
#
# usage: tools/hermit/build_kernel.sh [--print-path | --keep-work] [CPU]
#        tools/hermit/build_kernel.sh --delete-work
#
# With --keep-work what is common to the kernels stays for the next one, until
# --delete-work.
#
# CPU is aarch64, riscv64 or x86_64; riscv64_smp and x86_64_smp are the kernel
# with its feature `smp`, which uses all CPUs that there are.
#
# Nothing is installed: Debian's Rust compiler is unpacked into a cache,
# ${EBPF_HERMIT_CACHE:-${XDG_CACHE_HOME:-~/.cache}/ext_ebpf/hermit}, for it
# conflicts with other packages. Inputs are pinned: the compiler by version,
# each crate by the checksum in kernel/Cargo.lock. The archive's directory is
# named by a hash of these inputs, so a second run finds it and does nothing.
# A run may be interrupted at any point: results appear by rename only.
set -euo pipefail

readonly here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly glue="$here/../../ports/hermit/rust"
readonly kernel_version=0.11.0
readonly rust_release=1.85
readonly rust_version='1.85.0+dfsg3-1~deb12u3'
readonly packages=(
  "rustc-web=$rust_version"
  "cargo-web=$rust_version"
  "libstd-rust-web-$rust_release=$rust_version"
  "libstd-rust-web-dev=$rust_version"
  "rust-web-src=$rust_version"
  libpcre3
  libhttp-parser2.9
)

say() { echo "hermit: $*" >&2; }
die() { say "error: $*"; exit 1; }

mode=
case "${1:-}" in
  --print-path | --keep-work | --delete-work)
    mode="$1"
    shift
    ;;
esac
readonly cpu="${1:-aarch64}"
features=()
case "$cpu" in
  *_smp) features=(--features hermit-kernel/smp) ;;
esac
case "$cpu" in
  aarch64) target=aarch64-unknown-none-softfloat ;;
  riscv64 | riscv64_smp) target=riscv64gc-unknown-none-elf ;;
  x86_64 | x86_64_smp) target=x86_64-unknown-none ;;
  *) die "no build for CPU '$cpu'; there is one for: aarch64, riscv64," \
    "riscv64_smp, x86_64, x86_64_smp" ;;
esac

readonly cache="${EBPF_HERMIT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/ext_ebpf/hermit}"
readonly inputs="$(cd "$here" && {
  sha256sum build_kernel.sh kernel/Cargo.toml kernel/Cargo.lock \
    kernel/src/lib.rs
  cd "$glue" && sha256sum ebpf.rs ebpf/*.rs
} | sha256sum | cut -c1-16)"
readonly key="$(echo "$target" "${features[@]}" "$inputs" |
  sha256sum | cut -c1-16)"
readonly work="$cache/work-$inputs"
readonly result="$cache/$cpu-$key"
readonly archive="$result/libhermit_app.a"

if [[ "$mode" == --delete-work ]]; then
  [[ ! -d "$work" ]] || flock "$cache/lock" rm -rf "$work"
  exit 0
fi
if [[ "$mode" == --print-path || -f "$archive" ]]; then
  echo "$archive"
  exit 0
fi

# What must be there before minutes are spent.
for tool in apt-get dpkg-deb flock sha256sum; do
  command -v "$tool" >/dev/null || die "'$tool' is missing; this needs Debian 12"
done
host_cc=
for compiler in clang-19 gcc-12 cc; do
  if command -v "$compiler" >/dev/null; then
    host_cc="$(command -v "$compiler")"
    break
  fi
done
[[ -n "$host_cc" ]] || die "no C compiler to link build scripts with;" \
  "apt-get install clang-19"
case "$(dpkg --print-architecture)" in
  amd64) host=x86_64-unknown-linux-gnu ;;
  arm64) host=aarch64-unknown-linux-gnu ;;
  *) die "Debian's $(dpkg --print-architecture) has not been tried as a host" ;;
esac

mkdir -p "$cache" || die "cannot make the cache directory $cache"
exec 9>"$cache/lock"
if ! flock -n 9; then
  say "another build is running; waiting for it"
  flock 9
fi
if [[ -f "$archive" ]]; then
  echo "$archive"
  exit 0
fi
mkdir -p "$work"

# Unpacks Debian's compiler into $rust.
readonly rust="$cache/rust-$rust_version"
unpack_rust() {
  local partial="$cache/rust.partial" debs="$cache/debs"
  rm -rf "$partial" "$debs.partial"
  mkdir -p "$partial"
  if ! compgen -G "$debs/rustc-web_$rust_release.*.deb" >/dev/null; then
    say "downloading Debian's Rust $rust_release (117 MB)"
    mkdir -p "$debs" "$debs.partial"
    (cd "$debs.partial" && apt-get download -q "${packages[@]}") \
      >"$work/apt.log" 2>&1 || {
      tail -n 5 "$work/apt.log" >&2
      say "error: apt could not download Debian's Rust $rust_version."
      say "If it says 'was not found': run 'apt-get update' and try again."
      say "If that version is gone from the archive: take these packages from"
      say "snapshot.debian.org, put them into $debs"
      say "and run this again: ${packages[*]}"
      exit 1
    }
    mv "$debs.partial"/*.deb "$debs/"
    rmdir "$debs.partial"
  fi
  local deb
  for deb in "$debs"/*.deb; do
    dpkg-deb -x "$deb" "$partial" || die "$deb is damaged; delete it"
  done
  [[ -x "$partial/usr/bin/rustc" && -x "$partial/usr/bin/cargo" ]] ||
    die "the packages in $debs hold no rustc or no cargo; delete that directory"
  rm -rf "$rust"
  mv "$partial" "$rust"
  rm -rf "$debs"
}
[[ -x "$rust/usr/bin/rustc" ]] || unpack_rust

libraries=("$rust"/usr/lib/*-linux-gnu "$rust"/lib/*-linux-gnu)
export LD_LIBRARY_PATH="$(IFS=:; echo "${libraries[*]}")"
absent="$(ldd "$rust/usr/bin/rustc" "$rust/usr/bin/cargo" |
  awk '/not found/ {print $1}' | sort -u | tr '\n' ' ')"
[[ -z "$absent" ]] || die "Debian's Rust needs libraries that are not installed:" \
  "$absent; tools/setup-debian.sh installs clang-19 and curl, which bring them"
export RUSTC="$rust/usr/bin/rustc" CARGO_HOME="$cache/cargo-home"
export CARGO_TARGET_DIR="$work/target"
export RUSTC_BOOTSTRAP=1  # -Zbuild-std, with a compiler that is no nightly
export HERMIT_LOG_LEVEL_FILTER=error  # below it, pages at each boot
# Stacks of the kernel are walked by its frames. The cache's place is nobody's
# business; the separator is cargo's.
export CARGO_ENCODED_RUSTFLAGS="$(printf '%s\x1f%s\x1f%s\x1f%s' \
  -Crelocation-model=pic -Cforce-frame-pointers=yes \
  --remap-path-prefix "$work=hermit")"
host_variable="CARGO_TARGET_$(tr a-z- A-Z_ <<<"$host")_LINKER"
export "$host_variable=$host_cc"
unset RUSTUP_TOOLCHAIN RUSTC_WRAPPER CARGO_BUILD_TARGET RUSTFLAGS

# What the kernel's build script assembles the first code of other x86-64 CPUs
# with, where rustup's llvm-tools would be: it asks the first rustc in $PATH.
readonly llvm=/usr/lib/llvm-19/bin
offer_llvm_tools() {
  local tools="$work/llvm-tools"
  local bin="$tools/lib/rustlib/$host/bin" tool
  for tool in llvm-as llvm-objdump lld; do
    [[ -x "$llvm/$tool" ]] ||
      die "$llvm/$tool is missing; apt-get install llvm-19 lld-19"
  done
  mkdir -p "$bin" "$tools/bin"
  ln -sf "$llvm/llvm-as" "$llvm/llvm-objdump" "$bin/"
  ln -sf "$llvm/lld" "$bin/rust-lld"
  printf '#!/bin/sh\necho "%s"\n' "$tools" >"$tools/bin/rustc"
  chmod +x "$tools/bin/rustc"
  PATH="$tools/bin:$PATH"
}

run_cargo() {
  "$rust/usr/bin/cargo" "$@" >>"$work/cargo.log" 2>&1 || {
    tail -n 30 "$work/cargo.log" >&2
    die "cargo $1 failed; the whole log is $work/cargo.log"
  }
}

# The kernel's sources, checked by cargo against kernel/Cargo.lock, with these
# edits: a method of a later Rust than 1.85 becomes the function that it was
# before; ports/hermit's exports become a module of the scheduler's tasks; where
# the port has no timer of its own it shares the kernel's; and RISC-V's handler
# no longer stops the timer that it has just set for the next task that waits,
# which then might wait for ever.
prepare_sources() {
  local partial="$work/hermit-kernel.partial"
  say "fetching hermit-kernel $kernel_version and its crates"
  rm -rf "$work/fetch" "$partial"
  cp -r "$here/kernel" "$work/fetch"
  chmod -R u+w "$work/fetch"
  (cd "$work/fetch" && run_cargo fetch --locked)
  cp -r "$CARGO_HOME"/registry/src/*/"hermit-kernel-$kernel_version" "$partial"
  chmod -R u+w "$partial"
  rm -f "$partial/rust-toolchain.toml" "$partial/Cargo.lock"
  grep -rlZ write_copy_of_slice "$partial/src" | xargs -0 -r sed -i -E \
    's/\b([a-z]+\[[^]]*\])\.write_copy_of_slice\(/core::mem::MaybeUninit::copy_from_slice(\&mut \1, /'
  mkdir -p "$partial/src/scheduler/task"
  cp -r "$glue/." "$partial/src/scheduler/task"
  sed -i 's/^use crate::{arch, env, io};$/&\n\npub(crate) mod ebpf;/' \
    "$partial/src/scheduler/task.rs"
  grep -q '^pub(crate) mod ebpf;$' "$partial/src/scheduler/task.rs" ||
    die "hermit-kernel's scheduler has no place for ports/hermit's exports"
  local riscv="$partial/src/arch/riscv64/kernel" file
  for file in "$riscv/processor.rs" "$partial/src/arch/x86_64/kernel/apic.rs"; do
    sed -i 's/^pub fn set_oneshot_timer(wakeup_time: Option<u64>) {$/&\n\tcrate::scheduler::task::ebpf::share_timer(wakeup_time, set_shared_timer);\n}\n\nfn set_shared_timer(wakeup_time: Option<u64>) {/' \
      "$file"
    grep -q share_timer "$file" || die "hermit-kernel has no timer to be shared"
  done
  sed -i '/^\tset_oneshot_timer(None);$/d;/processor::set_oneshot_timer;$/d' \
    "$riscv/scheduler.rs"
  # An interrupt of the port's, on x86-64, goes the way of the kernel's own.
  sed -i 's/^fn local_apic_write(/pub(crate) &/' \
    "$partial/src/arch/x86_64/kernel/apic.rs"
  # With several CPUs on RISC-V, software interrupts stay on after the first, and the
  # port is told of those that the idle loop takes without a trap.
  sed -i 's/sie::clear_ssoft();$/crate::scheduler::task::ebpf::other_cpu_asks();/' \
    "$riscv/interrupts.rs"
  sed -i '/^\t\triscv::register::sie::clear_ssoft();$/d;s/^\tdebug!("Received Wakeup Interrupt");$/&\n\tcrate::scheduler::task::ebpf::take_software_interrupt();/' \
    "$riscv/scheduler.rs"
  grep -q other_cpu_asks "$riscv/interrupts.rs" &&
    grep -q take_software_interrupt "$riscv/scheduler.rs" ||
    die "hermit-kernel takes no software interrupts to be shared"
  rm -rf "$work/hermit-kernel"
  mv "$partial" "$work/hermit-kernel"
}
[[ -d "$work/hermit-kernel" ]] || prepare_sources

# A patched crate has neither source nor checksum in a lock file.
rm -rf "$work/app"
cp -r "$here/kernel" "$work/app"
chmod -R u+w "$work/app"
sed -i '/^name = "hermit-kernel"$/,/^dependencies/{/^source = /d;/^checksum = /d}' \
  "$work/app/Cargo.lock"

if [[ "$cpu" == x86_64_smp ]]; then offer_llvm_tools; fi
say "building hermit-kernel $kernel_version for $cpu (a minute or two)"
(cd "$work/app" && run_cargo build --locked --release --target "$target" \
  "${features[@]}" \
  --config "patch.crates-io.hermit-kernel.path='$work/hermit-kernel'" \
  -Zbuild-std=core,alloc -Zbuild-std-features=compiler-builtins-mem -j2)

rm -rf "$result.partial"
mkdir -p "$result.partial"
cp "$CARGO_TARGET_DIR/$target/release/libhermit_app.a" "$result.partial/"
mv "$result.partial" "$result"
[[ "$mode" == --keep-work ]] || rm -rf "$work"
say "built $archive"
echo "$archive"
