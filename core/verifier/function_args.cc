// SPDX-License-Identifier: MIT
//
// Numbers are numbers; what a pointer is, the name of its type says, or a tag
// on the argument ("arg:trusted"), or else it is memory of its type's size.
#include "core/verifier/function_args.h"

#include "core/verifier/context_type.h"
#include "core/verifier/function_info.h"

namespace ebpf::verifier {
namespace {

using btf::Kind;

constexpr const char* kTagPrefix = "arg:";

/// Tags on one argument, as sets of bits.
enum Tag : uint8_t {
  kTagContext = 1 << 0,
  kTagTrusted = 1 << 1,
  kTagNonNull = 1 << 2,
  kTagNullable = 1 << 3,
  kTagArena = 1 << 4,
};

/// 0 for a tag that there is not.
uint8_t TagNamed(const StringView& name) {
  struct Row {
    const char* name;
    Tag tag;
  };
  constexpr Row kRows[] = {{"ctx", kTagContext},
                           {"trusted", kTagTrusted},
                           {"nonnull", kTagNonNull},
                           {"nullable", kTagNullable},
                           {"arena", kTagArena}};
  for (const Row& row : kRows) {
    if (name == row.name) {
      return row.tag;
    }
  }
  return 0;
}

class Finder {
 public:
  Finder(Verification& v, uint32_t number)
      : v_(v),
        btf_(*v.options.btf),
        subprogram_(v.subprograms[number]),
        name_(FunctionName(v, number)) {}

  Status Find(const btf::Type& prototype) {
    if (prototype.member_count > kMaxArguments) {
      return Refuse(Message::kGlobalArguments, name_,
                    unsigned{prototype.member_count}, kMaxArguments);
    }
    if (!btf_.IsScalar(prototype.size_or_type)) {
      return Refuse(Message::kGlobalResult, name_);
    }
    for (unsigned i = 0; i < prototype.member_count; ++i) {
      EBPF_TRY(FindOne(i, btf::Btf::ParamAt(prototype, i)));
    }
    subprogram_.argument_count = static_cast<uint8_t>(prototype.member_count);
    subprogram_.has_arguments = true;
    return Status::kOk;
  }

 private:
  template <typename... Args>
  Status Refuse(Message message, const Args&... args) {
    return subprogram_.is_global ? v_.Reject(message, args...)
                                 : Status::kInvalid;
  }

  Result<uint8_t> TagsOf(unsigned number) {
    uint8_t tags = 0;
    for (btf::TypeId previous = 0;;) {
      const Result<btf::TypeId> id = btf_.NextTag(subprogram_.type, previous);
      if (!id.ok()) {
        return tags;
      }
      previous = *id;
      const btf::Type tag = EBPF_TRY(btf_.TypeAt(*id));
      const StringView text = EBPF_TRY(btf_.Name(tag.name));
      if (btf::Btf::TagComponent(tag) != static_cast<int32_t>(number) ||
          !text.StartsWith(kTagPrefix)) {
        continue;
      }
      if (!subprogram_.is_global) {
        return v_.Reject(Message::kTagOfStatic, number);
      }
      const uint8_t bit =
          TagNamed(text.Substring(StringView(kTagPrefix).size()));
      if (bit == 0) {
        return v_.Reject(Message::kTagUnknown, number);
      }
      tags |= bit;
    }
  }

  Status FindOne(unsigned number, const btf::Parameter& parameter) {
    const uint8_t tags = EBPF_TRY(TagsOf(number));
    const btf::Type type = EBPF_TRY(btf_.Resolve(parameter.type));
    FunctionArgument& argument = subprogram_.arguments[number];
    argument = FunctionArgument{};
    if (type.kind == Kind::kPointer) {
      return FindPointer(number, tags, type.size_or_type, argument);
    }
    if (tags != 0) {
      return v_.Reject(Message::kTagNoPointer, number);
    }
    if (parameter.type != 0 && btf_.IsScalar(parameter.type)) {
      argument.kind = FunctionArgument::kScalar;
      return Status::kOk;
    }
    return Refuse(Message::kArgumentNotSupported, number,
                  btf::KindName(type.kind), name_);
  }

