// SPDX-License-Identifier: MIT
//
// Whether a program's type and a kernel's are the same for CO-RE: as fields, as
// types of one name, or in every detail.
#pragma once

#include "core/btf/btf.h"

namespace ebpf::btf {

/// What one relocation may cost, in names or types compared: a blob can hold
/// enums and structs whose comparison would take minutes.
class StepBudget {
 public:
  static constexpr uint32_t kSteps = 1 << 22;

  void Refill() { left_ = kSteps; }
  /// kTooBig when it is spent.
  Status Spend() {
    if (left_ == 0) {
      return Status::kTooBig;
    }
    --left_;
    return Status::kOk;
  }

 private:
  uint32_t left_ = kSteps;
};

/// Compares types of two BTFs. Its stack is explicit, since blobs say how deep
/// it goes: some 100 bytes for each of kMaxTypeDepth levels are in the object.
/// All return kInvalid where types nest deeper, kTooBig if the budget ends.
class TypeMatcher {
 public:
  TypeMatcher(const Btf& local, const Btf& target, StepBudget& budget)
      : local_(local), target_(target), budget_(budget) {}

  /// Fields of the same name: any two structs, any two pointers, integers of
  /// any size, arrays of such.
  Result<bool> AreFieldsCompatible(TypeId local, TypeId target);

  /// Types of the same name (BPF_CORE_TYPE_EXISTS): the same kind; what
  /// pointers, arrays and function prototypes refer to, too.
  Result<bool> AreTypesCompatible(TypeId local, TypeId target);

  /// BPF_CORE_TYPE_MATCHES: what the program's type has the kernel's has, too,
  /// under the same names and, as far as no pointer is between, down to the
  /// integers.
  Result<bool> DoTypesMatch(TypeId local, TypeId target);

  /// Whether names are the same without their flavors.
  Result<bool> DoNamesMatch(NameOffset local, NameOffset target);

 private:
  enum class Answer : uint8_t { kNo, kYes, kDescend };
  enum class Rule : uint8_t { kCompatible, kMatches };

  /// Two types of which something is being compared, and how far.
  struct Frame {
    TypeId local;
    TypeId target;
    uint32_t next;         // local member or parameter
    uint32_t next_target;  // target member
    bool behind_pointer;
  };

  Result<bool> Compare(Rule rule, TypeId local, TypeId target);
  Result<Answer> Look(Rule rule, Frame& at);
  Result<Answer> LookClosely(const Frame& at, const Type& local,
                             const Type& target);
  Result<Answer> NextChild(Frame& frame, Frame& child);
  Result<Answer> AnswerChild(Frame& frame, Answer answer, Frame& child);
  Result<Answer> DoEnumsMatch(const Type& local, const Type& target);

  const Btf& local_;
  const Btf& target_;
  StepBudget& budget_;
  Frame frames_[kMaxTypeDepth];
};

/// Enum and enum64 are one kind here.
bool AreKindsCompatible(Kind local, Kind target);

inline bool IsAnyEnum(Kind kind) {
  return kind == Kind::kEnum || kind == Kind::kEnum64;
}
}  // namespace ebpf::btf
