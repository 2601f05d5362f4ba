// SPDX-License-Identifier: MIT
//
// Validate's second phase: whether a member fits where it stands.
#include "core/base/memory.h"
#include "core/btf/validator.h"

namespace ebpf::btf {
namespace {

constexpr uint32_t kIntBits = 32;  // of C's int, which holds enums

}  // namespace

/// The struct's line goes before, since the first phase is long over.
Status Validator::SayMember(const Type& type, const Member& member,
                            StringView wrong) {
  (void)log_.SayType(id_, type, "");
  return log_.SayMember(type, member, wrong);
}

Status Validator::CheckPlacement(const Frame& frame, Member member) {
  const Result<Sized> sized = SizedType(member.type);
  if (!sized.ok()) {
    return SayMember(frame.type, member, "Invalid member");
  }
  member.type = sized->id;
  const Type& type = frame.type;
  switch (sized->type.kind) {
    case Kind::kInt:
      return CheckIntPlacement(type, member, sized->type);
    case Kind::kEnum:
    case Kind::kEnum64:
      return CheckEnumPlacement(type, member, sized->type);
    default:
      break;
  }
  if (member.bit_size != 0) {
    return SayMember(type, member, "Invalid member bitfield_size");
  }
  if (sized->type.kind == Kind::kFloat) {
    return CheckFloatPlacement(type, member, sized->type);
  }
  return CheckBytesPlacement(type, member, sized->size);
}

Status Validator::CheckIntPlacement(const Type& type, const Member& member,
                                    const Type& member_type) {
  const Integer integer = Btf::IntegerOf(member_type);
  uint64_t offset = member.bit_offset;
  uint32_t bits = integer.bits;
  if (type.kind_flag) {
    const bool regular =
        integer.bit_offset == 0 && bits % 8 == 0 &&
        (bits == 8 || bits == 16 || bits == 32 || bits == 64 || bits == 128);
    if (!regular) {
      return SayMember(type, member, "Invalid member base type");
    }
    if (member.bit_size == 0 && offset % 8 != 0) {
      return SayMember(type, member, "Invalid member offset");
    }
    if (member.bit_size > bits) {
      return SayMember(type, member, "Invalid member bitfield_size");
    }
    bits = member.bit_size == 0 ? bits : member.bit_size;
  } else {
    offset += integer.bit_offset;
    if (offset > UINT32_MAX) {
      return SayMember(type, member, "bits_offset exceeds U32_MAX");
    }
  }
  const uint64_t first_byte = offset / 8;
  const uint64_t copied = bits + offset % 8;
  if (copied > 128) {
    return SayMember(type, member, "nr_copy_bits exceeds 128");
  }
  if (first_byte + (copied + 7) / 8 > type.size_or_type) {
    return SayMember(type, member, "Member exceeds struct_size");
  }
  return Status::kOk;
}

Status Validator::CheckEnumPlacement(const Type& type, const Member& member,
                                     const Type& member_type) {
  if (!type.kind_flag) {
    return CheckBytesPlacement(type, member, member_type.size_or_type);
  }
  uint32_t bits = member.bit_size;
  if (bits == 0) {
    if (member.bit_offset % 8 != 0) {
      return SayMember(type, member, "Member is not byte aligned");
    }
    bits = kIntBits;
  } else if (bits > kIntBits) {
    return SayMember(type, member, "Invalid member bitfield_size");
  }
  if ((uint64_t{member.bit_offset} + bits + 7) / 8 > type.size_or_type) {
    return SayMember(type, member, "Member exceeds struct_size");
  }
  return Status::kOk;
}

Status Validator::CheckBytesPlacement(const Type& type, const Member& member,
                                      uint32_t size) {
  if (member.bit_offset % 8 != 0) {
    return SayMember(type, member, "Member is not byte aligned");
  }
  if (uint64_t{member.bit_offset} / 8 + size > type.size_or_type) {
    return SayMember(type, member, "Member exceeds struct_size");
  }
  return Status::kOk;
}

Status Validator::CheckFloatPlacement(const Type& type, const Member& member,
                                      const Type& member_type) {
  // A machine may align less than its floats are large, but not less than this.
  const uint32_t size = member_type.size_or_type;
  if (member.bit_offset % (Min<uint32_t>(8, size) * 8) != 0) {
    return SayMember(type, member, "Member is not properly aligned");
  }
  if (uint64_t{member.bit_offset} / 8 + size > type.size_or_type) {
    return SayMember(type, member, "Member exceeds struct_size");
  }
  return Status::kOk;
}

}  // namespace ebpf::btf
