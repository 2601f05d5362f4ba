// SPDX-License-Identifier: MIT
//
// Functions whose code can be copied anywhere, and calls of such copies.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/types.h"
#include "core/platform/text.h"

namespace ebpf::selftest {

inline uintptr_t AddressOf(const void* object) {
  return reinterpret_cast<uintptr_t>(object);
}

/// Bytes that hold any of the functions below. What is read beyond one is the
/// text behind it.
inline constexpr size_t kCodeSize = 32;

/// Values whose functions have the same instructions, with other operands.
constexpr uint32_t ValueOf(uint32_t index) {
  return 0x1234'5000 + 0x0101'0010 * index;
}

/// A function that returns `kValue` and depends on nothing.
template <uint32_t kValue>
[[gnu::noinline, gnu::used]] uint32_t Returns() {
  return kValue;
}

using Code = uint32_t (*)();

/// Functions that return ValueOf(0), ...
inline constexpr Code kCodes[] = {
    Returns<ValueOf(0)>, Returns<ValueOf(1)>, Returns<ValueOf(2)>,
    Returns<ValueOf(3)>, Returns<ValueOf(4)>, Returns<ValueOf(5)>,
    Returns<ValueOf(6)>, Returns<ValueOf(7)>,
};
inline constexpr uint32_t kCodeCount = sizeof kCodes / sizeof kCodes[0];

inline const uint8_t* BytesOfCode(uint32_t index) {
  return reinterpret_cast<const uint8_t*>(kCodes[index % kCodeCount]);
}

/// As far as executable memory may be from the rest.
inline constexpr uint64_t kAnywhere = UINT64_MAX;

/// Executable memory for the length of a test.
class CodeMemory : public NonCopyable {
 public:
  explicit CodeMemory(size_t size)
      : memory_(
            ebpf_port_exec_alloc(size, AddressOf(BytesOfCode(0)), kAnywhere)),
        size_(size) {}
  ~CodeMemory() {
    if (memory_ != nullptr) {
      ebpf_port_exec_free(memory_, size_);
    }
  }

  /// Whether there is some.
  bool ok() const { return memory_ != nullptr; }
  uint8_t* at(size_t offset) const {
    return static_cast<uint8_t*>(memory_) + offset;
  }
  uintptr_t address() const { return AddressOf(memory_); }

 private:
  void* const memory_;
  const size_t size_;
};

// A copy has not the type's hash in front that UBSan looks for.
#if defined(__clang__)
#define SELFTEST_NO_TYPE_CHECK __attribute__((no_sanitize("function")))
#else
#define SELFTEST_NO_TYPE_CHECK
#endif

/// Calls the code at `address`, of which the compiler must know nothing: that
/// it is the same function as before would make it call only once.
SELFTEST_NO_TYPE_CHECK inline uint32_t CallCode(uintptr_t address) {
  asm volatile("" : "+r"(address) : : "memory");
  return reinterpret_cast<Code>(address)();
}

/// A write of text, and the function for ebpf_port_stop_machine that does it.
struct TextWrite {
  uintptr_t to;
  const void* bytes;
  size_t size;
};
int WriteText(void* argument);

/// Writes in a rendezvous of its own, again some times where a CPU did not
/// come: 0, or a negative errno of either.
int StopAndWrite(const TextWrite& write);

}  // namespace ebpf::selftest
