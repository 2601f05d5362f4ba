// SPDX-License-Identifier: MIT
//
// FindMember of core/btf/struct_access.h: a member by its name, also where C
// would find it inside an anonymous struct or union.
#include "core/base/checked.h"
#include "core/btf/struct_access.h"

namespace ebpf::btf {
namespace {

/// A struct whose members are being looked through.
struct Level {
  Type type;
  uint32_t next;        // the member to look at
  uint32_t bit_offset;  // of the struct in the outermost one
};

}  // namespace

Result<Member> FindMember(const Btf& btf, TypeId type, StringView name) {
  // An explicit stack, since a blob says how deep it goes. Structs may share
  // inner ones, so that the steps are counted too.
  constexpr uint32_t kMaxSteps = 1 << 16;
  Level levels[kMaxTypeDepth];
  uint32_t depth = 0;
  levels[depth++] = {EBPF_TRY(btf.Resolve(type)), 0, 0};
  for (uint32_t step = 0; step < kMaxSteps && depth != 0; ++step) {
    Level& level = levels[depth - 1];
    if ((level.type.kind != Kind::kStruct && level.type.kind != Kind::kUnion) ||
        level.next == level.type.member_count) {
      --depth;
      continue;
    }
    Member member = Btf::MemberAt(level.type, level.next++);
    member.bit_offset =
        EBPF_TRY(CheckedAdd(member.bit_offset, level.bit_offset));
    const StringView its_name = EBPF_TRY(btf.Name(member.name));
    if (!its_name.empty()) {
      if (its_name == name) {
        return member;
      }
      continue;
    }
    if (depth == kMaxTypeDepth) {
      return Status::kInvalid;
    }
    levels[depth++] = {EBPF_TRY(btf.Resolve(member.type)), 0,
                       member.bit_offset};
  }
  return depth == 0 ? Status::kNotFound : Status::kInvalid;
}

}  // namespace ebpf::btf
