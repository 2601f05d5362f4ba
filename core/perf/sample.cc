// SPDX-License-Identifier: MIT
//
// core/perf/sample.h's implementation.
#include "core/perf/sample.h"

#include "core/base/memory.h"
#include "core/machine/function_entry.h"
#include "core/machine/real_address.h"
#include "core/perf/easy_sample.h"
#include "core/perf/perf_event.h"
#include "core/platform/stack.h"
#include "core/platform/task.h"
#include "core/platform/time.h"

namespace ebpf {
namespace {

using linux_abi::PerfEventAttr;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

/// Those that stand between a sample's header and what was read, a word each.
constexpr uint64_t kFrontFields =
    linux_abi::kPerfSampleIdentifier | linux_abi::kPerfSampleIp |
    linux_abi::kPerfSampleTid | linux_abi::kPerfSampleTime |
    linux_abi::kPerfSampleAddress | linux_abi::kPerfSampleId |
    linux_abi::kPerfSampleStreamId | linux_abi::kPerfSampleCpu |
    linux_abi::kPerfSamplePeriod;

/// What sample_id_all puts at the end of records that are no samples.
class SampleId {
 public:
  SampleId(const PerfEventAttr& attr, uint64_t id, uint32_t cpu) {
    if ((attr.flags & linux_abi::kPerfSampleIdAll) == 0) {
      return;
    }
    const uint64_t type = attr.sample_type;
    if ((type & linux_abi::kPerfSampleTid) != 0) {
      Put(SampledTaskIds());
    }
    if ((type & linux_abi::kPerfSampleTime) != 0) {
      Put(ebpf_port_time_ns());
    }
    PutIf(type & linux_abi::kPerfSampleId, id);
    PutIf(type & linux_abi::kPerfSampleStreamId, id);
    PutIf(type & linux_abi::kPerfSampleCpu, cpu);
    PutIf(type & linux_abi::kPerfSampleIdentifier, id);
  }
  ConstBytes bytes() const { return BytesOf(words_).First(size_); }

 private:
  void Put(uint64_t word) {
    words_[size_ / sizeof(word)] = word;
    size_ += sizeof(word);
  }
  void PutIf(uint64_t wanted, uint64_t word) {
    if (wanted != 0) {
      Put(word);
    }
  }

