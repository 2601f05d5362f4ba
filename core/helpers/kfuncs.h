// SPDX-License-Identifier: MIT
//
// Functions of the kernel that programs call by BTF: what their prototypes do
// not say.
#pragma once

#include <stdint.h>

#include "core/base/string_view.h"
#include "core/program_types/program_type.h"

namespace ebpf {

/// Linux's KF_* flags, by our own bits.
enum KfuncFlag : uint32_t {
  /// The result is a reference that must be released on every path.
  kKfuncAcquire = 1 << 0,
  /// One argument is a reference that ends here; pointers as kKfuncTrustedArgs.
  kKfuncRelease = 1 << 1,
  /// The result may be null.
  kKfuncRetNull = 1 << 2,
  /// Pointers to kernel objects must be trusted or held, at offset 0.
  kKfuncTrustedArgs = 1 << 3,
  /// Pointers to kernel objects may also be protected by RCU.
  kKfuncRcu = 1 << 4,
  /// Only for sleepable programs.
  kKfuncSleepable = 1 << 5,
  /// Only for those who may reboot the machine.
  kKfuncDestructive = 1 << 6,
  /// Only inside a section that is protected by RCU.
  kKfuncRcuProtected = 1 << 7,
  /// Begins, steps and ends an open-coded iterator.
  kKfuncIterNew = 1 << 8,
  kKfuncIterNext = 1 << 9,
  kKfuncIterDestroy = 1 << 10,
  /// Leaves r1..r5 as they are (bpf_fastcall).
  kKfuncFastCall = 1 << 11,
  // What Linux has as filters of a set, not as flags:
  /// Only for iterators (BPF_TRACE_ITER).
  kKfuncIteratorsOnly = 1 << 12,
  /// Only for programs that are bound to a network device.
  kKfuncDeviceBound = 1 << 13,
  /// Only for BPF_TRACE_KPROBE_SESSION.
  kKfuncSessionOnly = 1 << 14,
};

/// The functions whose meaning the verifier knows itself.
enum class KfuncId : uint8_t {
  kNone,
#define EBPF_KFUNC_ID(name) k##name,
#include "core/helpers/kfunc_ids.def"
#undef EBPF_KFUNC_ID
};

/// One as engines call it: r1..r5 in, r0 out. It runs with preemption off
/// inside a read section. Context: any.
using KfuncFunction = uint64_t (*)(uint64_t r1, uint64_t r2, uint64_t r3,
                                   uint64_t r4, uint64_t r5);

/// One function. Its prototype stands in the kernel's BTF, under its name.
struct KfuncInfo {
  const char* name;  // as in the kernel: "bpf_task_acquire"
  KfuncId id;
  uint32_t flags;  // KfuncFlag
  uint64_t types;  // bit n: programs of type n may call it
  /// Null: known, not implemented.
  KfuncFunction function = nullptr;
};

/// Functions of one origin. A port chains its own before Linux's.
struct KfuncTable {
  const KfuncInfo* rows;
  uint32_t count;
  const KfuncTable* next;  // or null
};

/// All of Linux 6.12.
extern const KfuncTable kLinuxKfuncs;

/// The function with this name in `table` or those chained to it, or null.
/// Context: any.
const KfuncInfo* FindKfunc(StringView name,
                           const KfuncTable& table = kLinuxKfuncs);

/// Whether programs of `type` may call it. The filters among the flags are the
/// caller's.
bool KfuncAllowed(const KfuncInfo& kfunc, ProgramTypeId type);

}  // namespace ebpf
