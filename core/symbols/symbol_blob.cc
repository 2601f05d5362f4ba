// SPDX-License-Identifier: MIT
//
// core/symbols/symbol_blob.h's implementation.
#include "core/symbols/symbol_blob.h"

namespace ebpf {
namespace {

constexpr uint64_t kMagic = 0x4d59'534b'4650'4245;  // "EBPFKSYM"
constexpr uint32_t kVersion = 2;
constexpr size_t kCodes = 256;
constexpr uint64_t kMaxCount = 1 << 24;  // a number is three bytes

struct Header {
  uint64_t magic;
  uint32_t version;
  uint32_t count;
  uint64_t base;
  uint32_t token_bytes;
  uint32_t record_bytes;
};

/// Takes the next `size` bytes of what is left of a blob; it has them.
ConstBytes Take(ConstBytes& rest, uint64_t size) {
  const ConstBytes taken = rest.First(size);
  rest = rest.Subspan(size);
  return taken;
}

}  // namespace

Result<SymbolBlob> SymbolBlob::Split(ConstBytes blob) {
  if (!blob.Contains(0, sizeof(Header))) {
    return Status::kBadMessage;
  }
  const auto header = LoadUnaligned<Header>(blob.data());
  SymbolBlob split;
  split.count = LittleEndian(header.count);
  if (LittleEndian(header.magic) != kMagic ||
      LittleEndian(header.version) != kVersion || split.count > kMaxCount) {
    return Status::kBadMessage;
  }
  const uint64_t ends_size = kCodes * sizeof(uint16_t);
  const uint64_t blocks_size = split.block_count() * sizeof(Block);
  const uint64_t by_name_size = split.count * 3;
  const uint64_t tokens_size = LittleEndian(header.token_bytes);
  const uint64_t records_size = LittleEndian(header.record_bytes);
  // No overflow: each is below 2^33.
  if (!blob.Contains(sizeof(Header), ends_size + blocks_size + by_name_size +
                                         tokens_size + records_size)) {
    return Status::kBadMessage;
  }
  ConstBytes rest = blob.Subspan(sizeof(Header));
  split.base = LittleEndian(header.base);
  split.token_ends = Take(rest, ends_size);
  split.blocks = Take(rest, blocks_size);
  split.by_name = Take(rest, by_name_size);
  split.tokens = Take(rest, tokens_size);
  split.records = Take(rest, records_size);
  return split;
}

Status SymbolBlob::CheckTokens() const {
  size_t last = 0;
  for (size_t code = 0; code < kCodes; ++code) {
    const size_t end = TokenEnd(code);
    if (end < last) {
      return Status::kBadMessage;
    }
    last = end;
  }
  return last == tokens.size() ? Status::kOk : Status::kBadMessage;
}

bool SymbolCursor::Next() {
  if (index_ >= blob_.count || !ReadPlace() || !ReadName()) {
    return false;
  }
  ++index_;
  has_last_ = true;
  return true;
}

/// Seven bits a byte, the lowest first; the last byte is below 128.
bool SymbolCursor::ReadNumber(uint32_t* value) {
  uint64_t number = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    if (at_ >= blob_.records.size()) {
      return false;
    }
    const uint8_t byte = blob_.records[at_++];
    number |= uint64_t{byte & 127u} << shift;
    if (byte < 128) {
      *value = static_cast<uint32_t>(number);
      return number <= UINT32_MAX;
    }
  }
  return false;
}

bool SymbolCursor::ReadPlace() {
  uint64_t offset = blob_.BlockAt(index_ / SymbolBlob::kBlock).offset;
  const bool begins = index_ % SymbolBlob::kBlock == 0;
  if (!begins) {
    uint32_t gap;
    if (!ReadNumber(&gap)) {
      return false;
    }
    is_alias_ = gap == 0;
    if (is_alias_) {
      return true;
    }
    offset = uint64_t{offset_} + size_ + gap - 1;
  }
  uint32_t size;
  if (!ReadNumber(&size) || size == 0 || offset + size > UINT32_MAX) {
    return false;
  }
  if (begins && has_last_) {
    is_alias_ = offset == offset_ && size == size_;
    if (!is_alias_ && offset < uint64_t{offset_} + size_) {
      return false;
    }
  }
  offset_ = static_cast<uint32_t>(offset);
  size_ = size;
  return true;
}

bool SymbolCursor::ReadName() {
  uint32_t shared = 0;
  uint32_t code_count;
  if (index_ % SymbolBlob::kBlock != 0 && !ReadNumber(&shared)) {
    return false;
  }
  if (!ReadNumber(&code_count) || !blob_.records.Contains(at_, code_count)) {
    return false;
  }
  codes_ = blob_.records.Subspan(at_, code_count);
  at_ += code_count;
  shared_ = shared;
  return true;
}

bool SymbolCursor::CheckName() {
  if (shared_ > name_size_) {
    return false;
  }
  name_size_ = shared_;
  for (uint8_t code : codes_) {
    const size_t size = blob_.Token(code).size();
    name_size_ += size;
    if (size == 0 || name_size_ > SymbolBlob::kMaxName) {
      return false;
    }
  }
  return name_size_ != 0;
}

}  // namespace ebpf
