// SPDX-License-Identifier: MIT
//
// What Validate (validate.h) is made of: one judgement of one blob, in Linux's
// two phases. The first reads each type by itself, in order; the second follows
// what types refer to. Internal to core/btf.
#pragma once

#include "core/base/text_writer.h"
#include "core/btf/btf.h"
#include "core/memory/buffer.h"

namespace ebpf::btf {

/// BTF_MAX_TYPE and BTF_MAX_NAME_OFFSET: no BTF has a higher id or offset.
inline constexpr TypeId kMaxTypeId = 0xfffff;
inline constexpr NameOffset kMaxNameOffset = 0xffffff;

/// Writes types and complaints as Linux's log has them. Silent without a log.
class TypeLog {
 public:
  TypeLog(const Btf& btf, TextWriter* log) : btf_(btf), log_(log) {}

  bool enabled() const { return log_ != nullptr; }
  TextWriter& writer() { return *log_; }

  /// A line of its own.
  Status Say(StringView text, Status status = Status::kInvalid);
  /// "[1] INT int size=4 ..." and what is wrong with it, if something is.
  Status SayType(TypeId id, const Type& type, StringView wrong,
                 Status status = Status::kInvalid);
  Status SayType(TypeId id, const Type& type, StringView wrong, uint64_t number,
                 StringView after = "");
  /// Without its details, which cannot be read.
  Status SayBasic(TypeId id, const Type& type, StringView wrong,
                  uint64_t number, StringView middle = "",
                  uint64_t second_number = 0);
  Status SayMember(const Type& type, const Member& member, StringView wrong);
  Status SayMemberName(const Type& type, const Member& member);
  Status SayVariable(const SectionVariable& variable, StringView wrong);
  void SayEnumValue(const Type& type, const EnumValue& value);

 private:
  void PutHead(TypeId id, const Type& type);
  void PutDetails(const Type& type);
  void PutParameters(const Type& type);
  void PutMember(const Type& type, const Member& member);
  void PutName(NameOffset name);
  void End(StringView wrong);

  const Btf& btf_;
  TextWriter* const log_;
};

/// One judgement.
class Validator {
 public:
  Validator(Allocator& allocator, TextWriter* log, const Btf* base)
      : base_(base),
        log_(btf_, log),
        index_(allocator),
        states_(allocator),
        resolved_ids_(allocator),
        resolved_sizes_(allocator) {}

  Status Judge(ConstBytes bytes);

 private:
  /// Where a type is on its way through the second phase.
  enum class State : uint8_t { kNew = 0, kOpen = 1, kResolved = 2 };
  /// What a way through types must not lead back to: a pointer may end at a
  /// struct that holds it, a struct may end at a pointer.
  enum class Way : uint8_t { kUndecided, kPointer, kAggregate };
  struct Frame {
    TypeId id;
    Type type;
    uint32_t next;  // member
  };

  // The blob as a whole: validate_header.cc.
  Status CheckHeader(ConstBytes bytes);
  Status CheckSections(ConstBytes bytes);
  Status CheckStrings(ConstBytes bytes);
  Status Allocate();
  uint32_t CountRoughly() const;

  // Each type by itself: validate_types.cc, validate_kinds.cc.
  Status CheckTypesAlone();
  Result<size_t> CheckTypeAlone(size_t at);
  Status CheckAlone(const Type& type);
  Status CheckInt(const Type& type);
  Status CheckReference(const Type& type);
  Status CheckForward(const Type& type);
  Status CheckArray(const Type& type);
  Status CheckStruct(const Type& type);
  Status CheckMember(const Type& type, const Member& member,
                     uint32_t& last_offset);
  Status CheckEnum(const Type& type);
  Status CheckProto(const Type& type);
  Status CheckFunction(const Type& type);
  Status CheckVariable(const Type& type);
  Status CheckDataSection(const Type& type);
  Status CheckFloat(const Type& type);
  Status CheckDeclTag(const Type& type);
  Status CheckNoCount(const Type& type);
  Status CheckNoFlag(const Type& type);
  Status CheckTail(const Type& type, uint32_t needed);
  bool IsIdentifier(NameOffset name) const;
  bool IsSectionName(NameOffset name) const;
  bool IsNameOffset(NameOffset name) const;
  bool IsEmptyName(NameOffset name) const;

  // What types refer to: validate_resolve.cc.
  Status ResolveAll();
  Status ResolveFrom(TypeId id, const Type& type);
  Status Push(TypeId id, const Type& type);
  void Pop(TypeId resolved, uint32_t size);
  Status Step();
  Status StepModifier(const Frame& frame);
  Status StepPointer(const Frame& frame);
  Status StepArray(const Frame& frame);
  Status StepStruct(Frame& frame);
  Status StepVariable(const Frame& frame);
  Status StepDataSection(Frame& frame);
  Status StepFunction(const Frame& frame);
  Status StepDeclTag(const Frame& frame);
  Status StepThroughModifier(const Frame& frame, TypeId next, bool& pushed);
  Status CheckFunctionProto(TypeId id, const Type& proto);
  Status CheckProtoType(TypeId proto_id, const Type& proto, TypeId id,
                        StringView wrong, uint32_t argument);
  Status CheckTypeTags();
  bool EndsHere(const Type& type) const;
  bool IsResolved(TypeId id) const;
  bool NeedsStep(TypeId id, const Type& type) const;
  TypeId ResolvedId(TypeId id) const;

  /// The size of a type that is resolved, and what it is behind its
  /// modifiers; kNotFound where it has none.
  struct Sized {
    TypeId id;
    Type type;
    uint32_t size;
  };
  Result<Sized> SizedType(TypeId id) const;
  Result<TypeId> UnsizedType(TypeId id) const;
  Status PopAs(const Frame& frame, TypeId next_id);

  // Members in their structs: validate_members.cc.
  Status CheckPlacement(const Frame& frame, Member member);
  Status CheckIntPlacement(const Type& type, const Member& member,
                           const Type& member_type);
  Status CheckEnumPlacement(const Type& type, const Member& member,
                            const Type& member_type);
  Status CheckBytesPlacement(const Type& type, const Member& member,
                             uint32_t size);
  Status CheckFloatPlacement(const Type& type, const Member& member,
                             const Type& member_type);
  Status SayMember(const Type& type, const Member& member, StringView wrong);

  const Btf* const base_;
  Btf btf_;
  TypeLog log_;
  TypeId id_ = 0;  // that is being judged, for the log
  bool resolving_ = false;
  uint32_t type_offset_ = 0;
  Buffer<uint32_t> index_;
  Buffer<State> states_;
  Buffer<TypeId> resolved_ids_;
  Buffer<uint32_t> resolved_sizes_;
  Way way_ = Way::kUndecided;
  uint32_t depth_ = 0;
  Frame frames_[kMaxTypeDepth];
};

}  // namespace ebpf::btf
