// SPDX-License-Identifier: MIT
//
// kfuncs.def as a table.
#include "core/helpers/kfuncs.h"

#include <stddef.h>

namespace ebpf {
namespace {

// The words of kfuncs.def, each kind in a namespace of its own, in which the
// rows' columns are evaluated.
namespace flag_words {
constexpr uint32_t None = 0;
constexpr uint32_t Acquire = kKfuncAcquire;
constexpr uint32_t Release = kKfuncRelease;
constexpr uint32_t RetNull = kKfuncRetNull;
constexpr uint32_t TrustedArgs = kKfuncTrustedArgs;
constexpr uint32_t Rcu = kKfuncRcu;
constexpr uint32_t Sleepable = kKfuncSleepable;
constexpr uint32_t Destructive = kKfuncDestructive;
constexpr uint32_t RcuProtected = kKfuncRcuProtected;
constexpr uint32_t IterNew = kKfuncIterNew;
constexpr uint32_t IterNext = kKfuncIterNext;
constexpr uint32_t IterDestroy = kKfuncIterDestroy;
constexpr uint32_t FastCall = kKfuncFastCall;
constexpr uint32_t IteratorsOnly = kKfuncIteratorsOnly;
constexpr uint32_t DeviceBound = kKfuncDeviceBound;
constexpr uint32_t SessionOnly = kKfuncSessionOnly;

#define EBPF_KFUNC(name, id, flags, types) constexpr uint32_t Of_##name = flags;
#include "core/helpers/kfuncs.def"
#undef EBPF_KFUNC
}  // namespace flag_words

// By Linux's numbers (enum bpf_prog_type).
constexpr uint64_t Bit(uint32_t type) { return uint64_t{1} << type; }

namespace type_words {
constexpr uint64_t Common = ~uint64_t{0};
constexpr uint64_t SocketFilter = Bit(1);
constexpr uint64_t Kprobe = Bit(2);
constexpr uint64_t SchedCls = Bit(3);
constexpr uint64_t SchedAct = Bit(4);
constexpr uint64_t Xdp = Bit(6);
constexpr uint64_t CgroupSkb = Bit(8);
constexpr uint64_t Lwt = Bit(10) | Bit(11) | Bit(12) | Bit(19);
constexpr uint64_t SkSkb = Bit(14);
constexpr uint64_t CgroupSockAddr = Bit(18);
constexpr uint64_t StructOps = Bit(27);
constexpr uint64_t Lsm = Bit(29);
constexpr uint64_t Syscall = Bit(31);
constexpr uint64_t Netfilter = Bit(32);
constexpr uint64_t Tracing = Bit(5) | Bit(7) | Bit(26) | Lsm;
constexpr uint64_t Objects = Tracing | StructOps | Syscall;
constexpr uint64_t Generic = Objects | SchedCls | Xdp | CgroupSkb;
constexpr uint64_t Scheduler = Tracing | StructOps | Syscall;

#define EBPF_KFUNC(name, id, flags, types) constexpr uint64_t Of_##name = types;
#include "core/helpers/kfuncs.def"
#undef EBPF_KFUNC
}  // namespace type_words

constexpr KfuncInfo kRows[] = {
#define EBPF_KFUNC(name, id, flags, types) \
  {#name, KfuncId::k##id, flag_words::Of_##name, type_words::Of_##name},
#include "core/helpers/kfuncs.def"
#undef EBPF_KFUNC
};

}  // namespace

constinit const KfuncTable kLinuxKfuncs = {
    kRows, sizeof(kRows) / sizeof(kRows[0]), nullptr};

const KfuncInfo* FindKfunc(StringView name, const KfuncTable& table) {
  for (const KfuncTable* in = &table; in != nullptr; in = in->next) {
    for (uint32_t i = 0; i < in->count; ++i) {
      if (name == in->rows[i].name) {
        return &in->rows[i];
      }
    }
  }
  return nullptr;
}

bool KfuncAllowed(const KfuncInfo& kfunc, ProgramTypeId type) {
  const uint32_t number = static_cast<uint32_t>(type);
  return number < 64 && (kfunc.types >> number & 1) != 0;
}

}  // namespace ebpf
