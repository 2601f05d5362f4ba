// SPDX-License-Identifier: MIT
//
// Arguments are kept as the text that stands for them: what they point to may
// be gone when the block is written.
#include "core/verifier/rejection.h"

namespace ebpf::verifier {

void Rejection::Set(Message what, Span<const MessageArg> args) {
  message = what;
  arg_count = 0;
  for (const char* at = TextOf(what); *at != '\0'; ++at) {
    if (*at != '{' || arg_count == Min<size_t>(args.size(), kMaxArgs)) {
      continue;
    }
    TextWriter writer(text[arg_count], kMaxText - 1);
    args[arg_count].Write(writer, at[1] == 'x');
    text[arg_count][writer.text().size()] = '\0';
    value[arg_count] = args[arg_count].number();
    ++arg_count;
  }
}

void Rejection::WriteTo(TextWriter& writer) const {
  MessageArg args[kMaxArgs] = {0, 0, 0, 0, 0, 0, 0, 0};
  for (uint32_t i = 0; i < arg_count; ++i) {
    args[i] = MessageArg(text[i]);
  }
  Write(writer, message, Span<const MessageArg>(args, arg_count));
}

int64_t Rejection::ArgBehind(const char* prefix) const {
  const char* const whole = TextOf(message);
  const StringView wanted(prefix);
  uint32_t number = 0;
  for (const char* at = whole; *at != '\0' && number < arg_count; ++at) {
    if (*at != '{') {
      continue;
    }
    const size_t before = static_cast<size_t>(at - whole);
    if (before >= wanted.size() &&
        StringView(at - wanted.size(), wanted.size()) == wanted) {
      return number;
    }
    ++number;
  }
  return -1;
}

}  // namespace ebpf::verifier
