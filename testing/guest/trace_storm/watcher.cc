// SPDX-License-Identifier: MIT
#include "testing/guest/trace_storm/watcher.h"

#include "core/linux_abi/bpf.h"
#include "core/linux_abi/bpf_objects.h"
#include "testing/guest/kernel/thread.h"
#include "testing/programs/trace_storm_object.h"

namespace guest::trace_storm {

uint64_t Watcher::Sum() {
  uint64_t sum = 0;
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    sum += Hits(cpu);
  }
  return sum;
}

bool Watcher::OnEveryCpu(const uint64_t (&before)[kMaxCpus]) {
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    if (Hits(cpu) == before[cpu]) {
      return false;
    }
  }
  return true;
}

ebpf::Status RecordWatcher::Attach() {
  missed_before_ = ebpf::MissedBy(TracepointOf(place()));
  event_ = ebpf::TraceEvents::FindById(TracepointOf(place()).id);
  return event_ ? event_->AddConsumer(*this) : ebpf::Status::kNotFound;
}

void RecordWatcher::Detach() { event_->RemoveConsumer(*this); }

void* RecordWatcher::Reserve(size_t size, const ebpf::EventPlace& /*place*/) {
  OfCpu& mine = cpus_[machine::CpuId()];
  if (size != sizeof(mine.record)) {
    mine.wrong.FetchAdd(1, ebpf::kRelaxed);
    return nullptr;
  }
  return &mine.record;
}

void RecordWatcher::Commit(void* record, size_t /*size*/,
                           const ebpf::EventPlace& /*place*/) {
  OfCpu& mine = cpus_[machine::CpuId()];
  const bool right = record == &mine.record && mine.record.IsWhole() &&
                     mine.record.cpu == machine::CpuId() &&
                     mine.record.header.type == TracepointOf(place()).id;
  mine.wrong.FetchAdd(right ? 0 : 1, ebpf::kRelaxed);
  mine.hits.FetchAdd(1, ebpf::kRelaxed);
}

uint64_t RecordWatcher::Hits(uint32_t cpu) {
  return cpus_[cpu].hits.Load(ebpf::kRelaxed);
}

uint64_t RecordWatcher::Missed() {
  return ebpf::MissedBy(TracepointOf(place())) - missed_before_;
}

uint64_t RecordWatcher::Wrong() const {
  uint64_t wrong = 0;
  for (const OfCpu& of : cpus_) {
    wrong += of.wrong.Load(ebpf::kRelaxed);
  }
  return wrong;
}

ProgramWatcher::ProgramWatcher(Place place, bool is_raw)
    : Watcher(place), is_raw_(is_raw), object_(trace_storm_object()) {}

const char* ProgramWatcher::ProgramName() const {
  constexpr const char* kNames[2][kPlaces] = {{"on_shared", "on_alone"},
                                              {"raw_shared", "raw_alone"}};
  return kNames[is_raw_ ? 1 : 0][static_cast<uint32_t>(place())];
}

ebpf::Status ProgramWatcher::Attach() {
  if (!object_.loaded()) {
    return ebpf::Status::kInvalid;
  }
  const ebpf::Result<int> link =
      object_.object().Attach(object_.IndexOf(ProgramName()), "");
  link_ = link.ok() ? *link : 0;
  return link.status();
}

void ProgramWatcher::Detach() {
  GUEST_EXPECT(IsOk(object_.object().Detach(link_)));
}

uint64_t ProgramWatcher::Hits(uint32_t cpu) {
  uint64_t hits[kMaxCpus] = {};
  const uint32_t zero = 0;
  const ebpf::Result<int> map = object_.object().MapFd("hits");
  GUEST_EXPECT(map.ok() &&
               demo::LookupElem(object_.client(), *map, &zero, hits) == 0);
  return hits[cpu];
}

uint64_t ProgramWatcher::Missed() {
  const size_t index = object_.IndexOf(ProgramName());
  ebpf::linux_abi::ProgramInfo info = {};
  ebpf::linux_abi::ObjectInfoAttr attr = {};
  attr.fd = static_cast<uint32_t>(object_.object().program(index).fd);
  attr.info_size = sizeof(info);
  attr.info = reinterpret_cast<uintptr_t>(&info);
  GUEST_EXPECT_EQ(-ebpf_bpf(object_.client(), ebpf::linux_abi::kObjGetInfoByFd,
                            reinterpret_cast<uintptr_t>(&attr), sizeof(attr)),
                  0);
  return info.recursion_misses;
}

KeyWatcher::KeyWatcher(Place place) : Watcher(place) {
  for (uint32_t cpu = 0; cpu < kMaxCpus; ++cpu) {
    at_first_[cpu] = TakenAt(place, cpu);
    at_the_end_[cpu] = at_first_[cpu];
  }
}

ebpf::Status KeyWatcher::Attach() {
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    // What others were told meanwhile.
    const uint64_t taken = TakenAt(place(), cpu);
    at_first_[cpu] += taken - at_the_end_[cpu];
    at_the_end_[cpu] = taken;
  }
  const ebpf::Status status = KeyOf(place()).Enable();
  attached_ = IsOk(status);
  return status;
}

uint32_t KeyWatcher::Late() const { return OnlineCpus(); }

void KeyWatcher::Detach() {
  KeyOf(place()).Disable();
  attached_ = false;
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    at_the_end_[cpu] = TakenAt(place(), cpu);
  }
}

uint64_t KeyWatcher::Hits(uint32_t cpu) {
  // Alone, nobody takes the branch afterwards.
  const bool is_over = place() == Place::kShared && !attached_;
  return (is_over ? at_the_end_[cpu] : TakenAt(place(), cpu)) - at_first_[cpu];
}

}  // namespace guest::trace_storm
