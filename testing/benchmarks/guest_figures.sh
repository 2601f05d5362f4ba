# SPDX-License-Identifier: MIT
#
# For scripts that boot images which print figures: testing/guest/bench.

declare -A guest_arch=([dragonos]=x86_64 [plain]=aarch64 [alien]=riscv64)
declare -A guest_cpus=([dragonos]=2 [plain]=2 [alien]=1)

# boot_figures FOLDER KERNEL CPUS WORD...: of one run, with these for QEMU.
boot_figures() {
  local folder="$1" kernel="$2" count="$3" image words=()
  shift 3
  for word in "$@"; do words+=("--qemu-arg=$word"); done
  image="${EBPF_IMAGES:-bazel-bin/testing/guest/$folder}"
  testing/qemu/run_qemu.py --raw --timeout=600 \
    --arch="${guest_arch[$kernel]}" --image="$image/timed_${kernel}_image.elf" \
    --cpus="$count" "${words[@]}" | grep '^figure '
}

# guest_figures FOLDER KERNEL: `KIND NAME VALUE`, where KIND is insns (executed
# instructions), ns (time at one CPU) or smp (at all CPUs of the kernel), of
# testing/guest/FOLDER's timed images. EBPF_IMAGES: a folder with them, which
# something else built.
guest_figures() {
  local folder="$1" kernel="$2"
  if [[ -z "${EBPF_IMAGES:-}" ]]; then
    tools/bazel build --noshow_progress \
      "//testing/guest/$folder:timed_${kernel}_image" >&2
  fi
  boot_figures "$folder" "$kernel" 1 -icount shift=0 | sed 's/^figure/insns/'
  boot_figures "$folder" "$kernel" 1 | sed 's/^figure/ns/'
  # With what one CPU cannot tell.
  boot_figures "$folder" "$kernel" "${guest_cpus[$kernel]}" |
    sed 's/^figure/smp/'
}
