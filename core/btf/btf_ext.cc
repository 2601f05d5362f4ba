// SPDX-License-Identifier: MIT
//
// core/btf/btf_ext.h's implementation.
#include "core/btf/btf_ext.h"

#include "core/base/memory.h"

namespace ebpf::btf {
namespace {

struct TablePlace {
  uint32_t offset;
  uint32_t size;
};

struct Header {
  uint16_t magic;
  uint8_t version;
  uint8_t flags;
  uint32_t header_size;
  TablePlace tables[3];  // the last one only in headers of 32 bytes or more
};
static_assert(sizeof(Header) == 32);

constexpr uint16_t kMagic = 0xeb9f;
constexpr uint32_t kOldHeaderSize = 24;  // without CO-RE

/// What each record has at least.
constexpr uint32_t kMinRecordSizes[] = {8, 16, 16};

struct SectionHeader {
  uint32_t name;
  uint32_t record_count;
};

}  // namespace

Result<BtfExt> BtfExt::Open(ConstBytes bytes) {
  if (bytes.size() < kOldHeaderSize) {
    return Status::kInvalid;
  }
  Header header{};
  CopyBytes(&header, bytes.data(), kOldHeaderSize);
  if (header.magic != kMagic || header.version != 1 || header.flags != 0 ||
      header.header_size < kOldHeaderSize ||
      header.header_size > bytes.size()) {
    return Status::kInvalid;
  }
  if (header.header_size >= sizeof(Header)) {
    header = LoadUnaligned<Header>(bytes.data());
  }
  BtfExt ext;
  const ConstBytes body = bytes.Subspan(header.header_size);
  for (size_t i = 0; i < kTableCount; ++i) {
    const TablePlace& place = header.tables[i];
    if (!body.Contains(place.offset, place.size)) {
      return Status::kInvalid;
    }
    ext.tables_[i] = body.Subspan(place.offset, place.size);
    size_t at = 0;
    Status status = Status::kOk;
    while (IsOk(status)) {
      status = ext.NextSection(static_cast<ExtTable>(i), at).status();
    }
    if (status != Status::kNotFound) {
      return status;
    }
  }
  return ext;
}

Result<ExtSection> BtfExt::NextSection(ExtTable table, size_t& at) const {
  const auto number = static_cast<size_t>(table);
  const ConstBytes bytes = tables_[number];
  if (bytes.empty() || at == bytes.size()) {
    return Status::kNotFound;
  }
  // A table begins with the size of its records.
  if (at == 0) {
    at = sizeof(uint32_t);
  }
  if (!bytes.Contains(at, sizeof(SectionHeader))) {
    return at == bytes.size() ? Status::kNotFound : Status::kInvalid;
  }
  const auto record_size = LoadUnaligned<uint32_t>(bytes.data());
  const auto header = LoadUnaligned<SectionHeader>(bytes.data() + at);
  const uint64_t size = uint64_t{record_size} * header.record_count;
  if (record_size < kMinRecordSizes[number] || record_size % 4 != 0 ||
      header.record_count == 0 ||
      !bytes.Contains(at + sizeof(SectionHeader), size)) {
    return Status::kInvalid;
  }
  ExtSection section;
  section.name = header.name;
  section.record_size = record_size;
  section.record_count = header.record_count;
  section.records =
      bytes.Subspan(at + sizeof(SectionHeader), static_cast<size_t>(size));
  at += sizeof(SectionHeader) + static_cast<size_t>(size);
  return section;
}

}  // namespace ebpf::btf
