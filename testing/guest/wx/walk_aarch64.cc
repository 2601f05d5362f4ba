// SPDX-License-Identifier: MIT
//
// TTBR0_EL1 and TTBR1_EL1, granules of 4 KiB, as many levels as TCR_EL1 says.
// [arm/arm: VMSAv8-64 translation table format descriptors; TCR_EL1]
#include "testing/guest/aarch64/registers.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/wx/walk.h"

namespace guest::wx {
namespace {

constexpr uint64_t kValid = 1 << 0;
constexpr uint64_t kTableOrPage = 1 << 1;
constexpr uint64_t kUser = 1 << 6;      // AP[1]
constexpr uint64_t kReadOnly = 1 << 7;  // AP[2]
constexpr uint64_t kPrivilegedNever = uint64_t{1} << 53;
constexpr uint64_t kUserNever = uint64_t{1} << 54;
// In a table's descriptor, for all below it.
constexpr uint64_t kTablePrivilegedNever = uint64_t{1} << 59;
constexpr uint64_t kTableUserNever = uint64_t{1} << 60;
constexpr uint64_t kTableNoUser = uint64_t{1} << 61;
constexpr uint64_t kTableReadOnly = uint64_t{1} << 62;
constexpr uint64_t kAddress = ((uint64_t{1} << 36) - 1) << 12;

struct Walk {
  void (*visit)(void* argument, const Leaf& leaf);
  void* argument;
  bool never_both;  // SCTLR_EL1.WXN: what can be written is not executed
};

/// What the tables above forbid, as bits of a leaf.
struct Forbidden {
  bool write = false;
  bool user = false;
  bool privileged_execute = false;
  bool user_execute = false;
};

Leaf LeafOf(const Walk& walk, uint64_t entry, uintptr_t virt, uint64_t size,
            const Forbidden& forbidden) {
  const bool user = (entry & kUser) != 0 && !forbidden.user;
  Leaf leaf = {.virt = virt,
               .phys = entry & kAddress & ~(size - 1),
               .size = size,
               .writable = (entry & kReadOnly) == 0 && !forbidden.write,
               .executable = false};
  const bool privileged_execute =
      (entry & kPrivilegedNever) == 0 && !forbidden.privileged_execute;
  const bool user_execute =
      user && (entry & kUserNever) == 0 && !forbidden.user_execute;
  leaf.executable = (privileged_execute || user_execute) &&
                    !(walk.never_both && leaf.writable);
  return leaf;
}

void WalkTable(const Walk& walk, uint64_t table, int level, uintptr_t virt,
               const Forbidden& forbidden) {
  auto* entries =
      reinterpret_cast<const uint64_t*>(machine::DirectMapBase() + table);
  const uint64_t size = uint64_t{kPageSize} << (9 * level);
  for (size_t i = 0; i < 512; ++i) {
    const uint64_t entry = entries[i];
    if ((entry & kValid) == 0) {
      continue;
    }
    const uintptr_t at = virt + i * size;
    if (level == 0 || (entry & kTableOrPage) == 0) {
      walk.visit(walk.argument, LeafOf(walk, entry, at, size, forbidden));
      continue;
    }
    const Forbidden below = {
        .write = forbidden.write || (entry & kTableReadOnly) != 0,
        .user = forbidden.user || (entry & kTableNoUser) != 0,
        .privileged_execute = forbidden.privileged_execute ||
                              (entry & kTablePrivilegedNever) != 0,
        .user_execute =
            forbidden.user_execute || (entry & kTableUserNever) != 0};
    WalkTable(walk, entry & kAddress, level - 1, at, below);
  }
}

/// The highest level (pages are level 0) for addresses of 64 - `size` bits.
int TopLevel(uint64_t size) {
  return static_cast<int>((64 - size - 12 + 8) / 9) - 1;
}

}  // namespace

bool ForEachLeaf(void (*visit)(void* argument, const Leaf& leaf),
                 void* argument) {
  const uint64_t control = GUEST_READ_REGISTER("tcr_el1");
  const uint64_t system = GUEST_READ_REGISTER("sctlr_el1");
  const Walk walk = {visit, argument, (system >> 19 & 1) != 0};
  const bool lower = (control >> 7 & 1) == 0;      // EPD0
  const bool upper = (control >> 23 & 1) == 0;     // EPD1
  const bool lower_4k = (control >> 14 & 3) == 0;  // TG0
  const bool upper_4k = (control >> 30 & 3) == 2;  // TG1
  if ((lower && !lower_4k) || (upper && !upper_4k)) {
    return false;
  }
  if (lower) {
    WalkTable(walk, GUEST_READ_REGISTER("ttbr0_el1") & kAddress,
              TopLevel(control & 63), 0, {});
  }
  if (upper) {
    const uint64_t size = control >> 16 & 63;
    WalkTable(walk, GUEST_READ_REGISTER("ttbr1_el1") & kAddress, TopLevel(size),
              ~uint64_t{0} << (64 - size), {});
  }
  return true;
}

}  // namespace guest::wx
