// SPDX-License-Identifier: MIT
//
// The verifier's messages: which there are, and how they are filled in.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/text_writer.h"
#include "core/verifier/tnum.h"

namespace ebpf::verifier {

enum class Message : uint16_t {
#define EBPF_VERIFIER_MESSAGE(name, status, text) k##name,
#include "core/verifier/messages.def"
#undef EBPF_VERIFIER_MESSAGE
};

/// How many there are.
inline constexpr unsigned kMessageCount = 0
#define EBPF_VERIFIER_MESSAGE(name, status, text) +1
#include "core/verifier/messages.def"
#undef EBPF_VERIFIER_MESSAGE
    ;

/// What stands for a {} of a message. Signed where it came from a signed type.
class MessageArg {
 public:
  MessageArg(int value) : kind_(kSigned), signed_(value) {}           // NOLINT
  MessageArg(int64_t value) : kind_(kSigned), signed_(value) {}       // NOLINT
  MessageArg(uint32_t value) : kind_(kUnsigned), unsigned_(value) {}  // NOLINT
  MessageArg(uint64_t value) : kind_(kUnsigned), unsigned_(value) {}  // NOLINT
  MessageArg(const char* text) : kind_(kText), text_(text) {}         // NOLINT
  MessageArg(const Tnum<uint64_t>& bits)                              // NOLINT
      : kind_(kBits), unsigned_(bits.value), mask_(bits.mask) {}

  void Write(TextWriter& writer, bool hexadecimal) const;
  /// If it is a number; else 0.
  int64_t number() const { return kind_ <= kUnsigned ? signed_ : 0; }

 private:
  enum Kind : uint8_t { kSigned, kUnsigned, kText, kBits };

  Kind kind_;
  union {
    int64_t signed_;
    uint64_t unsigned_;
    const char* text_;
  };
  uint64_t mask_ = 0;
};

/// What kind of mistake it is.
enum class Category : uint8_t {
  kNone,
  kProgram,
  kLimits,
  kTermination,
  kRegisters,
  kPointers,
  kMemory,
  kStack,
  kContext,
  kCalls,
  kResources,
  kLocks,
  kTypes,
};

/// A message in other words, for people who do not know the verifier. {0}, {1}
/// stand for the message's arguments, {R} for the register that it is about.
struct Explanation {
  Message message;
  Category category;
  const char* title;
  const char* reason;
  const char* suggestion;
};

/// That of `message`, or null.
const Explanation* ExplanationOf(Message message);

/// "Memory Safety"
const char* NameOf(Category category);

/// The text of `message`, with its {}.
const char* TextOf(Message message);

/// The errno that goes with `message`.
Status StatusOf(Message message);

/// Writes `message` with `args` and a newline.
void Write(TextWriter& writer, Message message, Span<const MessageArg> args);

/// Bits as Linux's log shows them: "(0x0; 0xff)", or "0x8" if all are known.
void WriteBits(TextWriter& writer, const Tnum<uint64_t>& bits);

}  // namespace ebpf::verifier
