// SPDX-License-Identifier: MIT
//
// core/helpers/trace_format.h's implementation.
#include "core/helpers/trace_format.h"

#include "core/base/ascii.h"
#include "core/base/bits.h"
#include "core/base/text_writer.h"
#include "core/helpers/kernel_string.h"
#include "core/platform/nofault.h"
#include "core/platform/symbol_name.h"

namespace ebpf {
namespace {

/// What may follow a conversion whose last letter could be read on.
constexpr bool EndsConversion(char c) {
  return c == '\0' || IsSpace(c) || IsPunctuation(c);
}

/// Linux's FIELD_WIDTH_MAX.
constexpr uint64_t kMaxWidth = (1 << 23) - 1;
/// The addresses that Linux uses for errors; printed as they are.
constexpr uint64_t kFirstErrorAddress = ~uint64_t{0} - 4094;

struct Flags {
  bool left = false;
  bool plus = false;
  bool space = false;
  bool zero = false;
  uint64_t width = 0;
};

class Formatter {
 public:
  Formatter(Span<char> to, Span<char> scratch, const PointerKey& key,
            StringView format, Span<const uint64_t> args)
      : to_(to), scratch_(scratch), key_(key), format_(format), args_(args) {}

  Result<size_t> Run();

 private:
  /// The next character, or zero at the end.
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < format_.size() ? format_[at_ + ahead] : '\0';
  }

  Status Convert();
  Flags TakeFlags();
  Status TakeArgument(size_t size);
  Status Number(const Flags& flags);
  Status Character(const Flags& flags);
  Status String(const Flags& flags, bool user);
  Status Pointer(const Flags& flags);
  Status Address(const Flags& flags);
  Status Symbol(const Flags& flags, bool with_offset, bool return_address);
  Status IpAddress();

  void Put(char c);
  void Pad(char c, uint64_t count);
  void PutText(const Flags& flags, StringView text);
  void PutNumber(const Flags& flags, StringView sign, uint64_t magnitude,
                 unsigned base, bool upper);
  void PutHex(Flags flags, uint64_t value);

