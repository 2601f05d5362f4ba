// SPDX-License-Identifier: MIT
//
// core/symbols/symbol_table.h's implementation. A name is never whole anywhere:
// it is compared and copied piece by piece, as the records of its block give
// it.
#include "core/symbols/symbol_table.h"

#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf {
namespace {

/// How much of two names is compared at once.
constexpr size_t kNamePart = 128;

/// Less than, equal or greater as memcmp; a prefix comes before the longer.
int Compare(StringView a, StringView b) {
  const size_t common = Min(a.size(), b.size());
  const int order = common == 0 ? 0 : memcmp(a.data(), b.data(), common);
  if (order != 0 || a.size() == b.size()) {
    return order;
  }
  return a.size() < b.size() ? -1 : 1;
}

/// Puts `piece`, which is at `at` of a text, where the part of the text that
/// begins at `from` is collected.
void CopyPiece(ConstBytes piece, size_t at, size_t from, Span<char> to) {
  if (at < from) {
    piece = piece.Subspan(Min(from - at, piece.size()));
    at = from;
  }
  const size_t offset = at - from;
  if (offset < to.size()) {
    CopyBytes(to.data() + offset, piece.data(),
              Min(piece.size(), to.size() - offset));
  }
}

}  // namespace

Result<SymbolTable> SymbolTable::Open(ConstBytes blob, uint64_t slide) {
  SymbolTable table;
  table.blob_ = EBPF_TRY(SymbolBlob::Split(blob));
  EBPF_TRY(table.blob_.CheckTokens());
  EBPF_TRY(table.CheckRecords());
  EBPF_TRY(table.CheckNameIndex());
  table.blob_.base += slide;
  return table;
}

/// The cursor says most; here: blocks begin where they say, nothing is behind
/// the last, and aliases are in order.
Status SymbolTable::CheckRecords() const {
  if (size() == 0) {
    return blob_.records.empty() ? Status::kOk : Status::kBadMessage;
  }
  if (blob_.BlockAt(0).at != 0) {
    return Status::kBadMessage;
  }
  SymbolCursor cursor(blob_, 0);
  for (size_t i = 0; i < size(); ++i) {
    if (i % SymbolBlob::kBlock == 0 &&
        blob_.BlockAt(i / SymbolBlob::kBlock).at != cursor.at()) {
      return Status::kBadMessage;
    }
    if (!cursor.Next() || !cursor.CheckName() ||
        (cursor.is_alias() && CompareNames(i - 1, i) >= 0)) {
      return Status::kBadMessage;
    }
  }
  return cursor.at() == blob_.records.size() ? Status::kOk
                                             : Status::kBadMessage;
}

/// Each function once, in order of names. It is a permutation since the order
/// is strict: by name, then by index.
Status SymbolTable::CheckNameIndex() const {
  char texts[2][kNamePart];
  StringView last;
  for (size_t rank = 0; rank < size(); ++rank) {
    const size_t index = blob_.ByName(rank);
    if (index >= size()) {
      return Status::kBadMessage;
    }
    char(&text)[kNamePart] = texts[rank % 2];
    const StringView name(text, CopyName(index, text));
    if (rank != 0) {
      const size_t before = blob_.ByName(rank - 1);
      const bool whole = Max(last.size(), name.size()) <= kNamePart;
      const int order =
          whole ? Compare(last, name) : CompareNames(before, index);
      if (order > 0 || (order == 0 && before >= index)) {
        return Status::kBadMessage;
      }
    }
    last = name;
  }
  return Status::kOk;
}

Symbol SymbolTable::SymbolAt(const SymbolCursor& cursor) const {
  return {
      .index = cursor.index(),
      .address = blob_.base + cursor.offset(),
      .size = cursor.size(),
  };
}

SymbolCursor SymbolTable::CursorAt(size_t index) const {
  SymbolCursor cursor(blob_, index / SymbolBlob::kBlock);
  for (size_t i = 0; i <= index % SymbolBlob::kBlock; ++i) {
    (void)cursor.Next();
  }
  return cursor;
}

Symbol SymbolTable::At(size_t index) const { return SymbolAt(CursorAt(index)); }

size_t SymbolTable::NameSize(size_t index) const {
  const SymbolCursor cursor = CursorAt(index);
  size_t size = cursor.shared();
  for (uint8_t code : cursor.codes()) {
    size += blob_.Token(code).size();
  }
  return size;
}

