#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The main job, in front of your eyes: boots three kernels in QEMU, loads
# programs that clang built into each through bpf(2), and shows what comes out.
# Installs and builds what is missing first.
#
#   tools/demo.sh             dragonos, alien and hermit
#   tools/demo.sh NAME...     these; tools/demo.sh --help has the names
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Each name, what it is, and the tests whose images are booted.
names=(dragonos dragonos-riscv64 alien hermit hermit-aarch64 hermit-x86_64 hermit-riscv64)
describe() {
  case "$1" in
    dragonos) echo "the guest kernel that plays DragonOS, x86-64, 2 CPUs" ;;
    dragonos-riscv64) echo "the same on riscv64, 1 CPU" ;;
    alien) echo "the guest kernel that plays Alien, riscv64" ;;
    hermit) echo "the real Hermit on aarch64, x86-64 and riscv64" ;;
    hermit-*) echo "the real Hermit on ${1#hermit-}" ;;
  esac
}
targets_of() {
  case "$1" in
    dragonos | dragonos-riscv64 | alien)
      echo "//testing/guest/demo:demo_${1/-/_}_test" ;;
    hermit) echo //testing/hermit/demo:demo_{aarch64,x86_64,riscv64}_test ;;
    hermit-*) echo "//testing/hermit/demo:demo_${1#hermit-}_test" ;;
  esac
}

usage() {
  echo "usage: tools/demo.sh [NAME...]; without, dragonos, alien and hermit:"
  local name
  for name in "${names[@]}"; do
    printf '  %-17s %s\n' "$name" "$(describe "$name")"
  done
}

kernels=("$@")
if ((${#kernels[@]} == 0)); then kernels=(dragonos alien hermit); fi
for kernel in "${kernels[@]}"; do
  if [[ $kernel == --help || $kernel == -h ]]; then
    usage
    exit 0
  fi
  if [[ " ${names[*]} " != *" $kernel "* ]]; then
    echo "tools/demo.sh: there is no kernel '$kernel', but: ${names[*]}" >&2
    exit 2
  fi
done

# Boots the image of a test that is built, and passes its output through.
boot() {
  local script="${1#//}"
  script="${script/://}.sh"
  (cd "bazel-bin/$script.runfiles/ebpf" && "./$script" --raw --timeout 180)
}

targets=()
for kernel in "${kernels[@]}"; do
  read -r -a own <<<"$(targets_of "$kernel")"
  targets+=("${own[@]}")
done

tools/setup-debian.sh
if [[ " ${kernels[*]} " == *" hermit"* ]]; then
  echo "building the real Hermit kernel, where that was not done before ..."
  tools/hermit/ensure.sh
fi
echo "building ${#targets[@]} kernel image(s) ..."
tools/bazel build --noshow_progress --ui_event_filters=-info --color=no \
  --show_result=0 "${targets[@]}"

failures=0
checks=0
for name in "${targets[@]}"; do
  echo
  log="$(mktemp)"
  # Each check of the demo is a line of its own: those that hold are counted,
  # those that do not are shown.
  boot "$name" 2>&1 |
    tee "$log" | grep --line-buffered -v '^\[TEST\] \(OK\|PASS\)' || true
  held="$(grep -c '^\[TEST\] OK' "$log" || true)"
  broken="$(grep -c '^\[TEST\] FAIL' "$log" || true)"
  grep -q '^\[TEST\] PASS' "$log" || broken=$((broken + 1))
  checks=$((checks + held + broken))
  failures=$((failures + broken))
  rm -f "$log"
done

echo
echo "$checks checks in ${#targets[@]} kernel(s), $failures failed"
((failures == 0))