  size_t size_ = 0;
  uint64_t words_[6];
};

// What few samples have, in functions of their own, which get a copy of the
// cursor: so it stays in registers.

[[gnu::noinline]] void PutUnaligned(PerfRing::Cursor to, ConstBytes raw) {
  PutRaw<false>(to, raw.data(), raw.size());
}

[[gnu::noinline]] PerfRing::Cursor PutReading(PerfRing::Cursor to,
                                              uint64_t format,
                                              const PerfEvent& event) {
  const ReadingBytes reading(format, event.Read());
  to.Put(reading.bytes());
  return to;
}

[[gnu::noinline]] bool BeginAfterLosses(PerfRing& ring,
                                        const PerfEventAttr& attr, uint64_t id,
                                        uint32_t cpu, uint64_t size,
                                        PerfRing::Cursor& to) {
  const SampleId trailer(attr, id, cpu);
  return ring.BeginAfterLosses(size, {id, trailer.bytes()}, to);
}

}  // namespace

ReadingBytes::ReadingBytes(uint64_t format, const EventReading& reading) {
  const bool group = (format & linux_abi::kPerfFormatGroup) != 0;
  Put(format, linux_abi::kPerfFormatGroup, 1);  // how many events follow
  if (!group) {
    Put(1, 1, reading.value);
  }
  Put(format, linux_abi::kPerfFormatEnabled, reading.enabled);
  Put(format, linux_abi::kPerfFormatRunning, reading.running);
  if (group) {
    Put(1, 1, reading.value);
  }
  Put(format, linux_abi::kPerfFormatId, reading.id);
  Put(format, linux_abi::kPerfFormatLost, reading.lost);
}

size_t ReadingBytes::SizeFor(uint64_t format) {
  return ReadingBytes(format, {}).size_;
}

inline void ReadingBytes::Put(uint64_t format, uint64_t bit, uint64_t word) {
  if ((format & bit) != 0) {
    StoreUnaligned(bytes_ + size_, word);
    size_ += sizeof(word);
  }
}

uint64_t PlaceOf(const Occurrence& what) {
  if (what.regs == nullptr) {
    return 0;
  }
  const uint64_t pc = machine::PcIn(*const_cast<machine::PtRegs*>(what.regs));
  return what.in_user ? pc : machine::RealAddress(pc);
}

Span<const uint64_t> WalkCalls(const PerfEventAttr& attr,
                               const Occurrence& what, Span<uint64_t> words) {
  const size_t most =
      Min<size_t>(attr.sample_max_stack == 0 ? linux_abi::kPerfMaxStack
                                             : attr.sample_max_stack,
                  words.size() - 3);
  size_t count = 0;  // of addresses
  size_t at = 1;
  if (!what.in_user &&
      (attr.flags & linux_abi::kPerfExcludeCallchainKernel) == 0) {
    const size_t found =
        ebpf_port_stack_walk(what.regs, false, words.data() + at + 1, most);
    if (found != 0) {
      words[at++] = linux_abi::kPerfContextKernel;
    }
    for (size_t i = 0; i < found; ++i, ++at) {
      words[at] = machine::RealAddress(words[at]);
    }
    count = found;
  }
  if ((attr.flags & linux_abi::kPerfExcludeCallchainUser) == 0 &&
      count < most) {
    const size_t found =
        ebpf_port_stack_walk(what.in_user ? what.regs : nullptr, true,
                             words.data() + at + 1, most - count);
    if (found != 0) {
      words[at] = linux_abi::kPerfContextUser;
      at += 1 + found;
    }
  }
  words[0] = at - 1;
  return Span<const uint64_t>(words.data(), at);
}

uint32_t FixedSampleSize(const PerfEventAttr& attr) {
  size_t size = sizeof(ring::PerfRecordHeader);
  for (uint64_t left = attr.sample_type & kFrontFields; left != 0;
       left &= left - 1) {
    size += sizeof(uint64_t);
  }
  if ((attr.sample_type & linux_abi::kPerfSampleRead) != 0) {
    size += ReadingBytes::SizeFor(attr.read_format);
  }
  return static_cast<uint32_t>(size);
}

Status WriteSample(PerfRing& ring, const PerfEventAttr& attr,
                   uint32_t fixed_size, const PerfEvent& event,
                   const Occurrence& what, uint32_t cpu, SampleMemory* memory) {
  const uint64_t type = attr.sample_type;
  static constexpr uint64_t kNoCalls = 0;
  Span<const uint64_t> calls;
  if ((type & linux_abi::kPerfSampleCallchain) != 0) {
    calls = memory == nullptr
                ? Span<const uint64_t>(&kNoCalls, 1)
                : WalkCalls(attr, what, Span<uint64_t>(memory->frames));
  }
  const bool has_raw = (type & linux_abi::kPerfSampleRaw) != 0;
  const uint64_t size = uint64_t{fixed_size} + calls.size() * sizeof(uint64_t) +
                        (has_raw ? RawRoom(what.raw.size()) : 0);
  if (size > UINT16_MAX) {
    return Status::kTooBig;
  }
  PerfRing::Cursor begin;
  // What is lost from here on is told with the next one.
  const bool has_room =
      __builtin_expect(ring.has_losses(), 0)
          ? BeginAfterLosses(ring, attr, event.id(), cpu, size, begin)
          : ring.Begin(size, begin);
  if (!has_room) {
    return Status::kNoSpace;
  }
  PerfRing::Cursor to = begin;
  to.Put(SampleHeader(size, what.in_user));
  if ((type & kFrontFields) != 0) {
    const uint64_t place =
        (type & linux_abi::kPerfSampleIp) != 0 ? PlaceOf(what) : 0;
    PutFront(to, type,
             {.id = event.id(),
              .place = place,
              .address = what.address,
              .period = what.period,
              .cpu = cpu});
  }
  if ((type & linux_abi::kPerfSampleRead) != 0) {
    to = PutReading(to, attr.read_format, event);
  }
  for (const uint64_t call : calls) {
    to.Put(call);
  }
  if (has_raw) {
    // Records of trace events are.
    if (reinterpret_cast<uintptr_t>(what.raw.data()) % sizeof(uint64_t) == 0) {
      PutRaw<true>(to, what.raw.data(), what.raw.size());
    } else {
      PutUnaligned(to, what.raw);
    }
  }
  ring.End();
  return Status::kOk;
}

bool WriteThrottled(PerfRing& ring, const PerfEventAttr& attr,
                    const PerfEvent& event, uint32_t cpu, bool is_throttled) {
  const SampleId id(attr, event.id(), cpu);
  const auto size = static_cast<uint16_t>(sizeof(ring::PerfThrottleRecord) +
                                          id.bytes().size());
  PerfRing::Cursor to;
  if (!ring.BeginAfterLosses(size, {event.id(), id.bytes()}, to,
                             PerfRing::RecordKind::kOther)) {
    return false;
  }
  const ring::PerfThrottleRecord record = {
      {is_throttled ? ring::kPerfRecordThrottle : ring::kPerfRecordUnthrottle,
       0, size},
      ebpf_port_time_ns(),
      event.id(),
      event.id()};
  to.Put(BytesOf(record));
  to.Put(id.bytes());
  ring.End();
  return true;
}

}  // namespace ebpf
