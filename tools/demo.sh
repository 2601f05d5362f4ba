#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The main job, in front of your eyes: boots three kernels in QEMU, loads
# programs that clang built into each through bpf(2), and shows what comes out.
# Installs and builds what is missing first.
#
#   tools/demo.sh             all three
#   tools/demo.sh dragonos    one of: dragonos (x86-64, 2 CPUs), alien
#                             (riscv64), hermit (the real kernel, aarch64 and
#                             then x86-64), hermit-riscv64 (the same)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

kernels=(dragonos alien hermit)
if (($# > 0)); then kernels=("$@"); fi

target() {
  case "$1" in
    dragonos) echo //testing/guest/demo:demo_dragonos_test ;;
    alien) echo //testing/guest/demo:demo_alien_test ;;
    hermit) echo //testing/hermit/demo:demo_{aarch64,x86_64}_test ;;
    hermit-riscv64) echo //testing/hermit/demo:demo_riscv64_test ;;
    *)
      echo "tools/demo.sh: no kernel '$1'; there are: dragonos alien hermit" \
        "hermit-riscv64" >&2
      return 1
      ;;
  esac
}

# Boots the image of a test that is built, and passes its output through.
boot() {
  local script="${1#//}"
  script="${script/://}.sh"
  (cd "bazel-bin/$script.runfiles/ebpf" && "./$script" --raw --timeout 180)
}

targets=()
for kernel in "${kernels[@]}"; do
  names="$(target "$kernel")"
  read -r -a names <<<"$names"
  targets+=("${names[@]}")
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
