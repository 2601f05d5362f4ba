// SPDX-License-Identifier: MIT
//
// Programs out of any bytes: most of them nearly valid, so that what the
// verifier accepts is worth running, and what it refuses is worth refusing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/verifier/program_builder.h"

namespace ebpf::fuzzing {

/// Bytes that decide; 0 when they are used up.
class ByteSource {
 public:
  ByteSource(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  bool empty() const { return at_ >= size_; }
  uint8_t Byte() { return at_ < size_ ? data_[at_++] : 0; }
  /// Below `limit` (at most 65536).
  unsigned Below(unsigned limit) {
    const unsigned value = limit <= 256 ? Byte() : Byte() | Byte() << 8;
    return value % limit;
  }
  bool OneIn(unsigned n) { return Below(n) == 0; }
  uint64_t Word();

 private:
  const uint8_t* data_;
  size_t size_;
  size_t at_ = 0;
};

/// What a program is for: on a kernel function, with its registers, or on a
/// packet (sched_cls).
enum class Target : uint8_t { kFunction, kPacket };

/// The number of the program's type in Linux.
constexpr uint32_t TypeOf(Target target) {
  return target == Target::kFunction ? 2 : 3;
}

/// Where struct __sk_buff has the addresses where a packet begins and ends.
inline constexpr int kPacketBegin = 76;
inline constexpr int kPacketEnd = 80;

/// Decodes a program. It keeps track of what each register holds, roughly, and
/// mostly does what fits; now and then it does something else.
verifier::Code DecodeProgram(ByteSource& source,
                             Target target = Target::kFunction);

/// Bytes for ByteSource at random, for those who have no fuzzer.
std::vector<uint8_t> RandomBytes(uint64_t seed, size_t size);

}  // namespace ebpf::fuzzing
