// SPDX-License-Identifier: MIT
//
// The table of messages.def, and the filling in of its {}.
#include "core/verifier/messages.h"

namespace ebpf::verifier {
namespace {

struct Row {
  Status status;
  const char* text;
};
constexpr Row kRows[] = {
#define EBPF_VERIFIER_MESSAGE(name, status, text) {Status::k##status, text},
#include "core/verifier/messages.def"
#undef EBPF_VERIFIER_MESSAGE
};

constexpr Explanation kExplanations[] = {
#define EBPF_VERIFIER_MESSAGE(name, status, text)
#define EBPF_VERIFIER_EXPLANATION(name, category, title, reason, suggestion) \
  {Message::k##name, Category::k##category, title, reason, suggestion},
#include "core/verifier/messages.def"
#undef EBPF_VERIFIER_MESSAGE
#undef EBPF_VERIFIER_EXPLANATION
};

const Row& RowOf(Message message) {
  return kRows[static_cast<uint16_t>(message)];
}

}  // namespace

void WriteBits(TextWriter& writer, const Tnum<uint64_t>& bits) {
  if (bits.IsConstant()) {
    writer.Put(bits.value == 0 ? "" : "0x").PutHex(bits.value);
    return;
  }
  writer.Put("(0x").PutHex(bits.value).Put("; 0x").PutHex(bits.mask).Put(")");
}

void MessageArg::Write(TextWriter& writer, bool hexadecimal) const {
  switch (kind_) {
    case kSigned:
      writer.PutSigned(signed_);
      return;
    case kUnsigned:
      if (hexadecimal) {
        writer.PutHex(unsigned_, 2);
      } else {
        writer.PutUnsigned(unsigned_);
      }
      return;
    case kText:
      writer.Put(text_);
      return;
    case kBits:
      WriteBits(writer, Tnum<uint64_t>{unsigned_, mask_});
      return;
  }
}

const Explanation* ExplanationOf(Message message) {
  for (const Explanation& explanation : kExplanations) {
    if (explanation.message == message) {
      return &explanation;
    }
  }
  return nullptr;
}

const char* NameOf(Category category) {
  switch (category) {
    case Category::kNone:
      break;
    case Category::kProgram:
      return "Program Structure";
    case Category::kLimits:
      return "Limits";
    case Category::kTermination:
      return "Termination";
    case Category::kRegisters:
      return "Register Type Safety";
    case Category::kPointers:
      return "Pointer Arithmetic";
    case Category::kMemory:
      return "Memory Safety";
    case Category::kStack:
      return "Stack Safety";
    case Category::kContext:
      return "Context Access";
    case Category::kCalls:
      return "Function Calls";
    case Category::kResources:
      return "Resource Lifetime";
    case Category::kLocks:
      return "Locks and Sections";
    case Category::kTypes:
      return "Types and BTF";
  }
  return "Program Check";
}

const char* TextOf(Message message) { return RowOf(message).text; }

Status StatusOf(Message message) { return RowOf(message).status; }

void Write(TextWriter& writer, Message message, Span<const MessageArg> args) {
  size_t next = 0;
  for (const char* text = RowOf(message).text; *text != '\0'; ++text) {
    if (*text != '{') {
      writer.Put(*text);
      continue;
    }
    const bool hexadecimal = text[1] == 'x';
    text += hexadecimal ? 2 : 1;
    if (next < args.size()) {
      args[next++].Write(writer, hexadecimal);
    }
  }
  writer.Put('\n');
}

}  // namespace ebpf::verifier
