// SPDX-License-Identifier: MIT
//
// core/files/trace_texts.h's implementation: what the texts share.
#include "core/base/memory.h"
#include "core/base/words.h"
#include "core/files/trace_texts.h"

namespace ebpf {
namespace {

using Put = void (*)(TextWriter& text, const TextPlace& place);

class ShortTextWalk final : public TextWalk {
 public:
  ShortTextWalk(Put put, const TextPlace& place, Allocator& allocator)
      : put_(put), place_(place), allocator_(allocator) {}

  bool Next(TextWriter& line) override {
    if (Exchange(ended_, true)) {
      return false;
    }
    put_(line, place_);
    return true;
  }
  void Delete() override { allocator_.Delete(this); }

 private:
  const Put put_;
  const TextPlace& place_;
  Allocator& allocator_;
  bool ended_ = false;
};

/// The text is made when the walk begins.
class LongTextWalk final : public TextWalk {
 public:
  LongTextWalk(Span<char> text, Allocator& allocator)
      : text_(text), allocator_(allocator) {}

  bool Next(TextWriter& line) override {
    const size_t count = Min(text_.size() - at_, kMaxTextLine);
    line.Put(StringView(text_.data() + at_, count));
    at_ += count;
    return count != 0;
  }
  void Delete() override {
    allocator_.DeleteArray(text_);
    allocator_.Delete(this);
  }

 private:
  const Span<char> text_;
  Allocator& allocator_;
  size_t at_ = 0;
};

}  // namespace

Result<TextWalk*> BeginShortText(Put put, const TextViewer& viewer,
                                 Allocator& allocator) {
  TextWalk* walk =
      EBPF_TRY(allocator.New<ShortTextWalk>(put, *viewer.place, allocator));
  return walk;
}

Result<TextWalk*> BeginLongText(Put put, const TextViewer& viewer,
                                Allocator& allocator) {
  TextWriter measure;
  put(measure, *viewer.place);
  const Span<char> text = EBPF_TRY(allocator.NewArray<char>(measure.wanted()));
  TextWriter writer(text.data(), text.size());
  put(writer, *viewer.place);
  // It may have become shorter meanwhile; the rest are zeros, and are shown.
  FillBytes(text.data() + writer.text().size(), '\n',
            text.size() - writer.text().size());
  Result<LongTextWalk*> walk = allocator.New<LongTextWalk>(text, allocator);
  if (!walk.ok()) {
    allocator.DeleteArray(text);
    return walk.status();
  }
  return *walk;
}

Result<uint64_t> ReadTextNumber(StringView text) {
  // Linux copies so many.
  constexpr size_t kMaxSize = 66;
  text = text.First(Min(text.size(), kMaxSize));
  text = text.First(text.Find('\0'));
  if (!text.empty() && text[0] == '+') {
    text = text.Substring(1);
  }
  if (!text.empty() && text[text.size() - 1] == '\n') {
    text = text.First(text.size() - 1);
  }
  if (text.empty()) {
    return Status::kInvalid;
  }
  uint64_t number = 0;
  bool is_too_large = false;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      return is_too_large ? Status::kOutOfRange : Status::kInvalid;
    }
    const auto digit = static_cast<uint64_t>(c - '0');
    is_too_large = is_too_large || number > (UINT64_MAX - digit) / 10;
    number = number * 10 + digit;
  }
  return is_too_large ? Result<uint64_t>(Status::kOutOfRange)
                      : Result<uint64_t>(number);
}

StringView StripText(StringView text) {
  return Trim(text.First(text.Find('\0')));
}

}  // namespace ebpf
