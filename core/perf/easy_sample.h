// SPDX-License-Identifier: MIT
//
// How samples are laid out that ask for nothing but words that are at hand and
// a record: as part of who writes them, without a call.
#pragma once

#include <stdint.h>

#include "core/base/bits.h"
#include "core/base/memory.h"
#include "core/linux_abi/perf_event.h"
#include "core/platform/task.h"
#include "core/platform/time.h"
#include "core/ring/perf_layout.h"

namespace ebpf {

/// What such samples may hold: where it happened, who called, and what is read
/// of the event others find out.
inline constexpr uint64_t kEasySampleTypes =
    linux_abi::kPerfSampleIdentifier | linux_abi::kPerfSampleTid |
    linux_abi::kPerfSampleTime | linux_abi::kPerfSampleAddress |
    linux_abi::kPerfSampleId | linux_abi::kPerfSampleStreamId |
    linux_abi::kPerfSampleCpu | linux_abi::kPerfSamplePeriod |
    linux_abi::kPerfSampleRaw;

/// The running task's, as a sample tells of it. Context: any.
inline uint64_t SampledTaskIds() {
  uint32_t pid;
  uint32_t tgid;
  ebpf_port_task_ids(&pid, &tgid);
  return uint64_t{pid} << 32 | tgid;
}

/// The first word of a sample of `size` bytes. Context: any.
constexpr uint64_t SampleHeader(uint64_t size, bool in_user) {
  const uint64_t misc = in_user ? ring::kPerfMiscUser : ring::kPerfMiscKernel;
  return ring::kPerfRecordSample | misc << 32 | size << 48;
}

/// What the size word of raw data and the data take: they end at a multiple of
/// 8. Context: any.
constexpr size_t RawRoom(size_t size) {
  return AlignUp(size + sizeof(uint32_t), sizeof(uint64_t));
}

/// Where words go, one behind the other, that have room in one piece.
class WordWriter {
 public:
  explicit WordWriter(uint64_t* to) : to_(to) {}
  [[gnu::always_inline]] void Put(uint64_t word) { *to_++ = word; }

 private:
  uint64_t* to_;
};

/// What is in the words between a sample's header and what was read.
struct FrontWords {
  uint64_t id;  // the event's
  uint64_t place;
  uint64_t address;
  uint64_t period;
  uint32_t cpu;
};

/// Puts those of them that `type` asks for. Context: any.
template <typename To>
[[gnu::always_inline]] inline void PutFront(To& to, uint64_t type,
                                            const FrontWords& words) {
  const auto put_if = [&to, type](uint64_t bit, uint64_t word) {
    if ((type & bit) != 0) {
      to.Put(word);
    }
  };
  put_if(linux_abi::kPerfSampleIdentifier, words.id);
  put_if(linux_abi::kPerfSampleIp, words.place);
  if ((type & linux_abi::kPerfSampleTid) != 0) {
    to.Put(SampledTaskIds());
  }
  if ((type & linux_abi::kPerfSampleTime) != 0) {
    to.Put(ebpf_port_time_ns());
  }
  put_if(linux_abi::kPerfSampleAddress, words.address);
  put_if(linux_abi::kPerfSampleId, words.id);
  put_if(linux_abi::kPerfSampleStreamId, words.id);
  put_if(linux_abi::kPerfSampleCpu, words.cpu);
  put_if(linux_abi::kPerfSamplePeriod, words.period);
}

/// Up to 7 bytes as a word. Context: any.
inline uint64_t LoadRest(const uint8_t* bytes, size_t size) {
  uint64_t word = 0;
  size_t i = 0;
  if (size >= sizeof(uint32_t)) {
    word = LoadUnaligned<uint32_t>(bytes);
    i = sizeof(uint32_t);
  }
  for (; i < size; ++i) {
    word |= uint64_t{bytes[i]} << 8 * i;
  }
  return word;
}

/// Puts `size` bytes at `at` behind their size, which fills the first word's
/// lower half: each word that is put is of two that are read. Context: any.
template <bool kAligned, typename To>
[[gnu::always_inline]] inline void PutRaw(To& to, const uint8_t* at,
                                          size_t size) {
  uint64_t half = RawRoom(size) - sizeof(uint32_t);
  for (; size >= sizeof(uint64_t); size -= sizeof(uint64_t)) {
    uint64_t word;
    __builtin_memcpy(&word, kAligned ? __builtin_assume_aligned(at, 8) : at,
                     sizeof(word));
    to.Put(half | word << 32);
    half = word >> 32;
    at += sizeof(word);
  }
  const uint64_t rest = size == 0 ? 0 : LoadRest(at, size);
  to.Put(half | rest << 32);
  if (size > sizeof(uint32_t)) {
    to.Put(rest >> 32);
  }
}

}  // namespace ebpf