  Status FindPointer(unsigned number, uint8_t tags, btf::TypeId pointee,
                     FunctionArgument& argument) {
    if ((tags & kTagContext) != 0 || IsContextType(v_, btf_, pointee)) {
      return FindContext(number, tags, pointee, argument);
    }
    if (IsDynptr(pointee)) {
      argument.kind = FunctionArgument::kDynptr;
      return tags == 0 ? Status::kOk
                       : v_.Reject(Message::kTagCombination, number);
    }
    if ((tags & kTagTrusted) != 0) {
      return FindTyped(number, tags, pointee, argument);
    }
    if ((tags & kTagArena) != 0) {
      argument.kind = FunctionArgument::kArena;
      return tags == kTagArena ? Status::kOk
                               : v_.Reject(Message::kTagArena, number);
    }
    return subprogram_.is_global ? FindMemory(number, tags, pointee, argument)
                                 : Status::kInvalid;
  }

  Status FindContext(unsigned number, uint8_t tags, btf::TypeId pointee,
                     FunctionArgument& argument) {
    if ((tags & ~kTagContext) != 0) {
      return v_.Reject(Message::kTagCombination, number);
    }
    if (tags != 0) {
      EBPF_TRY(CheckContextType(v_, pointee, number));
    }
    argument.kind = FunctionArgument::kContext;
    return Status::kOk;
  }

  bool IsDynptr(btf::TypeId pointee) const {
    const Result<btf::Type> type = btf_.Resolve(pointee);
    if (!type.ok() || type->kind != Kind::kStruct) {
      return false;
    }
    const Result<StringView> name = btf_.Name(type->name);
    return name.ok() && (*name == "bpf_dynptr" || *name == "bpf_dynptr_kern");
  }

  /// The kernel's struct of the same name, flavor aside.
  Status FindTyped(unsigned number, uint8_t tags, btf::TypeId pointee,
                   FunctionArgument& argument) {
    if ((tags & ~(kTagTrusted | kTagNullable)) != 0) {
      return v_.Reject(Message::kTagCombination, number);
    }
    const btf::Type type = EBPF_TRY(btf_.Resolve(pointee));
    const StringView name = EBPF_TRY(btf_.Name(type.name));
    const Result<btf::TypeId> id =
        v_.options.kernel_btf == nullptr || name.empty() ||
                (type.kind != Kind::kStruct && type.kind != Kind::kUnion)
            ? Result<btf::TypeId>(Status::kNotFound)
            : v_.options.kernel_btf->Find(type.kind, btf::EssentialName(name));
    if (!id.ok()) {
      return v_.Reject(Message::kArgumentNoKernelType, number,
                       btf::KindName(type.kind), name.data());
    }
    argument.kind = FunctionArgument::kTyped;
    argument.type = *id;
    argument.maybe_null = (tags & kTagNullable) != 0;
    return Status::kOk;
  }

  Status FindMemory(unsigned number, uint8_t tags, btf::TypeId pointee,
                    FunctionArgument& argument) {
    if ((tags & kTagNullable) != 0) {
      return v_.Reject(Message::kTagCombination, number);
    }
    const Result<uint32_t> size = btf_.SizeOf(pointee);
    if (!size.ok()) {
      const btf::Type type = EBPF_TRY(btf_.Resolve(pointee));
      const Result<StringView> name = btf_.Name(type.name);
      return v_.Reject(Message::kArgumentSize, number, btf::KindName(type.kind),
                       name.ok() ? name->data() : "",
                       -static_cast<int>(Status::kInvalid));
    }
    argument.kind = FunctionArgument::kMemory;
    argument.size = *size;
    argument.maybe_null = (tags & kTagNonNull) == 0;
    return Status::kOk;
  }

  Verification& v_;
  const btf::Btf& btf_;
  Subprogram& subprogram_;
  const char* const name_;
};

}  // namespace

Status FindArguments(Verification& v, uint32_t subprogram) {
  if (v.subprograms[subprogram].has_arguments) {
    return Status::kOk;
  }
  const btf::Type prototype = EBPF_TRY(FunctionPrototype(v, subprogram));
  return Finder(v, subprogram).Find(prototype);
}

}  // namespace ebpf::verifier