  const Span<char> to_;
  const Span<char> scratch_;
  const PointerKey& key_;
  const StringView format_;
  const Span<const uint64_t> args_;
  size_t at_ = 0;
  size_t arg_count_ = 0;  // taken
  uint64_t arg_ = 0;      // the last one taken
  size_t arg_bytes_ = 0;  // of kTraceArgumentBytes
  size_t wanted_ = 0;     // length of the text so far
};

Result<size_t> Formatter::Run() {
  while (at_ < format_.size()) {
    const char c = format_[at_++];
    if (!IsPrintable(c) && !IsSpace(c)) {
      return Status::kInvalid;
    }
    if (c == '%' && Peek() != '%') {
      EBPF_TRY(Convert());
      continue;
    }
    if (c == '%') {
      ++at_;
    }
    Put(c);
  }
  return wanted_;
}

Status Formatter::Convert() {
  if (arg_count_ == args_.size()) {
    return Status::kInvalid;
  }
  const Flags flags = TakeFlags();
  switch (Peek()) {
    case 'p':
      ++at_;
      return Pointer(flags);
    case 's':
      ++at_;
      return String(flags, /*user=*/false);
    case 'c':
      ++at_;
      return Character(flags);
    default:
      return Number(flags);
  }
}

Flags Formatter::TakeFlags() {
  Flags flags;
  for (;; ++at_) {
    const char c = Peek();
    if (c != '0' && c != ' ' && c != '+' && c != '-') {
      break;
    }
    flags.zero = flags.zero || c == '0';
    flags.space = flags.space || c == ' ';
    flags.plus = flags.plus || c == '+';
    flags.left = flags.left || c == '-';
  }
  while (IsDigit(Peek())) {
    flags.width =
        Min(flags.width * 10 + static_cast<uint64_t>(Peek() - '0'), kMaxWidth);
    ++at_;
  }
  return flags;
}

/// Takes the next argument, which has `size` bytes where Linux packs them.
Status Formatter::TakeArgument(size_t size) {
  const size_t end =
      (size == 1 ? arg_bytes_ : AlignUp<size_t>(arg_bytes_, 4)) + size;
  if (end > kTraceArgumentBytes) {
    return Status::kNoSpace;
  }
  arg_bytes_ = end;
  arg_ = args_[arg_count_++];
  return Status::kOk;
}

Status Formatter::Number(const Flags& flags) {
  unsigned longs = 0;
  while (longs < 2 && Peek() == 'l') {
    ++longs;
    ++at_;
  }
  const char kind = Peek();
  if (kind != 'd' && kind != 'i' && kind != 'u' && kind != 'x' && kind != 'X') {
    return Status::kInvalid;
  }
  ++at_;
  EBPF_TRY(TakeArgument(longs == 0 ? 4 : 8));
  const uint64_t value = longs == 0 ? static_cast<uint32_t>(arg_) : arg_;
  if (kind != 'd' && kind != 'i') {
    PutNumber(flags, "", value, kind == 'u' ? 10 : 16, kind == 'X');
    return Status::kOk;
  }
  const int64_t number =
      longs == 0 ? static_cast<int32_t>(arg_) : static_cast<int64_t>(arg_);
  if (number < 0) {
    PutNumber(flags, "-", 0 - static_cast<uint64_t>(number), 10, false);
  } else {
    PutNumber(flags,
              flags.plus    ? "+"
              : flags.space ? " "
                            : "",
              static_cast<uint64_t>(number), 10, false);
  }
  return Status::kOk;
}

Status Formatter::Character(const Flags& flags) {
  EBPF_TRY(TakeArgument(1));
  const char c = static_cast<char>(arg_);
  PutText(flags, StringView(&c, 1));
  return Status::kOk;
}

Status Formatter::String(const Flags& flags, bool user) {
  if (!EndsConversion(Peek())) {
    return Status::kInvalid;
  }
  EBPF_TRY(TakeArgument(1));  // the zero, which each string has
  const Span<char> room = scratch_.First(kTraceArgumentBytes - arg_bytes_ + 1);
  const Result<size_t> copied =
      user ? ReadUserString(room, arg_) : ReadKernelString(room, arg_);
  const size_t length = copied.ok() ? *copied - 1 : 0;
  arg_bytes_ += length;
  PutText(flags, StringView(room.data(), length));
  return Status::kOk;
}

Status Formatter::Pointer(const Flags& flags) {
  const char kind = Peek();
  if ((kind == 'k' || kind == 'u') && Peek(1) == 's') {
    at_ += 2;
    return String(Flags(), kind == 'u');  // as addresses, without a width
  }
  EBPF_TRY(Address(flags));
  // As Linux does: letters behind it are taken for more of the conversion.
  while (IsLetter(Peek()) || IsDigit(Peek())) {
    ++at_;
  }
  return Status::kOk;
}

Status Formatter::Address(const Flags& flags) {
  const char kind = Peek();
  if (kind == 'i' || kind == 'I') {
    return IpAddress();
  }
  if (!EndsConversion(kind)) {
    ++at_;
  }
  if (kind == 's' || kind == 'S' || kind == 'B') {
    return Symbol(flags, kind != 's', kind == 'B');
  }
  if (!EndsConversion(kind) && kind != 'K' && kind != 'x') {
    return Status::kInvalid;
  }
  EBPF_TRY(TakeArgument(8));
  const bool plain = kind == 'x' || arg_ == 0 || arg_ >= kFirstErrorAddress;
  PutHex(flags, plain ? arg_ : PointerId(key_, arg_));
  return Status::kOk;
}

Status Formatter::Symbol(const Flags& flags, bool with_offset,
                         bool return_address) {
  EBPF_TRY(TakeArgument(8));
  // A return address may be the next function's: what is asked for is the call.
  const uint64_t back = return_address ? 1 : 0;
  ebpf_symbol symbol;
  size_t name_size = 0;
  const bool found =
      ebpf_port_symbol_by_address(static_cast<uintptr_t>(arg_ - back), &symbol);
  if (found) {
    name_size = ReadSymbolName(symbol, scratch_).size();
  }
  // Behind the name.
  TextWriter text(scratch_.data() + name_size, scratch_.size() - name_size);
  if (!found) {
    text.Put("0x").PutHex(arg_);
  } else if (with_offset) {
    text.Put("+0x").PutHex(arg_ - symbol.address);
    text.Put("/0x").PutHex(symbol.size);
  }
  PutText(flags, StringView(scratch_.data(), name_size + text.text().size()));
  return Status::kOk;
}

/// Without a width, whatever the format says.
Status Formatter::IpAddress() {
  const bool leading_zeros = Peek() == 'i';  // and no colons
  const char version = Peek(1);
  if (version != '4' && version != '6') {
    return Status::kInvalid;
  }
  at_ += 2;
  uint8_t bytes[16] = {};
  const size_t size = version == '4' ? 4 : 16;
  EBPF_TRY(TakeArgument(size));
  if (!ebpf_port_read_nofault(bytes, static_cast<uintptr_t>(arg_), size)) {
    FillBytes(bytes, 0, sizeof(bytes));
  }
  TextWriter text(scratch_.data(), scratch_.size());
  for (size_t i = 0; i < size; ++i) {
    if (version == '6') {
      text.Put(i != 0 && i % 2 == 0 && !leading_zeros ? ":" : "");
      text.PutHex(bytes[i], 2);
      continue;
    }
    text.Put(i == 0 ? "" : ".");
    if (leading_zeros) {
      text.Put(bytes[i] < 100 ? "0" : "").Put(bytes[i] < 10 ? "0" : "");
    }
    text.PutUnsigned(bytes[i]);
  }
  PutText(Flags(), text.text());
  return Status::kOk;
}

void Formatter::Put(char c) {
  if (wanted_ < to_.size()) {
    to_[wanted_] = c;
  }
  ++wanted_;
}

/// As many Puts, but no longer than there is room for.
void Formatter::Pad(char c, uint64_t count) {
  for (size_t at = wanted_; at < to_.size() && at - wanted_ < count; ++at) {
    to_[at] = c;
  }
  wanted_ += static_cast<size_t>(count);
}

void Formatter::PutText(const Flags& flags, StringView text) {
  const uint64_t padding =
      flags.width > text.size() ? flags.width - text.size() : 0;
  Pad(' ', flags.left ? 0 : padding);
  for (char c : text) {
    Put(c);
  }
  Pad(' ', flags.left ? padding : 0);
}

void Formatter::PutNumber(const Flags& flags, StringView sign,
                          uint64_t magnitude, unsigned base, bool upper) {
  const char* const digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  char reversed[20];
  size_t count = 0;
  do {
    reversed[count++] = digits[magnitude % base];
    magnitude /= base;
  } while (magnitude != 0);
  const uint64_t size = sign.size() + count;
  const uint64_t padding = flags.width > size ? flags.width - size : 0;
  const bool zeros = flags.zero && !flags.left;
  Pad(' ', flags.left || zeros ? 0 : padding);
  for (char c : sign) {
    Put(c);
  }
  Pad('0', zeros ? padding : 0);
  while (count != 0) {
    Put(reversed[--count]);
  }
  Pad(' ', flags.left ? padding : 0);
}

/// As Linux prints pointers: 16 digits unless the format says how many.
void Formatter::PutHex(Flags flags, uint64_t value) {
  if (flags.width == 0) {
    flags.width = 2 * sizeof(value);
    flags.zero = true;
  }
  PutNumber(flags, "", value, 16, false);
}

}  // namespace

Result<Span<const uint64_t>> FormatArguments(uint64_t data, uint64_t size) {
  constexpr uint32_t kMost = 12;
  const auto bytes = static_cast<uint32_t>(size);
  if (bytes % sizeof(uint64_t) != 0 || bytes > kMost * sizeof(uint64_t) ||
      (bytes != 0 && data == 0)) {
    return Status::kInvalid;
  }
  return Span<const uint64_t>(reinterpret_cast<const uint64_t*>(data),
                              bytes / sizeof(uint64_t));
}

Result<size_t> FormatTrace(Span<char> to, char (&scratch)[kTraceArgumentBytes],
                           const PointerKey& key, ConstBytes format,
                           Span<const uint64_t> args) {
  const StringView all(reinterpret_cast<const char*>(format.data()),
                       format.size());
  const size_t length = all.Find('\0');
  if (length == all.size()) {
    return Status::kInvalid;
  }
  return Formatter(to, scratch, key, all.First(length), args).Run();
}

}  // namespace ebpf
