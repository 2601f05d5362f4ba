// SPDX-License-Identifier: MIT
//
// System registers of AArch64 that ports need. Used in place and not asked of
// the kernel, so that a trap calls nothing that can be probed.
// [arm/aarch64: D17, AArch64 System Register Descriptions]
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::aarch64 {

/// VBAR_EL1. Context of all: any.
inline uintptr_t ReadVectorBase() {
  uintptr_t base;
  asm volatile("mrs %0, vbar_el1" : "=r"(base));
  return base;
}

inline void WriteVectorBase(uintptr_t base) {
  asm volatile("msr vbar_el1, %0\n\tisb" : : "r"(base) : "memory");
}

/// What the page tables say of an address: PAR_EL1 after a translation for
/// reading or writing in this exception level.
class Translation {
 public:
  static Translation ForRead(uintptr_t address) {
    uint64_t before;
    uint64_t result;
    // PAR_EL1 is put back: whoever was interrupted may be about to read it.
    asm volatile(
        "mrs %0, par_el1\n\tat s1e1r, %2\n\tisb\n\t"
        "mrs %1, par_el1\n\tmsr par_el1, %0"
        : "=&r"(before), "=&r"(result)
        : "r"(address)
        : "memory");
    return Translation(result);
  }
  static Translation ForWrite(uintptr_t address) {
    uint64_t before;
    uint64_t result;
    asm volatile(
        "mrs %0, par_el1\n\tat s1e1w, %2\n\tisb\n\t"
        "mrs %1, par_el1\n\tmsr par_el1, %0"
        : "=&r"(before), "=&r"(result)
        : "r"(address)
        : "memory");
    return Translation(result);
  }

  /// The access is allowed and goes to memory, not to a device.
  bool IsMemory() const {
    const bool failed = (par_ & 1) != 0;
    // Attributes as in MAIR_EL1: the upper half 0 is a device.
    return !failed && par_ >> 60 != 0;
  }

 private:
  explicit Translation(uint64_t par) : par_(par) {}

  uint64_t par_;
};

}  // namespace ebpf::aarch64
