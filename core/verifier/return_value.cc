// SPDX-License-Identifier: MIT
//
// Most types ignore what they do not know; the others act by it, and Linux's
// kernel would not check.
#include "core/verifier/return_value.h"

#include "core/base/text_writer.h"
#include "core/program_types/lsm.h"

namespace ebpf::verifier {
namespace {

constexpr unsigned kResult = 0;
constexpr const char* kLsmPrefix = "bpf_lsm_";

/// Whether what the program is attached to returns nothing.
bool ReturnsVoid(const Verification& v) {
  return v.target.known && v.target.prototype.size_or_type == 0;
}

ReturnRange RangeOf(const Verification& v) {
  const ProgramType& type = *v.options.type;
  if (type.id == ProgramTypeId::kLsm) {
    const StringView name(v.target.name != nullptr ? v.target.name : "");
    const size_t prefix = StringView(kLsmPrefix).size();
    const StringView hook = name.Substring(Min(prefix, name.size()));
    return LsmReturns(hook, !ReturnsVoid(v), v.options.attach_type);
  }
  return type.returns != nullptr ? type.returns(v.options.attach_type)
                                 : ReturnRange{};
}

/// Whether nobody looks at r0.
bool IsUnused(const Verification& v, const ReturnRange& range) {
  const ProgramTypeId id = v.options.type->id;
  return !range.checked && ReturnsVoid(v) &&
         (id == ProgramTypeId::kLsm || id == ProgramTypeId::kStructOps);
}

bool IsWithin(const Verification& v, const ScalarValue& value,
              const ReturnRange& range) {
  if (v.options.type->id == ProgramTypeId::kLsm) {
    // An int is what the hook's caller takes.
    return static_cast<int32_t>(value.low.smin) >= range.min &&
           static_cast<int32_t>(value.low.smax) <= range.max;
  }
  return static_cast<int64_t>(value.wide.smin) >= range.min &&
         static_cast<int64_t>(value.wide.smax) <= range.max;
}

}  // namespace

BoundsText::BoundsText(const ScalarValue& value) {
  TextWriter writer(text_, sizeof(text_) - 1);
  const int64_t smin = static_cast<int64_t>(value.wide.smin);
  const int64_t smax = static_cast<int64_t>(value.wide.smax);
  if (smin != INT64_MIN) {
    writer.Put(" smin=").PutSigned(smin);
  }
  if (smax != INT64_MAX) {
    writer.Put(" smax=").PutSigned(smax);
  }
  if (writer.text().size() == 0) {
    writer.Put(" unknown scalar value");
  }
  text_[writer.text().size()] = '\0';
}

bool ReturnValueMatters(const Verification& v) {
  const ProgramType& type = *v.options.type;
  return type.id == ProgramTypeId::kLsm ||
         (type.returns != nullptr &&
          type.returns(v.options.attach_type).checked);
}

Status CheckReturnValue(Verification& v, unsigned number) {
  const ReturnRange range = RangeOf(v);
  if (IsUnused(v, range)) {
    return Status::kOk;
  }
  EBPF_TRY(CheckReadable(v, number));
  const RegState& reg = v.state->reg(number);
  if (reg.IsPointer() && !v.options.allow_pointer_leaks) {
    return v.Reject(Message::kResultLeaks);
  }
  if (!range.checked) {
    return Status::kOk;
  }
  if (!reg.IsScalar()) {
    return v.Reject(Message::kResultUnknown, TypeName(reg));
  }
  return IsWithin(v, reg.value, range)
             ? Status::kOk
             : v.Reject(number == kResult ? Message::kResultOutside
                                          : Message::kThrownOutside,
                        BoundsText(reg.value), range.min, range.max);
}

}  // namespace ebpf::verifier
