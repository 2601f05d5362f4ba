// SPDX-License-Identifier: MIT
//
// In Linux's order: the program itself first, then global functions in rounds,
// since walking one may call others. What nobody calls is not looked at.
#include "core/verifier/global_function.h"

#include "core/base/memory.h"
#include "core/verifier/async_callback.h"
#include "core/verifier/dynptr.h"
#include "core/verifier/exceptions.h"
#include "core/verifier/function_args.h"
#include "core/verifier/function_info.h"
#include "core/verifier/helper_args.h"
#include "core/verifier/memory_access.h"
#include "core/verifier/packet.h"
#include "core/verifier/regions.h"
#include "core/verifier/return_value.h"
#include "core/verifier/spin_lock.h"
#include "core/verifier/walk.h"

namespace ebpf::verifier {
namespace {

constexpr unsigned kResult = 0;
constexpr unsigned kFirstArgument = 1;
/// What an argument may hold when the function begins.
RegState EntryValue(Verification& v, const FunctionArgument& argument) {
  RegState reg{};
  switch (argument.kind) {
    case FunctionArgument::kScalar:
    case FunctionArgument::kArena:
      return RegState::UnknownScalar();
    case FunctionArgument::kContext:
      return RegState::Pointer(RegType::kContext);
    case FunctionArgument::kMemory:
      reg = RegState::Pointer(RegType::kMemory);
      reg.memory_size = argument.size;
      break;
    case FunctionArgument::kTyped:
      reg = RegState::Pointer(RegType::kTyped);
      reg.flags = kRegTrusted;
      reg.btf = v.options.kernel_btf;
      reg.memory_size = argument.type;
      break;
    case FunctionArgument::kDynptr:
      // Of a local one all that others allow is allowed, but writing.
      reg = RegState::Pointer(RegType::kDynptr);
      reg.flags = kRegDynptrLocal | kRegFirstSlot;
      break;
  }
  reg.maybe_null = argument.maybe_null;
  reg.id = v.NewId();
  return reg;
}

void Begin(Verification& v, uint32_t subprogram) {
  State& state = *v.state;
  Reset(state);
  Frame& frame = state.current();
  frame.subprogram = subprogram;
  frame.regs[isa::kFramePointer] = RegState::Pointer(RegType::kStack);
  v.index = v.subprograms[subprogram].start;
  v.log_state = false;
  v.touched = FrameMarks::All();
}

Status BeginGlobal(Verification& v, uint32_t number) {
  if (v.log.wants_insns()) {
    TextWriter& writer = v.log.writer();
    writer.Put("Validating ").Put(FunctionName(v, number)).Put("() func#");
    writer.PutUnsigned(number).Put("...\n");
  }
  EBPF_TRY(FindArguments(v, number));
  Begin(v, number);
  const Subprogram& subprogram = v.subprograms[number];
  if (number == v.exception_callback &&
      (subprogram.argument_count != 1 ||
       subprogram.arguments[0].kind != FunctionArgument::kScalar)) {
    return v.Reject(Message::kExceptionCallbackArgument);
  }
  for (unsigned i = 0; i < subprogram.argument_count; ++i) {
    v.state->reg(kFirstArgument + i) = EntryValue(v, subprogram.arguments[i]);
  }
  return Status::kOk;
}

Status WalkGlobal(Verification& v, uint32_t number) {
  EBPF_TRY(BeginGlobal(v, number));
  EBPF_TRY(Walk(v));
  ForgetPaths(v);
  if (v.log.wants_insns()) {
    TextWriter& writer = v.log.writer();
    writer.Put("Func#").PutUnsigned(number).Put(" ('");
    writer.Put(FunctionName(v, number));
    writer.Put("') is safe for any args that match its prototype\n");
  }
  return Status::kOk;
}

/// Memory that the function may read and write.
Status CheckMemoryArgument(Verification& v, unsigned number,
                           const FunctionArgument& argument) {
  const unsigned index = number - kFirstArgument;
  RegState& reg = v.state->reg(number);
  if (reg.IsNull() && argument.maybe_null) {
    return Status::kOk;
  }
  if (reg.IsNull() || (reg.maybe_null && !argument.maybe_null)) {
    return v.Reject(Message::kArgumentMayBeNull, index);
  }
  if (reg.type == RegType::kContext && argument.size != 0) {
    return v.Reject(Message::kBadContextAccess, argument.size - 1, 1);
  }
  const bool maybe_null = reg.maybe_null;
  reg.maybe_null = false;  // as it is where it is used
  Status status =
      CheckMemory(v, number, argument.size, true, HelperUse::kReads);
  if (IsOk(status)) {
    status = CheckMemory(v, number, argument.size, true, HelperUse::kWrites);
  }
  reg.maybe_null = maybe_null;
  return status;
}

Status CheckTypedArgument(Verification& v, unsigned number,
                          const FunctionArgument& argument) {
  const RegState& reg = v.state->reg(number);
  if (reg.IsNull() && argument.maybe_null) {
    return Status::kOk;
  }
  constexpr uint16_t kBad =
      kRegUntrusted | kRegUser | kRegPerCpu | kRegNonOwning | kRegAllocated;
  const bool trusted =
      (reg.flags & (kRegTrusted | kRegRcu)) != 0 || reg.reference != 0;
  if (reg.type != RegType::kTyped || reg.Has(kBad) || !trusted ||
      (reg.maybe_null && !argument.maybe_null)) {
    return v.Reject(Message::kArgumentType, number, TypeName(reg),
                    "ptr_, trusted_ptr_, rcu_ptr_");
  }
  EBPF_TRY(CheckUnmodified(v, number));
  return IsSameType(*reg.btf, reg.memory_size, *v.options.kernel_btf,
                    argument.type)
             ? Status::kOk
             : v.Reject(Message::kArgumentType, number, TypeName(reg),
                        "ptr_, trusted_ptr_, rcu_ptr_");
}

Status CheckArgument(Verification& v, unsigned number,
                     const FunctionArgument& argument) {
  EBPF_TRY(CheckReadable(v, number));
  const RegState& reg = v.state->reg(number);
  switch (argument.kind) {
    case FunctionArgument::kScalar:
      return reg.IsScalar() ? Status::kOk
                            : v.Reject(Message::kNotAScalar, number);
    case FunctionArgument::kContext:
      if (reg.type != RegType::kContext) {
        return v.Reject(Message::kNotTheContext, number - kFirstArgument);
      }
      return CheckUnmodified(v, number);
    case FunctionArgument::kMemory:
      return CheckMemoryArgument(v, number, argument);
    case FunctionArgument::kTyped:
      return CheckTypedArgument(v, number, argument);
    case FunctionArgument::kArena:
      return reg.IsScalar() || reg.type == RegType::kArena
                 ? Status::kOk
                 : v.Reject(Message::kNotArenaOrScalar, number);
    case FunctionArgument::kDynptr: {
      const bool dynptr =
          reg.type == RegType::kDynptr || reg.type == RegType::kStack;
      RegState found;
      return !dynptr ? v.Reject(Message::kArgumentType, number, TypeName(reg),
                                "fp, dynptr_ptr")
             : reg.type == RegType::kDynptr && !IsOk(CheckUnmodified(v, number))
                 ? Status::kInvalid
                 : FindDynptr(v, number, 0, false, found);
    }
  }
  return Status::kInvalid;
}

/// Whether a function that does such things may be called here.
Status CheckEffects(Verification& v, const Subprogram& callee) {
  if (v.state->regions.preempt_disabled != 0) {
    return v.Reject(Message::kGlobalWithoutPreemption);
  }
  const bool may_sleep = IsSleepable(v) && !v.state->regions.rcu;
  if (callee.may_sleep && v.options.sleepable && !may_sleep) {
    return v.Reject(Message::kGlobalMaySleep);
  }
  return callee.may_throw ? CheckMayThrow(v) : Status::kOk;
}

Status CheckArguments(Verification& v, uint32_t subprogram) {
  EBPF_TRY(FindArguments(v, subprogram));
  const Subprogram& callee = v.subprograms[subprogram];
  for (unsigned i = 0; i < callee.argument_count; ++i) {
    EBPF_TRY(CheckArgument(v, kFirstArgument + i, callee.arguments[i]));
  }
  return Status::kOk;
}

}  // namespace

void ForgetPaths(Verification& v) {
  if (!v.log.wants(kLogStates)) {
    v.log.writer().Clear();
  }
}

Status WalkAll(Verification& v) {
  Begin(v, 0);
  v.state->reg(kFirstArgument) = RegState::Pointer(RegType::kContext);
  EBPF_TRY(Walk(v));
  ForgetPaths(v);
  v.subprograms[v.exception_callback].called = true;
  bool walked = true;
  while (walked) {
    walked = false;
    EBPF_TRY(WalkAsyncCallbacks(v, walked));
    for (uint32_t i = 1; i < v.subprograms.size(); ++i) {
      if (v.subprograms[i].called && !v.subprograms[i].verified) {
        EBPF_TRY(WalkGlobal(v, i));
        v.subprograms[i].verified = true;
        walked = true;
      }
    }
  }
  return Status::kOk;
}

Status StepGlobalCall(Verification& v, uint32_t subprogram) {
  if (HoldsLock(v)) {
    return v.Reject(Message::kGlobalWithLock);
  }
  EBPF_TRY(CheckEffects(v, v.subprograms[subprogram]));
  const char* name = FunctionName(v, subprogram);
  const Status status = CheckArguments(v, subprogram);
  if (!IsOk(status)) {
    // Not StatusOf(message): the errno is that of the argument.
    static_cast<void>(v.Reject(Message::kCallerPasses, subprogram, name));
    return status;
  }
  if (v.log.enabled()) {
    TextWriter& writer = v.log.writer();
    writer.Put("Func#").PutUnsigned(subprogram).Put(" ('").Put(name);
    writer.Put("') is global and assumed valid.\n");
  }
  v.subprograms[subprogram].called = true;
  if (v.subprograms[subprogram].moves_packet) {
    ForgetPackets(*v.state);
  }
  ForgetCallerSaved(*v.state);
  v.state->reg(kResult) = RegState::UnknownScalar();
  return Status::kOk;
}

Status CheckGlobalResult(Verification& v) {
  if (v.state->current().subprogram == v.exception_callback) {
    return CheckReturnValue(v);
  }
  EBPF_TRY(CheckReadable(v, kResult));
  const RegState& result = v.state->reg(kResult);
  return result.IsScalar()
             ? Status::kOk
             : v.Reject(Message::kResultNotScalar, TypeName(result));
}

}  // namespace ebpf::verifier
