// SPDX-License-Identifier: MIT
//
// kfuncs.def as a table.
#include "core/helpers/kfuncs.h"

#include "core/helpers/kfunc_functions.h"
#include "core/program_types/type_sets.h"

namespace ebpf {
namespace {

// The words of the column `flags`.
namespace flag_words {
constexpr uint64_t None = 0;
constexpr uint64_t Acquire = kKfuncAcquire;
constexpr uint64_t Release = kKfuncRelease;
constexpr uint64_t RetNull = kKfuncRetNull;
constexpr uint64_t TrustedArgs = kKfuncTrustedArgs;
constexpr uint64_t Rcu = kKfuncRcu;
constexpr uint64_t Sleepable = kKfuncSleepable;
constexpr uint64_t Destructive = kKfuncDestructive;
constexpr uint64_t RcuProtected = kKfuncRcuProtected;
constexpr uint64_t IterNew = kKfuncIterNew;
constexpr uint64_t IterNext = kKfuncIterNext;
constexpr uint64_t IterDestroy = kKfuncIterDestroy;
constexpr uint64_t FastCall = kKfuncFastCall;
constexpr uint64_t IteratorsOnly = kKfuncIteratorsOnly;
constexpr uint64_t DeviceBound = kKfuncDeviceBound;
constexpr uint64_t SessionOnly = kKfuncSessionOnly;
}  // namespace flag_words

// Sets as Linux registers functions for, beside those of type_sets.h. Tracing
// means several types here, so the words come in a namespace of their own.
namespace kfunc_types {
using type_words::Kprobe;
using type_words::Lsm;
using type_words::Lwt;
using type_words::Netfilter;
using type_words::SchedAct;
using type_words::SchedCls;
using type_words::SkSkb;
using type_words::SocketFilter;
using type_words::StructOps;
using type_words::Syscall;
using type_words::Xdp;
constexpr ProgramTypeSet Common = ~ProgramTypeSet{0};
constexpr ProgramTypeSet Tracing =
    type_words::Tracepoint | type_words::PerfEvent | type_words::Tracing | Lsm;
// Whoever registers for one of these has registered for all.
constexpr ProgramTypeSet Cgroup =
    type_words::CgroupSkb | type_words::CgroupTask;
constexpr ProgramTypeSet Objects = Tracing | StructOps | Syscall;
constexpr ProgramTypeSet Generic = Objects | SchedCls | Xdp | Cgroup;
constexpr ProgramTypeSet Scheduler = Objects;
}  // namespace kfunc_types

constexpr bool IsSame(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

/// What calls of the function `name` run, or null.
constexpr KfuncFunction FunctionOf(const char* name) {
#define EBPF_KFUNC_FUNCTION(kernel_name, function) \
  if (IsSame(name, #kernel_name)) {                \
    return helpers::function;                      \
  }
#include "core/helpers/kfunc_functions.def"
#undef EBPF_KFUNC_FUNCTION
  return nullptr;
}

constexpr KfuncInfo kRows[] = {
#define EBPF_KFUNC(name, id, flags, types)               \
  {#name, KfuncId::k##id,                                \
   static_cast<uint32_t>(EBPF_WORDS(flag_words, flags)), \
   EBPF_WORDS(kfunc_types, types), FunctionOf(#name)},
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
  return Contains(kfunc.types, type);
}

}  // namespace ebpf
