// SPDX-License-Identifier: MIT
//
// Helpers on strings: numbers in them, comparing and formatting them.
#include "core/base/ascii.h"
#include "core/base/memory.h"
#include "core/base/string_view.h"
#include "core/helpers/functions.h"
#include "core/helpers/result.h"
#include "core/helpers/trace_log.h"

namespace ebpf::helpers {
namespace {

/// Linux copies so much of a text, without the spaces in front, and looks no
/// further.
constexpr size_t kMaxNumberText = 63;

struct Number {
  bool negative;
  uint64_t magnitude;
  /// Characters up to its end.
  size_t length;
};

/// Takes "0x" or the "0" of an octal number from `text` where base 0 asks what
/// it is, and "0x" where base 16 allows it; the base.
unsigned TakePrefix(StringView& text, unsigned base) {
  const bool zero = !text.empty() && text[0] == '0';
  const bool x = zero && text.size() > 1 && (text[1] | 0x20) == 'x';
  if (base == 0) {
    const bool hex = x && text.size() > 2 && DigitValue(text[2]) < 16;
    base = hex ? 16 : zero ? 8 : 10;
  }
  if (base == 16 && x) {
    text = text.Substring(2);
  }
  return base;
}

/// As Linux reads one: spaces, a minus, a prefix, digits; the rest is left.
/// kInvalid without a digit, kOutOfRange past 64 bits.
Result<Number> ReadNumber(StringView text, uint64_t flags) {
  if (flags != 0 && flags != 8 && flags != 10 && flags != 16) {
    return Status::kInvalid;
  }
  StringView rest = text;
  while (!rest.empty() && IsSpace(rest[0])) {
    rest = rest.Substring(1);
  }
  Number number{};
  number.negative = !rest.empty() && rest[0] == '-';
  rest = rest.Substring(number.negative ? 1 : 0);
  const size_t before = text.size() - rest.size();
  rest = rest.First(Min(rest.size(), kMaxNumberText));
  const size_t all = rest.size();
  const unsigned base = TakePrefix(rest, static_cast<unsigned>(flags));
  bool overflow = false;
  size_t digits = 0;
  for (; digits < rest.size() && DigitValue(rest[digits]) < base; ++digits) {
    uint64_t shifted;
    overflow = __builtin_mul_overflow(number.magnitude, base, &shifted) ||
               __builtin_add_overflow(shifted, DigitValue(rest[digits]),
                                      &number.magnitude) ||
               overflow;
  }
  if (digits == 0 || overflow) {
    return overflow ? Status::kOutOfRange : Status::kInvalid;
  }
  number.length = before + (all - rest.size()) + digits;
  return number;
}

StringView AsText(uint64_t text, uint64_t size) {
  return StringView(reinterpret_cast<const char*>(text),
                    static_cast<uint32_t>(size));
}

}  // namespace

/// long bpf_strtol(buf, size, flags, result): the characters read, -EINVAL or
/// -ERANGE. The low bits of `flags` are the base: 0, 8, 10 or 16.
uint64_t Strtol(uint64_t buf, uint64_t size, uint64_t flags, uint64_t result,
                uint64_t) {
  auto* value = reinterpret_cast<int64_t*>(result);
  *value = 0;
  const Result<Number> number = ReadNumber(AsText(buf, size), flags);
  if (!number.ok()) {
    return AsResult(number.status());
  }
  const uint64_t limit = uint64_t{INT64_MAX} + (number->negative ? 1 : 0);
  if (number->magnitude > limit) {
    return AsResult(Status::kOutOfRange);
  }
  *value = static_cast<int64_t>(number->negative ? 0 - number->magnitude
                                                 : number->magnitude);
  return number->length;
}

/// long bpf_strtoul(buf, size, flags, result): as above; -EINVAL for a minus.
uint64_t Strtoul(uint64_t buf, uint64_t size, uint64_t flags, uint64_t result,
                 uint64_t) {
  auto* value = reinterpret_cast<uint64_t*>(result);
  *value = 0;
  const Result<Number> number = ReadNumber(AsText(buf, size), flags);
  if (!number.ok() || number->negative) {
    return AsResult(number.ok() ? Status::kInvalid : number.status());
  }
  *value = number->magnitude;
  return number->length;
}

/// int bpf_strncmp(s1, size, s2): the sign of the first difference, as C's.
uint64_t Strncmp(uint64_t s1, uint64_t size, uint64_t s2, uint64_t, uint64_t) {
  const auto* a = reinterpret_cast<const uint8_t*>(s1);
  const auto* b = reinterpret_cast<const uint8_t*>(s2);
  for (uint32_t i = 0; i < static_cast<uint32_t>(size); ++i) {
    if (a[i] != b[i]) {
      return a[i] < b[i] ? ~uint64_t{0} : 1;
    }
    if (a[i] == 0) {
      break;
    }
  }
  return 0;
}

/// long bpf_snprintf(str, size, fmt, data, data_size): the length that all of
/// the text has, its zero included. -EINVAL, -EBUSY where nested too deep.
uint64_t Snprintf(uint64_t str, uint64_t size, uint64_t fmt, uint64_t data,
                  uint64_t data_size) {
  TraceLog* log = GlobalTraceLog();
  const Result<Span<const uint64_t>> args = FormatArguments(data, data_size);
  if (!args.ok() || log == nullptr) {
    return AsResult(args.ok() ? Status::kBusy : args.status());
  }
  // The verifier has seen its zero.
  const auto* format = reinterpret_cast<const char*>(fmt);
  const ConstBytes text(reinterpret_cast<const uint8_t*>(format),
                        StringView(format).size() + 1);
  const Span<char> to(reinterpret_cast<char*>(str),
                      static_cast<uint32_t>(size));
  const Result<size_t> length = log->Format(to, text, *args);
  return length.ok() ? *length + 1 : AsResult(length.status());
}

}  // namespace ebpf::helpers
