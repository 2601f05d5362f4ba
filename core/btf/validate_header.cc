// SPDX-License-Identifier: MIT
//
// Validate of core/btf/validate.h: the blob as a whole.
#include "core/base/memory.h"
#include "core/btf/layout.h"
#include "core/btf/validate.h"
#include "core/btf/validator.h"

namespace ebpf::btf {
namespace {

struct Place {
  uint32_t offset;
  uint32_t size;
};

/// In Linux's order: by the sign of the difference, so that what is 2 GiB away
/// comes first; of two at one place the shorter one.
bool IsBefore(const Place& a, const Place& b) {
  const uint32_t distance =
      a.offset == b.offset ? a.size - b.size : a.offset - b.offset;
  return static_cast<int32_t>(distance) < 0;
}

Header ReadHeader(ConstBytes bytes) {
  Header header{};
  const auto size = LoadUnaligned<uint32_t>(bytes.data() + 4);
  CopyBytes(&header, bytes.data(), Min<size_t>(size, sizeof(header)));
  return header;
}

}  // namespace

Status Validate(ConstBytes bytes, Allocator& allocator, TextWriter* log,
                const Btf* base) {
  if (bytes.size() > kMaxBlobSize) {
    return Status::kTooBig;
  }
  Validator* validator =
      EBPF_TRY(allocator.New<Validator>(allocator, log, base));
  const Status status = validator->Judge(bytes);
  allocator.Delete(validator);
  return status;
}

Status Validator::Judge(ConstBytes bytes) {
  EBPF_TRY(CheckHeader(bytes));
  EBPF_TRY(CheckSections(bytes));
  EBPF_TRY(CheckStrings(bytes));
  if (type_offset_ % 4 != 0) {
    return log_.Say("Unaligned type_off");
  }
  if (base_ == nullptr && btf_.types_.empty()) {
    return log_.Say("No type found");
  }
  EBPF_TRY(Allocate());
  EBPF_TRY(CheckTypesAlone());
  resolving_ = true;
  EBPF_TRY(ResolveAll());
  return CheckTypeTags();
}

Status Validator::CheckHeader(ConstBytes bytes) {
  // Up to and with the header's own length.
  if (bytes.size() < 8) {
    return log_.Say("hdr_len not found");
  }
  const auto size = LoadUnaligned<uint32_t>(bytes.data() + 4);
  if (bytes.size() < size) {
    return log_.Say("btf_header not found");
  }
  if (size > sizeof(Header) &&
      !AllZero(bytes.Subspan(sizeof(Header), size - sizeof(Header)))) {
    return log_.Say("Unsupported btf_header", Status::kTooBig);
  }
  const Header header = ReadHeader(bytes);
  if (log_.enabled()) {
    TextWriter& log = log_.writer();
    log.Put("magic: 0x").PutHex(header.magic);
    log.Put("\nversion: ").PutUnsigned(header.version);
    log.Put("\nflags: 0x").PutHex(header.flags);
    log.Put("\nhdr_len: ").PutUnsigned(header.header_size);
    log.Put("\ntype_off: ").PutUnsigned(header.type_offset);
    log.Put("\ntype_len: ").PutUnsigned(header.type_size);
    log.Put("\nstr_off: ").PutUnsigned(header.string_offset);
    log.Put("\nstr_len: ").PutUnsigned(header.string_size);
    log.Put("\nbtf_total_size: ").PutUnsigned(bytes.size()).Put('\n');
  }
  if (header.magic != kMagic) {
    return log_.Say("Invalid magic");
  }
  if (header.version != kVersion) {
    return log_.Say("Unsupported version", Status::kNotSupportedLinux);
  }
  if (header.flags != 0) {
    return log_.Say("Unsupported flags", Status::kNotSupportedLinux);
  }
  if (base_ == nullptr && bytes.size() == size) {
    return log_.Say("No data");
  }
  return Status::kOk;
}

/// The two sections fill the blob behind the header, one after the other.
Status Validator::CheckSections(ConstBytes bytes) {
  const Header header = ReadHeader(bytes);
  Place places[] = {{header.type_offset, header.type_size},
                    {header.string_offset, header.string_size}};
  if (IsBefore(places[1], places[0])) {
    Swap(places[0], places[1]);
  }
  const auto expected =
      static_cast<uint32_t>(bytes.size() - header.header_size);
  uint32_t total = 0;
  for (const Place& place : places) {
    if (expected < place.offset) {
      return log_.Say("Invalid section offset");
    }
    if (total < place.offset) {
      return log_.Say("Unsupported section found");
    }
    if (total > place.offset) {
      return log_.Say("Section overlap found");
    }
    if (expected - total < place.size) {
      return log_.Say("Total section length too long");
    }
    total += place.size;
  }
  if (expected != total) {
    return log_.Say("Unsupported section found");
  }
  return Status::kOk;
}

Status Validator::CheckStrings(ConstBytes bytes) {
  const Header header = ReadHeader(bytes);
  const ConstBytes body = bytes.Subspan(header.header_size);
  const ConstBytes strings =
      body.Subspan(header.string_offset, header.string_size);
  if (strings.end() != bytes.end()) {
    return log_.Say("String section is not at the end");
  }
  if ((base_ == nullptr || !strings.empty()) &&
      (strings.empty() || strings.size() - 1 > kMaxNameOffset ||
       strings[strings.size() - 1] != 0 ||
       (base_ == nullptr && strings[0] != 0))) {
    return log_.Say("Invalid string section");
  }
  type_offset_ = header.type_offset;
  btf_.strings_ = strings;
  btf_.types_ = body.Subspan(header.type_offset, header.type_size);
  if (base_ != nullptr) {
    btf_.base_ = base_;
    btf_.first_id_ = base_->type_count();
    btf_.first_name_ =
        base_->first_name_ + static_cast<NameOffset>(base_->strings_.size());
  }
  return Status::kOk;
}

/// Not less than the number of types that CheckTypesAlone comes to.
uint32_t Validator::CountRoughly() const {
  uint32_t count = 0;
  size_t at = 0;
  while (btf_.types_.Contains(at, sizeof(TypeHeader))) {
    ++count;
    const auto header = LoadUnaligned<TypeHeader>(btf_.types_.data() + at);
    const Result<uint32_t> tail = TailSize(header);
    if (!tail.ok()) {
      break;
    }
    at += sizeof(TypeHeader) + *tail;
  }
  return count;
}

Status Validator::Allocate() {
  const uint32_t count = CountRoughly() + 1;
  EBPF_TRY(index_.Allocate(count));
  EBPF_TRY(states_.Allocate(count));
  EBPF_TRY(resolved_ids_.Allocate(count));
  return resolved_sizes_.Allocate(count);
}

}  // namespace ebpf::btf
