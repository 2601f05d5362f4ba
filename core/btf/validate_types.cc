// SPDX-License-Identifier: MIT
//
// Validate's first phase: goes through the types in order; what each kind has
// to say of itself is in validate_kinds.cc.
#include "core/base/memory.h"
#include "core/btf/layout.h"
#include "core/btf/validator.h"

namespace ebpf::btf {
namespace {

// As Linux sees characters: those of Latin-1.
bool IsLetter(char c) {
  const auto code = static_cast<uint8_t>(c);
  constexpr uint8_t kTimes = 0xd7;
  constexpr uint8_t kDivision = 0xf7;
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (code >= 0xc0 && code != kTimes && code != kDivision);
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsPrintable(char c) {
  const auto code = static_cast<uint8_t>(c);
  return (code >= ' ' && code <= '~') || code >= 0xa0;
}

}  // namespace

bool Validator::IsNameOffset(NameOffset name) const {
  return btf_.HasName(name);
}

bool Validator::IsEmptyName(NameOffset name) const {
  const Result<StringView> text = btf_.Name(name);
  return text.ok() && text->empty();
}

bool Validator::IsIdentifier(NameOffset name) const {
  const Result<StringView> text = btf_.Name(name);
  if (!text.ok() || text->empty()) {
    return false;
  }
  for (size_t i = 0; i < text->size(); ++i) {
    const char c = (*text)[i];
    if (!IsLetter(c) && c != '_' && c != '.' && !(i != 0 && IsDigit(c))) {
      return false;
    }
  }
  return true;
}

bool Validator::IsSectionName(NameOffset name) const {
  const Result<StringView> text = btf_.Name(name);
  if (!text.ok() || text->empty()) {
    return false;
  }
  for (const char c : *text) {
    if (!IsPrintable(c)) {
      return false;
    }
  }
  return true;
}

Status Validator::CheckTypesAlone() {
  size_t at = 0;
  uint32_t count = 1;
  while (at < btf_.types_.size()) {
    id_ = btf_.first_id_ + count - 1;
    if (id_ > kMaxTypeId) {
      if (log_.enabled()) {
        log_.writer().Put("[").PutUnsigned(id_);
        log_.writer().Put("] Exceeded max num of types: ");
        log_.writer().PutUnsigned(kMaxTypeId);
      }
      return Status::kTooBig;
    }
    index_[count++] = static_cast<uint32_t>(at);
    btf_.index_ = index_.span().First(count);
    at += EBPF_TRY(CheckTypeAlone(at));
  }
  return Status::kOk;
}

/// The type's bytes.
Result<size_t> Validator::CheckTypeAlone(size_t at) {
  const auto complain = [this](StringView what, uint64_t number, bool hex,
                               StringView more = "") {
    if (log_.enabled()) {
      TextWriter& log = log_.writer();
      log.Put("[").PutUnsigned(id_).Put("] ").Put(what);
      if (hex) {
        log.PutHex(number);
      } else {
        log.PutUnsigned(number);
      }
      log.Put(more);
    }
    return Status::kInvalid;
  };
  const size_t left = btf_.types_.size() - at;
  if (left < sizeof(TypeHeader)) {
    return complain("meta_left:", left, false, " meta_needed:12");
  }
  const auto header = LoadUnaligned<TypeHeader>(btf_.types_.data() + at);
  if ((header.info & ~kInfoMask) != 0) {
    return complain("Invalid btf_info:", header.info, true);
  }
  const Result<uint32_t> tail_size = TailSize(header);
  if (!tail_size.ok()) {
    return complain("Invalid kind:", static_cast<uint8_t>(KindOf(header)),
                    false);
  }
  if (!IsNameOffset(header.name)) {
    return complain("Invalid name_offset:", header.name, false);
  }
  Type type;
  type.kind = KindOf(header);
  type.kind_flag = (header.info >> 31) != 0;
  type.member_count = static_cast<uint16_t>(header.info);
  type.size_or_type = header.size_or_type;
  type.name = header.name;
  const size_t room = left - sizeof(TypeHeader);
  if (*tail_size > room) {
    return log_.SayBasic(id_, type, "meta_left:", room,
                         " meta_needed:", *tail_size);
  }
  type.tail = btf_.types_.Subspan(at + sizeof(TypeHeader), *tail_size);
  EBPF_TRY(CheckAlone(type));
  return sizeof(TypeHeader) + *tail_size;
}

}  // namespace ebpf::btf
