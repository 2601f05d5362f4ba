// SPDX-License-Identifier: MIT
//
// The conversions of a format are those of core/helpers/trace_format.h.
#include "core/verifier/string_args.h"

#include "core/base/ascii.h"
#include "core/linux_abi/bpf.h"
#include "core/verifier/memory_access.h"

namespace ebpf::verifier {
namespace {

/// Walks over a format's conversions.
class Format {
 public:
  explicit Format(StringView text) : text_(text) {}

  /// Whether all of them are some, and at most `count`.
  bool IsValid(uint64_t count) {
    while (at_ < text_.size()) {
      const char c = Take();
      if (!IsPrintable(c) && !IsSpace(c)) {
        return false;
      }
      if (c != '%') {
        continue;
      }
      if (Peek() == '%') {
        Take();
        continue;
      }
      if (count-- == 0 || !TakeConversion()) {
        return false;
      }
    }
    return true;
  }

 private:
  /// A zero at the end.
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  char Take() { return at_ < text_.size() ? text_[at_++] : '\0'; }

  /// Whether a conversion could end here: no letter goes on with it.
  bool AtEnd() const {
    return Peek() == '\0' || IsSpace(Peek()) || IsPunctuation(Peek());
  }

  bool TakeConversion() {
    while (Peek() == '0' || Peek() == '+' || Peek() == '-' || Peek() == ' ') {
      Take();
    }
    while (IsDigit(Peek())) {
      Take();
    }
    switch (Peek()) {
      case 'p':
        Take();
        return TakePointer();
      case 's':
        Take();
        return AtEnd();
      case 'c':
        Take();
        return true;
      default:
        return TakeNumber();
    }
  }

  bool TakePointer() {
    if (AtEnd()) {
      return true;
    }
    const char kind = Take();
    switch (kind) {
      case 'k':
      case 'u':
        return Take() == 's' && AtEnd();
      case 'K':
      case 'x':
      case 's':
      case 'S':
      case 'B':
        return true;
      case 'i':
      case 'I': {
        const char version = Take();
        return version == '4' || version == '6';
      }
      default:
        return false;
    }
  }

  bool TakeNumber() {
    for (unsigned longs = 0; longs < 2 && Peek() == 'l'; ++longs) {
      Take();
    }
    const char kind = Take();
    return kind == 'd' || kind == 'i' || kind == 'u' || kind == 'x' ||
           kind == 'X';
  }

  const StringView text_;
  size_t at_ = 0;
};

/// The bytes of the map's value from where register `number` points; not to be
/// written.
Result<ConstBytes> BytesBehind(Verification& v, unsigned number) {
  const RegState& reg = v.state->reg(number);
  Map& map = const_cast<Map&>(*reg.map);  // only to be read
  const Result<Bytes> value = map.DirectValue();
  if (!value.ok()) {
    return v.Reject(Message::kStringNotDirect);
  }
  const int64_t offset =
      int64_t{reg.offset} + static_cast<int64_t>(reg.value.bits.value);
  const int64_t size = map.spec().value_size;
  if (offset < 0 || offset >= size ||
      !value->Contains(static_cast<uint64_t>(offset),
                       static_cast<uint64_t>(size - offset))) {
    return v.Reject(Message::kOutsideMapValue, size, offset, size - offset);
  }
  return ConstBytes(value->data() + offset, static_cast<size_t>(size - offset));
}

}  // namespace

Status CheckConstString(Verification& v, unsigned number) {
  const RegState& reg = v.state->reg(number);
  const bool read_only =
      (reg.map->spec().flags & linux_abi::kMapReadOnlyProg) != 0 &&
      reg.map->settled() && reg.origin == 0;
  if (!read_only) {
    return v.Reject(Message::kStringNotReadOnly, number);
  }
  if (!reg.value.IsConstant()) {
    return v.Reject(Message::kStringNotConstant, number);
  }
  const ConstBytes bytes = EBPF_TRY(BytesBehind(v, number));
  EBPF_TRY(CheckRegionForHelper(
      v, Access{number, 0, static_cast<uint32_t>(bytes.size()), false}, false));
  for (uint8_t byte : bytes) {
    if (byte == 0) {
      return Status::kOk;
    }
  }
  return v.Reject(Message::kStringNotTerminated);
}

bool IsFormat(StringView format, uint64_t count) {
  return Format(format).IsValid(count);
}

Status CheckFormat(Verification& v, unsigned format, unsigned size) {
  // CheckConstString and the sizes have been checked.
  const uint64_t bytes = v.state->reg(size).value.bits.value;
  if (!v.state->reg(size).value.IsConstant() || bytes % 8 != 0) {
    return v.Reject(Message::kFormatData);
  }
  const ConstBytes text = EBPF_TRY(BytesBehind(v, format));
  const char* const begin = reinterpret_cast<const char*>(text.data());
  return IsFormat(StringView::FromField(begin, text.size()), bytes / 8)
             ? Status::kOk
             : v.Reject(Message::kFormatInvalid);
}

}  // namespace ebpf::verifier
