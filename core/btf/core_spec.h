// SPDX-License-Identifier: MIT
//
// Access texts of CO-RE ("0:1:2"): what they mean in the program's BTF, and
// where the same way leads in the kernel's.
#pragma once

#include "core/btf/core_match.h"

namespace ebpf::btf {

/// No access text has more numbers.
inline constexpr uint32_t kMaxAccesses = 64;

/// enum bpf_core_relo_kind: what an instruction wants to know.
enum class CoreKind : uint32_t {
  kFieldByteOffset = 0,
  kFieldByteSize = 1,
  kFieldExists = 2,
  kFieldSigned = 3,
  kFieldLeftShift = 4,  // of a bit field, in 64 bits
  kFieldRightShift = 5,
  kTypeIdLocal = 6,
  kTypeIdTarget = 7,
  kTypeExists = 8,
  kTypeSize = 9,
  kEnumValueExists = 10,
  kEnumValue = 11,
  kTypeMatches = 12,
};

inline bool IsFieldKind(CoreKind kind) {
  return kind <= CoreKind::kFieldRightShift;
}
inline bool IsTypeKind(CoreKind kind) {
  return (kind >= CoreKind::kTypeIdLocal && kind <= CoreKind::kTypeSize) ||
         kind == CoreKind::kTypeMatches;
}
inline bool IsEnumKind(CoreKind kind) {
  return kind == CoreKind::kEnumValueExists || kind == CoreKind::kEnumValue;
}

/// One way into a type: what an access text means in one BTF.
struct CoreSpec {
  struct Step {
    TypeId type;     // the struct or enum; the array's element
    uint32_t index;  // of the member, value or element
    bool is_named;   // a member or value, not an element
    NameOffset name;
  };

  /// Anonymous structs on the way are in `raw` only.
  bool Push(const Step& step) {
    if (step_count == kMaxAccesses) {
      return false;
    }
    steps[step_count++] = step;
    return true;
  }
  bool PushRaw(uint32_t index) {
    if (raw_count == kMaxAccesses) {
      return false;
    }
    raw[raw_count++] = index;
    return true;
  }
  void Clear(TypeId type) {
    root = type;
    step_count = raw_count = 0;
    bit_offset = 0;
  }

  TypeId root = 0;
  uint32_t step_count = 0;
  uint32_t raw_count = 0;
  uint64_t bit_offset = 0;
  Step steps[kMaxAccesses];
  uint32_t raw[kMaxAccesses];
};

/// Reads the access text of a relocation of `kind` on `type`. kInvalid: it is
/// none, or leads where `type` has nothing; kTooBig: it is too long.
Status ParseSpec(const Btf& btf, CoreKind kind, TypeId type, StringView access,
                 CoreSpec& spec);

/// Walks a program's way in a kernel's types. About 2 KiB large.
class SpecMatcher {
 public:
  SpecMatcher(const Btf& local, const Btf& target)
      : local_(local), target_(target), types_(local, target, budget_) {}

  /// Whether `candidate`, which has the name of `local.root`, has what `local`
  /// leads to; `found` is the way. kInvalid, kTooBig.
  Result<bool> Match(CoreKind kind, const CoreSpec& local, TypeId candidate,
                     CoreSpec& found);

  void RefillBudget() { budget_.Refill(); }

 private:
  struct Level {
    TypeId type;
    uint32_t next;
    uint32_t raw_count;
    uint64_t bit_offset;
  };

  Result<bool> MatchValue(const CoreSpec& local, TypeId candidate,
                          CoreSpec& found);
  Result<bool> MatchField(const CoreSpec& local, TypeId candidate,
                          CoreSpec& found);
  Result<bool> MatchMember(const CoreSpec::Step& step, TypeId& at,
                           CoreSpec& found);
  Result<bool> MatchElement(const CoreSpec::Step& step, bool first, TypeId& at,
                            CoreSpec& found);

  const Btf& local_;
  const Btf& target_;
  StepBudget budget_;
  TypeMatcher types_;
  Level levels_[kMaxAccesses];
};

}  // namespace ebpf::btf
