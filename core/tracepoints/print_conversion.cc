// SPDX-License-Identifier: MIT
//
// core/tracepoints/print_conversion.h's implementation.
#include "core/tracepoints/print_conversion.h"

#include "core/tracepoints/print_expression.h"

namespace ebpf {
namespace {

constexpr size_t kMacSize = 6;
constexpr size_t kUuidSize = 16;
/// As Linux: no more is dumped.
constexpr size_t kMaxDump = 64;

void PutMac(TextWriter& to, StringView kinds, ConstBytes mac) {
  const bool is_plain = kinds[0] == 'm';
  const bool is_fddi = kinds.size() > 1 && kinds[1] == 'F';
  const bool is_reversed = kinds.size() > 1 && kinds[1] == 'R';
  for (size_t i = 0; i < kMacSize; ++i) {
    to.Put(i == 0 || is_plain ? "" : is_fddi ? "-" : ":");
    to.PutHex(mac[is_reversed ? kMacSize - 1 - i : i], 2);
  }
}

void PutUuid(TextWriter& to, StringView kinds, ConstBytes uuid) {
  static constexpr uint8_t kBigEndian[kUuidSize] = {
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  static constexpr uint8_t kLittle[kUuidSize] = {3, 2, 1,  0,  5,  4,  7,  6,
                                                 8, 9, 10, 11, 12, 13, 14, 15};
  const char kind = kinds.size() > 1 ? kinds[1] : 'b';
  const bool is_little = kind == 'l' || kind == 'L';
  const bool is_upper = kind == 'B' || kind == 'L';
  const char* const digits = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
  for (size_t i = 0; i < kUuidSize; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      to.Put('-');
    }
    const uint8_t byte = uuid[is_little ? kLittle[i] : kBigEndian[i]];
    to.Put(digits[byte >> 4]);
    to.Put(digits[byte & 15]);
  }
}

void PutDump(TextWriter& to, StringView kinds, ConstBytes bytes) {
  const char kind = kinds.size() > 1 ? kinds[1] : '\0';
  const char* const between = kind == 'C'   ? ":"
                              : kind == 'D' ? "-"
                              : kind == 'N' ? ""
                                            : " ";
  for (size_t i = 0; i < bytes.size(); ++i) {
    to.Put(i == 0 ? "" : between).PutHex(bytes[i], 2);
  }
}

void PutIpv4(TextWriter& to, ConstBytes address) {
  for (size_t i = 0; i < 4; ++i) {
    to.Put(i == 0 ? "" : ".").PutUnsigned(address[i]);
  }
}

}  // namespace

void PutSpaces(TextWriter& writer, size_t count) {
  for (; count != 0; --count) {
    writer.Put(' ');
  }
}

void PutPadded(TextWriter& writer, const Conversion& conversion,
               StringView text) {
  const size_t padding =
      conversion.width - Min<size_t>(conversion.width, text.size());
  PutSpaces(writer, conversion.left ? 0 : padding);
  writer.Put(text);
  PutSpaces(writer, conversion.left ? padding : 0);
}

void PutInteger(TextWriter& writer, const Conversion& conversion,
                uint64_t number) {
  const bool is_signed = conversion.kind == 'd' || conversion.kind == 'i';
  number = FitNumber(number, conversion.size, is_signed);
  const bool is_negative = is_signed && static_cast<int64_t>(number) < 0;
  uint64_t magnitude = is_negative ? 0 - number : number;
  const unsigned base = conversion.kind == 'o'   ? 8
                        : conversion.kind == 'x' ? 16
                        : conversion.kind == 'X' ? 16
                                                 : 10;
  const char* const characters =
      conversion.kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
  char digits[22];  // the last ones
  size_t count = 0;
  // As C: a 0 of no digits.
  while (magnitude != 0 || (count == 0 && !(conversion.has_precision &&
                                            conversion.precision == 0))) {
    digits[sizeof(digits) - ++count] = characters[magnitude % base];
    magnitude /= base;
  }
  const bool has_prefix = conversion.alternate &&
                          (number != 0 || (conversion.is_linux && base == 16));
  const StringView sign = is_negative                     ? "-"
                          : is_signed && conversion.plus  ? "+"
                          : is_signed && conversion.space ? " "
                          : !has_prefix                   ? ""
                          : conversion.kind == 'x'        ? "0x"
                          : conversion.kind == 'X'        ? "0X"
                          : conversion.kind == 'o'        ? "0"
                                                          : "";
  size_t zeros =
      conversion.precision - Min<size_t>(conversion.precision, count);
  size_t padding = conversion.width -
                   Min<size_t>(conversion.width, sign.size() + zeros + count);
  if (conversion.zero && !conversion.left && !conversion.has_precision) {
    zeros = padding;
    padding = 0;
  }
  PutSpaces(writer, conversion.left ? 0 : padding);
  writer.Put(sign);
  for (; zeros != 0; --zeros) {
    writer.Put('0');
  }
  writer.Put(StringView(digits + sizeof(digits) - count, count));
  PutSpaces(writer, conversion.left ? padding : 0);
}

void PutAddress(TextWriter& writer, const Conversion& conversion,
                uint64_t address) {
  char buffer[20];
  TextWriter text(buffer, sizeof(buffer));
  if (conversion.is_linux) {
    text.PutHex(address, 16);
  } else if (address == 0) {
    text.Put("(nil)");
  } else {
    text.Put("0x").PutHex(address);
  }
  PutPadded(writer, conversion, text.text());
}

bool PutMemory(TextWriter& writer, const Conversion& conversion,
               StringView kinds, ConstBytes memory) {
  char buffer[3 * kMaxDump];
  TextWriter text(buffer, sizeof(buffer));
  if (kinds.StartsWith("I4") && memory.size() >= 4) {
    PutIpv4(text, memory);
  } else if ((kinds.StartsWith("M") || kinds.StartsWith("m")) &&
             memory.size() >= kMacSize) {
    PutMac(text, kinds, memory);
  } else if (kinds.StartsWith("U") && memory.size() >= kUuidSize) {
    PutUuid(text, kinds, memory);
  } else if (kinds.StartsWith("h")) {
    // Its width is how many bytes are meant.
    const size_t count = Min(Max<size_t>(conversion.width, 1), kMaxDump);
    PutDump(writer, kinds, memory.First(Min(count, memory.size())));
    return true;
  } else {
    return false;
  }
  PutPadded(writer, conversion, text.text());
  return true;
}

}  // namespace ebpf
