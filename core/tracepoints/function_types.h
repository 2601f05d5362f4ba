// SPDX-License-Identifier: MIT
//
// What the kernel's BTF says of a probed function: its parameters and result
// by name, and the members of what they point to. (Linux:
// Documentation/trace/kprobetrace.rst, "Probing with BTF".)
#pragma once

#include <stdint.h>

#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/btf/btf.h"
#include "core/tracepoints/fetch_argument.h"

namespace ebpf {

/// A variable of a function, or what a chain of members leads to from there.
struct TypedWay {
  bool is_result = false;
  uint32_t parameter = 0;  // from 0 on
  /// From the variable on, each from where the one before it ended.
  int64_t loads[FetchArgument::kMaxLoads];
  size_t load_count = 0;
  /// What is there: 0 where nobody knows.
  btf::TypeId type = 0;
  uint8_t bit_offset = 0;  // of a bit field of `bit_size`, or of no field at 0
  uint32_t bit_size = 0;
};

/// A view of a BTF, which outlives it. Context of what is not said: any.
class FunctionTypes {
 public:
  /// There is no BTF.
  FunctionTypes() = default;
  /// Of the function called `symbol`, if `btf` has it.
  FunctionTypes(const btf::Btf& btf, StringView symbol);

  bool has_btf() const { return btf_ != nullptr; }
  /// 0 where nobody knows the function.
  uint32_t parameter_count() const { return is_known_ ? count_ : 0; }
  /// kInvalid: it has none that can be written.
  Result<StringView> ParameterName(uint32_t index) const;

  /// Understands "name", "name->member.inner->other", and, where `is_return`,
  /// "$retval" in place of the name. What is wrong, and where in `text`:
  /// `error`. kInvalid; kNotFound; kNotSupported.
  Status Find(StringView text, bool is_return, TypedWay& way,
              ProbeError& error) const;

  /// What a value of the way's type is fetched as, by its name; empty: whatever
  /// a register has. May find a bit field.
  StringView FetchTypeOf(TypedWay& way) const;
  /// Whether it is an array of characters; whether it is a pointer to some.
  bool IsText(btf::TypeId type) const;
  bool IsPointerToText(btf::TypeId type) const;

 private:
  Status FindVariable(StringView name, bool is_return, TypedWay& way,
                      ProbeError& error) const;
  Status FindMembers(StringView text, size_t at, TypedWay& way,
                     ProbeError& error) const;
  bool IsCharacter(btf::TypeId type) const;

  const btf::Btf* btf_ = nullptr;
  bool is_known_ = false;
  btf::Type prototype_ = {};
  uint32_t count_ = 0;
};

}  // namespace ebpf