/// The part of the name that begins at `from`, as much as fits; returns how
/// long the whole name is. What is behind the name in `to` may change.
size_t SymbolTable::CopyNamePart(size_t index, size_t from,
                                 Span<char> to) const {
  SymbolCursor cursor(blob_, index / SymbolBlob::kBlock);
  size_t at = 0;
  for (size_t i = 0; i <= index % SymbolBlob::kBlock; ++i) {
    (void)cursor.Next();
    at = cursor.shared();  // so much is there already
    for (uint8_t code : cursor.codes()) {
      const ConstBytes piece = blob_.Token(code);
      CopyPiece(piece, at, from, to);
      at += piece.size();
    }
  }
  return at;
}

/// As Compare(the function's name, `name`).
int SymbolTable::CompareName(size_t index, StringView name) const {
  SymbolCursor cursor(blob_, index / SymbolBlob::kBlock);
  size_t equal = 0;  // how many characters of the record's name are `name`'s
  int order = 0;     // of what comes then
  for (size_t i = 0; i <= index % SymbolBlob::kBlock; ++i) {
    (void)cursor.Next();
    if (cursor.shared() > equal) {
      continue;  // what decided is shared
    }
    equal = cursor.shared();
    order = 0;
    for (uint8_t code : cursor.codes()) {
      const ConstBytes piece = blob_.Token(code);
      for (size_t k = 0; k < piece.size() && order == 0; ++k) {
        const bool ended = equal == name.size();
        order = ended ? 1 : piece[k] - static_cast<uint8_t>(name[equal]);
        equal += order == 0 ? 1 : 0;
      }
    }
    if (order == 0 && equal < name.size()) {
      order = -1;
    }
  }
  return order;
}

/// As Compare(the name of `a`, the name of `b`).
int SymbolTable::CompareNames(size_t a, size_t b) const {
  char a_part[kNamePart];
  char b_part[kNamePart];
  for (size_t from = 0;; from += kNamePart) {
    const size_t a_size = CopyNamePart(a, from, a_part);
    const size_t b_size = CopyNamePart(b, from, b_part);
    // Neither ended before, or it would have been decided.
    const StringView a_text(a_part, Min(a_size - from, kNamePart));
    const StringView b_text(b_part, Min(b_size - from, kNamePart));
    const int order = Compare(a_text, b_text);
    if (order != 0 || a_text.size() < kNamePart) {
      return order;
    }
    if (a_size == b_size && a_size == from + kNamePart) {
      return 0;
    }
    if (a_size == from + kNamePart || b_size == from + kNamePart) {
      return a_size < b_size ? -1 : 1;
    }
  }
}

Result<Symbol> SymbolTable::FindByName(StringView name) const {
  // The first rank whose name is not before `name`.
  size_t low = 0;
  size_t high = size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (CompareName(blob_.ByName(middle), name) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const auto has_name = [&](size_t rank) {
    return rank < size() && CompareName(blob_.ByName(rank), name) == 0;
  };
  if (!has_name(low)) {
    return Status::kNotFound;
  }
  if (has_name(low + 1)) {
    return Status::kExists;
  }
  return At(blob_.ByName(low));
}

/// How many blocks begin before `offset`.
size_t SymbolTable::BlocksBefore(uint64_t offset) const {
  size_t low = 0;
  size_t high = blob_.block_count();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (blob_.BlockAt(middle).offset < offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/// The first of the functions at `place`, at which `block` begins.
SymbolCursor SymbolTable::FirstAlias(size_t block, uint32_t place) const {
  const size_t before = BlocksBefore(place);
  if (before != 0) {
    SymbolCursor cursor(blob_, before - 1);
    for (size_t i = 0; i < SymbolBlob::kBlock && cursor.Next(); ++i) {
      if (cursor.offset() == place) {
        return cursor;
      }
    }
  }
  SymbolCursor cursor(blob_, Min(before, block));
  (void)cursor.Next();
  return cursor;
}

Result<Symbol> SymbolTable::FindByAddress(uint64_t address) const {
  // Below the base it wraps to more than any offset.
  const uint64_t offset = address - blob_.base;
  const size_t blocks =
      offset > UINT32_MAX ? blob_.block_count() : BlocksBefore(offset + 1);
  if (blocks == 0) {
    return Status::kNotFound;
  }
  SymbolCursor cursor(blob_, blocks - 1);
  for (size_t i = 0; i < SymbolBlob::kBlock && cursor.Next(); ++i) {
    if (cursor.offset() > offset) {
      break;
    }
    if (offset - cursor.offset() < cursor.size()) {
      // Inside of a block the first alias is met first.
      return SymbolAt(i == 0 ? FirstAlias(blocks - 1, cursor.offset())
                             : cursor);
    }
  }
  return Status::kNotFound;
}

}  // namespace ebpf
