#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds the harness and its peers, and prints the peer table.
#
#   testing/benchmarks/peers.sh [--quick] [KERNEL...]
#
# EBPF_PEERS=PATH runs a harness that something else built.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="${here%/testing/benchmarks}"

# rbpf comes from crates.io by Cargo; without either its columns say so.
rbpf=""
if command -v cargo >/dev/null; then
  target="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ext_ebpf/rbpf}"
  build=(cargo build --release --quiet --locked
    --manifest-path "$here/rbpf/Cargo.toml" --target-dir "$target")
  if "${build[@]}" --offline >&2 2>/dev/null || timeout 300 "${build[@]}" >&2; then
    rbpf="$target/release/librbpf_peer.so"
  fi
fi

peers="${EBPF_PEERS:-}"
if [[ -z "$peers" ]]; then
  cd "$root"
  log="$(mktemp)"
  trap 'rm -f "$log"' EXIT
  if ! tools/bazel build --color=no --noshow_progress //testing/benchmarks:peers \
    >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
  fi
  peers="$(tools/bazel info bazel-bin 2>/dev/null)"
  peers="$peers/testing/benchmarks/peers"
fi

echo "$(uname -srm), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)," \
  "$(date -u +%F)"
"$peers" --rbpf "$rbpf" "$@"
