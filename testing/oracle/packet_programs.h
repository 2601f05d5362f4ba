// SPDX-License-Identifier: MIT
//
// Random programs on packets, and what to run them with.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "core/isa/insn.h"
#include "core/linux_abi/bpf.h"

namespace ebpf::oracle {

using Code = std::vector<isa::Insn>;
using Bytes = std::vector<uint8_t>;

// bpf(2)'s numbers.
// Types of programs by Linux's numbers.
inline constexpr uint32_t kSocketFilterType = 1;
inline constexpr uint32_t kSchedClsType = 3;
inline constexpr uint32_t kSchedActType = 4;
inline constexpr uint32_t kXdpType = 6;
inline constexpr uint32_t kCgroupSkbType = 8;
inline constexpr uint32_t kLwtInType = 10;
inline constexpr uint32_t kLwtOutType = 11;
inline constexpr uint32_t kLwtXmitType = 12;
inline constexpr uint32_t kRawTracepointType = 17;
inline constexpr uint32_t kFlowDissectorType = 22;
inline constexpr uint32_t kSyscallType = 31;
inline constexpr uint32_t kSleepable = 1 << 4;

inline constexpr uint32_t kPacketTypes[] = {
    kSocketFilterType, kSchedClsType, kSchedActType, kXdpType,
    kCgroupSkbType,    kLwtInType,    kLwtOutType,   kLwtXmitType};

/// Arguments of a test run.
struct Wanted {
  linux_abi::ProgTestRunAttr attr{};  // but for pointers
  Bytes data_in;
  Bytes context_in;
};

/// Random programs on packets.
class PacketPrograms {
 public:
  explicit PacketPrograms(uint32_t seed) : random_(seed) {}

  uint32_t Below(uint32_t end) {
    return std::uniform_int_distribution<uint32_t>(0, end - 1)(random_);
  }
  bool OneIn(uint32_t n) { return Below(n) == 0; }
  template <typename T, size_t kSize>
  T Pick(const T (&list)[kSize]) {
    return list[Below(kSize)];
  }

  Bytes Packet();
  Code Program(uint32_t type, uint32_t size);
  Wanted Attributes(uint32_t type);

 private:
  int32_t Offset() {
    const int32_t size = static_cast<int32_t>(size_);
    const int32_t list[] = {0,  1,     2,        12,        14,       16,   20,
                            24, 34,    size - 4, size - 2,  size - 1, size, -1,
                            50, 65535, 65536,    size - 14, size - 15};
    return Pick(list);
  }
  void Put(const Code& code) {
    code_.insert(code_.end(), code.begin(), code.end());
  }
  void Accumulate();
  void Call(uint32_t helper, const std::array<int32_t, 4>& arguments);
  void CallWithBuffer(uint32_t helper, int32_t offset, int32_t size,
                      int32_t last);
  void Field(uint32_t type);
  void Direct(uint32_t type);
  void Helper(uint32_t type);
  void Step(uint32_t type);

  std::mt19937 random_;
  Code code_;
  uint32_t size_ = 0;
};

}  // namespace ebpf::oracle
