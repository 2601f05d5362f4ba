// SPDX-License-Identifier: MIT
//
// An argument of an event's print format: an expression of C about the fields
// of its record, evaluated as it is read.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/bits.h"
#include "core/base/span.h"
#include "core/base/string_view.h"
#include "core/tracepoints/event_field.h"

namespace ebpf {

/// What an expression comes to.
struct PrintValue {
  enum class Kind : uint8_t {
    kNumber,
    kBytes,     // of the record: an array of `element_size` bytes each
    kText,      // of the format: a string as it is written there
    kFlags,     // __print_flags of `number`; the rest of it is at `offset`
    kSymbolic,  // __print_symbolic, likewise
    kHex,       // bytes by __print_hex, with spaces,
    kHexText,   // by __print_hex_str, without,
    kArray,     // and by __print_array
  };
  Kind kind = Kind::kNumber;
  /// Of a number: 4 or 8, as C has it behind the promotions.
  uint8_t size = 4;
  bool is_signed = true;     // the number, or each element
  uint8_t element_size = 1;  // of bytes
  uint64_t number = 0;       // extended to 64 bits as its type says
  uint32_t offset = 0;       // in the record, or in the format
  uint32_t length = 0;       // of bytes, or of text
};

/// Expressions in `text` about `record`. What is deeper than a fixed depth is
/// not understood; an expression is read once. Context: any.
class PrintExpression {
 public:
  PrintExpression(StringView text, Span<const EventField> fields,
                  ConstBytes record)
      : text_(text), fields_(fields), record_(record) {}

  /// What is at *at, up to a `,`, `)` or `}` that is not its own or the text's
  /// end, where *at is then. False: it cannot be understood.
  [[nodiscard]] bool Evaluate(size_t* at, PrintValue* value);

 private:
  enum class Op : uint8_t;
  struct Pending {
    Op op;
    uint8_t detail;  // a cast's type; how many values were there at a call
  };
  /// Linux's deepest, the flags of an allocation, have less than 24.
  static constexpr size_t kMaxDepth = 48;

  static uint8_t PrecedenceOf(Op op);

  // One step each; false where it cannot be understood.
  // print_operand.cc:
  bool Operand();
  bool Parenthesis();
  bool Identifier();
  bool CallOrConstant(StringView name);
  bool Field();
  bool TakeTextIndex(const EventField& field, uint32_t* index);
  bool FieldFunction(StringView name);
  bool SizeOf();
  bool Number();
  bool Character();
  bool String();
  bool PushNumber(uint64_t number, uint8_t size, bool is_signed);
  bool TakeType(uint8_t* detail);
  const EventField* TakeField();
  bool Load(const EventField& field);
  bool LoadNumber(size_t offset, size_t size, bool is_signed);
  // print_expression.cc:
  bool Operator(bool* is_end);
  bool Binary(char c);
  bool Question();
  bool Colon();
  bool Comma(bool* is_end);
  bool Close(bool* is_end);
  bool CloseIndex();
  bool SkipList();
  bool Push(Op op, uint8_t detail = 0);
  bool PushValue(const PrintValue& value);
  bool ReduceTo(uint8_t precedence);
  bool Reduce();
  bool ReduceUnary(const Pending& pending);
  bool ReduceBinary(Op op);

  void SkipSpaces();
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  /// Takes `c` behind spaces, if it is there.
  bool Take(char c);
  StringView TakeWord();

  const StringView text_;
  const Span<const EventField> fields_;
  const ConstBytes record_;
  size_t at_ = 0;
  bool wants_operand_ = true;
  size_t value_count_ = 0;
  size_t pending_count_ = 0;
  PrintValue values_[kMaxDepth];
  Pending pending_[kMaxDepth];
};

/// What is pending: its operands, or what closes it, are not all read.
enum class PrintExpression::Op : uint8_t {
  // What only its own end closes.
  kParenthesis,
  kIndex,
  kQuestion,
  kFlags,
  kSymbolic,
  kHex,
  kHexText,
  kArray,
  // Operators.
  kColon,
  kOrElse,
  kAndAlso,
  kOr,
  kXor,
  kAnd,
  kEqual,
  kNotEqual,
  kLess,
  kGreater,
  kLessEqual,
  kGreaterEqual,
  kShiftLeft,
  kShiftRight,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kRemainder,
  kNot,
  kComplement,
  kMinus,
  kCast,
};

namespace print_type {
/// A cast's `detail`: a size in bytes, 0 where the type is not known, and:
inline constexpr uint8_t kSizeMask = 0x0f;
inline constexpr uint8_t kSigned = 0x10;
inline constexpr uint8_t kBool = 0x20;
}  // namespace print_type

/// The number in `bytes`, at most 8, in the CPU's order.
constexpr uint64_t ReadNumber(ConstBytes bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    number = number << 8 | bytes[kLittleEndian ? bytes.size() - 1 - i : i];
  }
  return number;
}

/// `number` cut to `size` bytes and extended to 64 bits again.
constexpr uint64_t FitNumber(uint64_t number, unsigned size, bool is_signed) {
  if (size >= sizeof(number)) {
    return number;
  }
  const unsigned unused = 64 - 8 * size;
  const uint64_t high = number << unused;
  return is_signed ? static_cast<uint64_t>(static_cast<int64_t>(high) >> unused)
                   : high >> unused;
}

}  // namespace ebpf
