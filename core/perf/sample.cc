// SPDX-License-Identifier: MIT
//
// core/perf/sample.h's implementation.
#include "core/perf/sample.h"

#include "core/base/memory.h"
#include "core/machine/function_entry.h"
#include "core/machine/real_address.h"
#include "core/platform/cpu.h"
#include "core/platform/stack.h"
#include "core/platform/task.h"
#include "core/platform/time.h"

namespace ebpf {
namespace {

using linux_abi::PerfEventAttr;

/// Fields that are there if their bit of the sample type is set.
template <size_t kRoom>
class Fields {
 public:
  explicit Fields(uint64_t type) : type_(type) {}

  void Put(uint64_t bit, uint64_t value) {
    if ((type_ & bit) != 0) {
      StoreUnaligned(bytes_ + size_, value);
      size_ += sizeof(value);
    }
  }
  void PutTid() {
    if ((type_ & linux_abi::kPerfSampleTid) != 0) {
      uint32_t pid;
      uint32_t tgid;
      ebpf_port_task_ids(&pid, &tgid);
      Put(linux_abi::kPerfSampleTid, uint64_t{pid} << 32 | tgid);
    }
  }
  void PutTime() {
    if ((type_ & linux_abi::kPerfSampleTime) != 0) {
      Put(linux_abi::kPerfSampleTime, ebpf_port_time_ns());
    }
  }
  ConstBytes bytes() const { return ConstBytes(bytes_, size_); }

 private:
  const uint64_t type_;
  size_t size_ = 0;
  uint8_t bytes_[kRoom * sizeof(uint64_t)];
};

/// What sample_id_all puts at the end of records that are no samples.
Fields<6> SampleId(const PerfEventAttr& attr, uint64_t id) {
  const bool wants_all = (attr.flags & linux_abi::kPerfSampleIdAll) != 0;
  Fields<6> fields(wants_all ? attr.sample_type : 0);
  fields.PutTid();
  fields.PutTime();
  fields.Put(linux_abi::kPerfSampleId, id);
  fields.Put(linux_abi::kPerfSampleStreamId, id);
  fields.Put(linux_abi::kPerfSampleCpu, ebpf_port_cpu_id());
  fields.Put(linux_abi::kPerfSampleIdentifier, id);
  return fields;
}

/// All up to the period.
Fields<9> Front(const PerfEventAttr& attr, uint64_t id,
                const Occurrence& what) {
  Fields<9> fields(attr.sample_type);
  fields.Put(linux_abi::kPerfSampleIdentifier, id);
  fields.Put(linux_abi::kPerfSampleIp, PlaceOf(what));
  fields.PutTid();
  fields.PutTime();
  fields.Put(linux_abi::kPerfSampleAddress, what.address);
  fields.Put(linux_abi::kPerfSampleId, id);
  fields.Put(linux_abi::kPerfSampleStreamId, id);
  fields.Put(linux_abi::kPerfSampleCpu, ebpf_port_cpu_id());
  fields.Put(linux_abi::kPerfSamplePeriod, what.period);
  return fields;
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

Status WriteSample(PerfRing& ring, const PerfEventAttr& attr,
                   const EventReading& event, const Occurrence& what,
                   SampleMemory* memory) {
  const uint64_t type = attr.sample_type;
  const Fields<9> front = Front(attr, event.id, what);
  const ReadingBytes reading(attr.read_format, event);
  const bool reads = (type & linux_abi::kPerfSampleRead) != 0;
  static constexpr uint64_t kNoCalls = 0;
  Span<const uint64_t> calls;
  if ((type & linux_abi::kPerfSampleCallchain) != 0) {
    calls = memory == nullptr
                ? Span<const uint64_t>(&kNoCalls, 1)
                : WalkCalls(attr, what, Span<uint64_t>(memory->frames));
  }
  // The size word and the data end at a multiple of 8, and the word says so.
  const bool has_raw = (type & linux_abi::kPerfSampleRaw) != 0;
  const auto raw_size = static_cast<uint32_t>(
      AlignUp<size_t>(what.raw.size() + sizeof(uint32_t), 8) -
      sizeof(uint32_t));
  static constexpr uint8_t kPadding[8] = {};
  ring::PerfRecordHeader header = {
      ring::kPerfRecordSample,
      what.in_user ? ring::kPerfMiscUser : ring::kPerfMiscKernel, 0};
  const ConstBytes pieces[] = {
      BytesOf(header),
      front.bytes(),
      reads ? reading.bytes() : ConstBytes(),
      ConstBytes(reinterpret_cast<const uint8_t*>(calls.data()),
                 calls.size() * sizeof(uint64_t)),
      BytesOf(raw_size),
      what.raw,
      ConstBytes(kPadding).First(raw_size - what.raw.size())};
  const Span<const ConstBytes> used(pieces, has_raw ? 7 : 4);
  uint64_t size = 0;
  for (const ConstBytes piece : used) {
    size += piece.size();
  }
  if (size > UINT16_MAX) {
    return Status::kTooBig;
  }
  header.size = static_cast<uint16_t>(size);
  // What is lost from here on is told with the next one.
  const bool tells = ring.has_losses();
  const Fields<6> id = tells ? SampleId(attr, event.id) : Fields<6>(0);
  return ring.Write(used, {event.id, tells, id.bytes()});
}

}  // namespace ebpf
