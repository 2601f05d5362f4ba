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
