#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Spoils Linux's verifier tests and compares what our verifier and the host's
# say: run.sh [OPTION...] [OBJECT...], as mutants_main.cc has them; without
# objects all that tools/conformance.sh has compiled. As root.
set -eu
cd "$(dirname "$0")/../.."
tools/bazel build -c opt --noshow_progress //testing/mutants >&2
objects=
for word; do
  case "$word" in
    *.o) objects=given ;;
  esac
done
if [ -z "$objects" ]; then
  folder="${XDG_CACHE_HOME:-$HOME/.cache}/ext_ebpf/linux_verifier/objects"
  set -- "$@" "$folder"/verifier_*.o
fi
exec bazel-bin/testing/mutants/mutants "$@"
