// SPDX-License-Identifier: MIT
//
// program_types.def and return_ranges.def as tables.
#include "core/program_types/program_type.h"

#include "core/program_types/rows.h"
#include "core/program_types/type_sets.h"

namespace ebpf {
namespace {

namespace packet_words {
constexpr uint64_t None = 0;
constexpr uint64_t LdAbs = 1;
constexpr uint64_t Read = 2;
constexpr uint64_t ReadWrite = 2 | 4;
}  // namespace packet_words

namespace privilege_words {
constexpr uint64_t Bpf = kPrivilegeBpf;
constexpr uint64_t NetAdmin = kPrivilegeNetAdmin;
constexpr uint64_t Perfmon = kPrivilegePerfmon;
constexpr uint64_t Anybody = kPrivilegeAnybody;
}  // namespace privilege_words

bool ReadsPackets(bool write, uint32_t /*attach_type*/) { return !write; }
bool WritesPackets(bool /*write*/, uint32_t /*attach_type*/) { return true; }

using PacketRule = bool (*)(bool write, uint32_t attach_type);

constexpr PacketRule RuleOf(uint64_t packets) {
  if ((packets & packet_words::ReadWrite) == packet_words::ReadWrite) {
    return WritesPackets;
  }
  return (packets & packet_words::Read) != 0 ? ReadsPackets : nullptr;
}

struct ReturnRow {
  ProgramTypeSet types;
  AttachTypeSet attach_types;
  int32_t least;
  int32_t most;
};

constexpr ReturnRow kReturnRows[] = {
#define EBPF_RETURN_RANGE(types, attach, least, most)                      \
  {EBPF_WORDS(type_words, types), EBPF_WORDS(attach_words, attach), least, \
   most},
#include "core/program_types/return_ranges.def"
#undef EBPF_RETURN_RANGE
};

template <ProgramTypeId kType>
ReturnRange Returns(uint32_t attach_type) {
  for (const ReturnRow& row : kReturnRows) {
    const bool fits = row.attach_types == attach_words::Any ||
                      Contains(row.attach_types, attach_type);
    if (Contains(row.types, kType) && fits) {
      return {true, row.least, row.most};
    }
  }
  return {};
}

constexpr ProgramType kTypes[] = {
#define EBPF_PROGRAM_TYPE(number, name, text, packets, attach, privilege) \
  {ProgramTypeId::k##name,                                                \
   #text,                                                                 \
   name##Access,                                                          \
   Returns<ProgramTypeId::k##name>,                                       \
   (EBPF_WORDS(packet_words, packets) & packet_words::LdAbs) != 0,        \
   RuleOf(EBPF_WORDS(packet_words, packets)),                             \
   EBPF_WORDS(attach_words, attach),                                      \
   static_cast<uint8_t>(EBPF_WORDS(privilege_words, privilege))},
#include "core/program_types/program_types.def"
#undef EBPF_PROGRAM_TYPE
};

constexpr uint32_t kTypeCount = sizeof(kTypes) / sizeof(kTypes[0]);

/// The numbers count from 1 without a gap, so a number is a place.
constexpr bool InOrder() {
  for (uint32_t i = 0; i < kTypeCount; ++i) {
    if (static_cast<uint32_t>(kTypes[i].id) != i + 1) {
      return false;
    }
  }
  return true;
}
static_assert(InOrder());

}  // namespace

const ProgramType* FindProgramType(uint32_t number) {
  return number == 0 || number > kTypeCount ? nullptr : &kTypes[number - 1];
}

uint32_t EffectiveAttachType(ProgramTypeId type, uint32_t expected) {
  if (expected != 0) {
    return expected;
  }
  switch (type) {
    case ProgramTypeId::kCgroupSock:
      return static_cast<uint32_t>(AttachType::kCgroupInetSockCreate);
    case ProgramTypeId::kSkReuseport:
      return static_cast<uint32_t>(AttachType::kSkReuseportSelect);
    default:
      return 0;
  }
}

bool AcceptsAttachType(const ProgramType& type, uint32_t attach_type) {
  return type.attach_types == attach_words::Any ||
         Contains(type.attach_types, attach_type);
}

bool MaySleep(ProgramTypeId type, uint32_t attach_type) {
  using namespace attach_words;  // NOLINT: the words of type_sets.h
  switch (type) {
    case ProgramTypeId::kTracing:
      return Contains(TraceFentry | TraceFexit | ModifyReturn | TraceIter,
                      attach_type);
    case ProgramTypeId::kLsm:
    case ProgramTypeId::kKprobe:  // uprobes
    case ProgramTypeId::kStructOps:
    case ProgramTypeId::kSyscall:
      return true;
    default:
      return false;
  }
}

}  // namespace ebpf
