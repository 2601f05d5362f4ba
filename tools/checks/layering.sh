#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Breaks each rule of tools/build/layers.bzl on purpose, and two more of the
# build, and expects Bazel or a compiler to refuse it.
#
# The libraries that break them are in packages of the modules themselves, or
# they would not get the modules' visibility. They live in a tree of their own,
# testing/compile_fail/overlay, which is laid under this one for one build.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

overlay=testing/compile_fail/overlay
packages=$(cd "$overlay" && find . -name BUILD -printf '//%P\n' | sed 's#/BUILD$#:all#')
log=$(mktemp)
trap 'rm -f "$log"' EXIT

build() {
  tools/bazel build --keep_going --noshow_progress --color=no \
    --package_path="%workspace%:%workspace%/$overlay" "$@"
}

expect() {  # NAME REGEX
  if grep -qE "$2" "$log"; then
    echo "[TEST] OK Layering.$1"
  else
    echo "[TEST] FAIL Layering.$1 the build did not say: $2"
  fi
}

refused() {  # NAME FROM TO
  expect "$1" "target '//$3/violation:library' is not visible from target '//$2'"
}

# shellcheck disable=SC2086  # one word per package
build $packages >"$log" 2>&1

refused LowerLayerMayNotSeeHigher core/memory/violation:sees_above core/maps
refused CoreMayNotSeeAPort core/memory/violation:sees_port ports/dragonos
refused CoreMayNotSeeACpu core/memory/violation:sees_arch arch/x86_64
refused CpuMayNotSeeMaps arch/x86_64/violation:sees_maps core/maps
refused CpuMayNotSeeAnother arch/riscv64/violation:sees_other_arch arch/x86_64
refused PortMayNotReachPastTheCFace ports/dragonos/violation:sees_maps core/maps
refused PortMayNotSeeAnotherCpu ports/alien/violation:sees_other_arch arch/x86_64
refused PortMayNotSeeAnother ports/alien/violation:sees_other_port ports/dragonos
expect ProductMayNotUseTestCode \
  "//core/memory/violation:sees_testing' depends on testonly target"
expect IncludeOfUndeclaredLibraryIsRefused \
  "includes_undeclared does not depend on a module exporting"
expect HeaderMustCompileAlone "header_not_alone.h does not compile alone"
expect GccWarningIsAnError \
  "warned_of_by_gcc.cc.*error: 'last' may be used uninitialized"

# What is allowed must build, or the refusals above would prove nothing.
good="//core/maps/violation:sees_below //ports/dragonos/violation:library"
# shellcheck disable=SC2086
if build $good >"$log" 2>&1; then
  echo "[TEST] OK Layering.AllowedDependenciesBuild"
else
  echo "[TEST] FAIL Layering.AllowedDependenciesBuild $(grep -m1 ERROR "$log")"
fi
