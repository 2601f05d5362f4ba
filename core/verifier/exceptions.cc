// SPDX-License-Identifier: MIT
//
// Linux's rules: the callback is a global function of one number, whose result
// is the program's; without one, what is thrown is. Whoever throws leaves at
// once, so nothing may be held in any of the active functions.
#include "core/verifier/exceptions.h"

#include "core/verifier/arena.h"
#include "core/verifier/references.h"
#include "core/verifier/regions.h"
#include "core/verifier/return_value.h"
#include "core/verifier/spin_lock.h"
#include "core/verifier/structure.h"

namespace ebpf::verifier {
namespace {

constexpr unsigned kCookie = 1;
constexpr const char* kTag = "exception_callback:";
constexpr const char* kThrow = "bpf_throw";

/// The function's name in the tag; empty without one.
Result<StringView> NameInTag(Verification& v, uint32_t main) {
  const btf::Btf& btf = *v.options.btf;
  StringView found;
  for (btf::TypeId previous = 0;;) {
    const Result<btf::TypeId> id = btf.NextTag(main, previous);
    if (!id.ok()) {
      return found;
    }
    previous = *id;
    const btf::Type tag = EBPF_TRY(btf.TypeAt(*id));
    const StringView text = EBPF_TRY(btf.Name(tag.name));
    if (btf::Btf::TagComponent(tag) != btf::kWholeType ||
        !text.StartsWith(kTag)) {
      continue;
    }
    if (!found.empty()) {
      return v.Reject(Message::kSeveralExceptionCallbacks);
    }
    found = text.Substring(StringView(kTag).size());
    if (found.empty()) {
      return v.Reject(Message::kNoExceptionCallback, "");
    }
  }
}

}  // namespace

Result<uint32_t> FindExceptionCallback(Verification& v) {
  const Span<const FunctionInfo> records = v.options.functions;
  if (v.options.btf == nullptr || records.empty()) {
    return Status::kNotFound;
  }
  const btf::Btf& btf = *v.options.btf;
  const StringView name = EBPF_TRY(NameInTag(v, records[0].type_id));
  if (name.empty()) {
    return Status::kNotFound;
  }
  if (v.options.profile == Profile::kPort) {
    return v.Reject(Message::kNotForProfile, "exception callbacks");
  }
  const Result<btf::TypeId> id = btf.Find(btf::Kind::kFunction, name);
  if (!id.ok()) {
    return v.Reject(Message::kNoExceptionCallback, name.data());
  }
  const btf::Type function = EBPF_TRY(btf.TypeAt(*id));
  if (btf::Btf::LinkageOf(function) != btf::Linkage::kGlobal) {
    return v.Reject(Message::kExceptionCallbackStatic, name.data());
  }
  for (const FunctionInfo& record : records) {
    if (record.type_id == *id && record.insn_offset < v.insns.size()) {
      return record.insn_offset;
    }
  }
  return v.Reject(Message::kExceptionCallbackMissing);
}

Status CheckExceptionCallback(Verification& v) {
  if (v.exception_callback == 0) {
    return Status::kOk;
  }
  const uint32_t start = v.subprograms[v.exception_callback].start;
  for (uint32_t i = 0; i < v.insns.size(); ++i) {
    isa::DecodedInsn insn;
    const bool calls =
        (v.infos[i].flags & InsnInfo::kSecondSlot) == 0 &&
        DecodeInsn(v.insns, i, insn) == isa::DecodeError::kNone &&
        (insn.op == isa::Op::kCallSubprogram || insn.op == isa::Op::kLoadFunc);
    if (calls && TargetOf(i, insn) == start) {
      return v.Reject(Message::kExceptionCallbackCalled, i);
    }
  }
  return Status::kOk;
}

Status CheckMayThrow(Verification& v) {
  if (HoldsLock(v)) {
    return v.Reject(Message::kThrowsWithLock);
  }
  EBPF_TRY(CheckNothingHeld(v));
  return CheckNoRegions(v, kThrow);
}

Status StepThrow(Verification& v) {
  const State& state = *v.state;
  for (uint32_t i = 0; i < state.frame_count; ++i) {
    const Frame& frame = state.frames[i];
    const bool is_callback =
        frame.called_back || frame.async != Async::kNo ||
        (v.exception_callback != 0 && frame.subprogram == v.exception_callback);
    if (is_callback) {
      return v.Reject(Message::kThrowInCallback, v.index,
                      state.current().subprogram);
    }
  }
  EBPF_TRY(CheckMayThrow(v));
  return v.exception_callback == 0 ? CheckReturnValue(v, kCookie) : Status::kOk;
}

}  // namespace ebpf::verifier
