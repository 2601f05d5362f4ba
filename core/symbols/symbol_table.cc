// SPDX-License-Identifier: MIT
//
// The blob, all of it little-endian (README.md has the rules):
//   Header, Entry[count] by address, uint32_t[count] by name, names.
#include "core/symbols/symbol_table.h"

#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf {
namespace {

constexpr uint64_t kMagic = 0x4d59'534b'4650'4245;  // "EBPFKSYM"
constexpr uint32_t kVersion = 1;

/// Less than, equal or greater as memcmp; a prefix comes before the longer.
int Compare(StringView a, StringView b) {
  const size_t common = Min(a.size(), b.size());
  const int order = common == 0 ? 0 : memcmp(a.data(), b.data(), common);
  if (order != 0 || a.size() == b.size()) {
    return order;
  }
  return a.size() < b.size() ? -1 : 1;
}

}  // namespace

struct SymbolTable::Header {
  uint64_t magic;
  uint32_t version;
  uint32_t count;
  uint64_t base;  // address of the linker that the offsets are from
  uint32_t name_bytes;
  uint32_t reserved;  // 0
};

struct SymbolTable::Entry {
  uint32_t offset;
  uint32_t size;
  uint32_t name;  // offset among the names
  uint32_t name_size;
};

Result<SymbolTable> SymbolTable::Open(ConstBytes blob, uint64_t slide) {
  if (!blob.Contains(0, sizeof(Header))) {
    return Status::kBadMessage;
  }
  const auto header = LoadUnaligned<Header>(blob.data());
  if (LittleEndian(header.magic) != kMagic ||
      LittleEndian(header.version) != kVersion || header.reserved != 0) {
    return Status::kBadMessage;
  }
  // No overflow: each is below 2^32 and the factors are small.
  const uint64_t count = LittleEndian(header.count);
  const uint64_t entries_size = count * sizeof(Entry);
  const uint64_t by_name_size = count * sizeof(uint32_t);
  const uint64_t names_size = LittleEndian(header.name_bytes);
  const uint64_t entries_at = sizeof(Header);
  const uint64_t by_name_at = entries_at + entries_size;
  const uint64_t names_at = by_name_at + by_name_size;
  if (!blob.Contains(names_at, names_size)) {
    return Status::kBadMessage;
  }
  SymbolTable table;
  table.entries_ = blob.Subspan(entries_at, entries_size);
  table.by_name_ = blob.Subspan(by_name_at, by_name_size);
  table.names_ = blob.Subspan(names_at, names_size);
  table.count_ = count;
  table.base_ = LittleEndian(header.base) + slide;
  const Status status = table.Check();
  if (!IsOk(status)) {
    return status;
  }
  return table;
}

SymbolTable::Entry SymbolTable::EntryAt(size_t index) const {
  const auto raw =
      LoadUnaligned<Entry>(entries_.data() + index * sizeof(Entry));
  return {
      .offset = LittleEndian(raw.offset),
      .size = LittleEndian(raw.size),
      .name = LittleEndian(raw.name),
      .name_size = LittleEndian(raw.name_size),
  };
}

size_t SymbolTable::IndexByName(size_t rank) const {
  return LittleEndian(
      LoadUnaligned<uint32_t>(by_name_.data() + rank * sizeof(uint32_t)));
}

StringView SymbolTable::NameOf(const Entry& entry) const {
  return StringView(reinterpret_cast<const char*>(names_.data()) + entry.name,
                    entry.name_size);
}

Status SymbolTable::Check() const {
  EBPF_TRY(CheckEntries());
  return CheckNameIndex();
}

/// Names inside, addresses in order; two functions are at one place, or else
/// they do not overlap.
Status SymbolTable::CheckEntries() const {
  Entry last{};
  for (size_t i = 0; i < count_; ++i) {
    const Entry entry = EntryAt(i);
    if (entry.size == 0 || entry.name_size == 0 ||
        entry.size > UINT32_MAX - entry.offset ||
        !names_.Contains(entry.name, entry.name_size)) {
      return Status::kBadMessage;
    }
    const bool same = i > 0 && entry.offset == last.offset;
    const bool ordered =
        i == 0 || (same ? entry.size == last.size &&
                              Compare(NameOf(last), NameOf(entry)) < 0
                        : entry.offset >= last.offset + last.size);
    if (!ordered) {
      return Status::kBadMessage;
    }
    last = entry;
  }
  return Status::kOk;
}

/// Each entry once, in order of names. It is a permutation since the order is
/// strict: by name, then by index.
Status SymbolTable::CheckNameIndex() const {
  for (size_t rank = 0; rank < count_; ++rank) {
    if (IndexByName(rank) >= count_) {
      return Status::kBadMessage;
    }
    if (rank == 0) {
      continue;
    }
    const int order = Compare(NameOf(EntryAt(IndexByName(rank - 1))),
                              NameOf(EntryAt(IndexByName(rank))));
    if (order > 0 ||
        (order == 0 && IndexByName(rank - 1) >= IndexByName(rank))) {
      return Status::kBadMessage;
    }
  }
  return Status::kOk;
}

Symbol SymbolTable::At(size_t index) const {
  const Entry entry = EntryAt(index);
  return {
      .index = index,
      .address = base_ + entry.offset,
      .size = entry.size,
  };
}

size_t SymbolTable::CopyName(size_t index, Span<char> to) const {
  const StringView name = NameOf(EntryAt(index));
  CopyBytes(to.data(), name.data(), Min(to.size(), name.size()));
  return name.size();
}

Result<Symbol> SymbolTable::FindByName(StringView name) const {
  // The first rank whose name is not before `name`.
  size_t low = 0;
  size_t high = count_;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (Compare(NameOf(EntryAt(IndexByName(middle))), name) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const auto has_name = [&](size_t rank) {
    return rank < count_ && NameOf(EntryAt(IndexByName(rank))) == name;
  };
  if (!has_name(low)) {
    return Status::kNotFound;
  }
  if (has_name(low + 1)) {
    return Status::kExists;
  }
  return At(IndexByName(low));
}

Result<Symbol> SymbolTable::FindByAddress(uint64_t address) const {
  // Below the base it wraps to more than any offset.
  const uint64_t offset = address - base_;
  // The first entry that begins after the address.
  size_t low = 0;
  size_t high = count_;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (EntryAt(middle).offset <= offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) {
    return Status::kNotFound;
  }
  const Entry entry = EntryAt(low - 1);
  if (offset - entry.offset >= entry.size) {
    return Status::kNotFound;
  }
  // Aliases stand side by side, few of them: back to the first.
  size_t first = low - 1;
  while (first > 0 && EntryAt(first - 1).offset == entry.offset) {
    --first;
  }
  return At(first);
}

}  // namespace ebpf
