// SPDX-License-Identifier: MIT
//
// The parts of the symbol blob, and a way over its records. README.md has the
// format.
#pragma once

#include <stdint.h>

#include "core/base/bits.h"
#include "core/base/memory.h"
#include "core/base/span.h"
#include "core/base/status.h"

namespace ebpf {

/// The tables in a blob, each of the size that `count` asks for.
struct SymbolBlob {
  /// Records between two places where reading can begin.
  static constexpr size_t kBlock = 16;
  /// Checking a blob takes time that grows with the square of a name's length.
  static constexpr size_t kMaxName = 4096;

  struct Block {
    uint32_t offset;  // where its first function begins
    uint32_t at;      // where its first record does
  };

  /// kBadMessage if it is not one or was cut off.
  static Result<SymbolBlob> Split(ConstBytes blob);

  /// kBadMessage unless the characters of each code follow the last's.
  Status CheckTokens() const;

  size_t block_count() const { return (count + kBlock - 1) / kBlock; }

  Block BlockAt(size_t index) const {
    const auto raw =
        LoadUnaligned<Block>(blocks.data() + index * sizeof(Block));
    return {LittleEndian(raw.offset), LittleEndian(raw.at)};
  }

  /// Which function is number `rank` by name.
  size_t ByName(size_t rank) const {
    const uint8_t* bytes = by_name.data() + rank * 3;
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16;
  }

  /// What `code` in a name stands for; empty if for nothing.
  ConstBytes Token(uint8_t code) const {
    const size_t begin = code == 0 ? 0 : TokenEnd(code - 1);
    return tokens.Subspan(begin, TokenEnd(code) - begin);
  }

  size_t count = 0;
  uint64_t base = 0;  // address of the linker that offsets count from
  ConstBytes token_ends;
  ConstBytes blocks;
  ConstBytes by_name;
  ConstBytes tokens;
  ConstBytes records;

 private:
  size_t TokenEnd(size_t code) const {
    return LittleEndian(
        LoadUnaligned<uint16_t>(token_ends.data() + code * sizeof(uint16_t)));
  }
};

/// Goes over the records of a blob from the beginning of a block on. It never
/// reads outside of the blob, whatever is in it. Context: any.
class SymbolCursor {
 public:
  /// Before the first record of `block`.
  SymbolCursor(const SymbolBlob& blob, size_t block)
      : blob_(blob),
        index_(block * SymbolBlob::kBlock),
        at_(blob.BlockAt(block).at) {}

  /// To the next record. False if there is none, or its place breaks a rule.
  bool Next();
  /// After each Next(), where a name may break a rule: false if it does.
  bool CheckName();

  /// Of the record that Next() went to.
  size_t index() const { return index_ - 1; }
  uint32_t offset() const { return offset_; }
  uint32_t size() const { return size_; }
  /// Whether it is at the place of the one before.
  bool is_alias() const { return is_alias_; }
  /// The name begins with so many characters of the name before, and goes on
  /// with what these codes stand for.
  size_t shared() const { return shared_; }
  ConstBytes codes() const { return codes_; }

  /// Where the next record is among the bytes of records.
  size_t at() const { return at_; }

 private:
  bool ReadNumber(uint32_t* value);
  bool ReadPlace();
  bool ReadName();

  const SymbolBlob& blob_;
  size_t index_;  // of the next
  size_t at_;
  bool has_last_ = false;
  bool is_alias_ = false;
  uint32_t offset_ = 0;
  uint32_t size_ = 0;
  size_t shared_ = 0;
  size_t name_size_ = 0;  // as far as CheckName was called
  ConstBytes codes_;
};

}  // namespace ebpf
