// SPDX-License-Identifier: MIT
//
// What is said of a message is data (messages.def). Here is what is found out
// of the program: the register that the message names, or through which the
// instruction goes; what it holds and where that came from; the branches.
#include "core/verifier/diagnosis.h"

#include "core/verifier/arena.h"
#include "core/verifier/describe.h"
#include "core/verifier/function_info.h"
#include "core/verifier/insn_log.h"
#include "core/verifier/origin.h"
#include "core/verifier/source_lines.h"
#include "core/verifier/state_log.h"

namespace ebpf::verifier {
namespace {

constexpr size_t kWidth = 78;
constexpr size_t kIndent = 2;
constexpr int kNone = -1;
/// Instructions that are shown before and behind the one at fault.
constexpr uint32_t kContextInsns = 2;
constexpr uint32_t kHotSpots = 3;
constexpr uint32_t kFunctions = 4;

/// Fills lines with words.
class Paragraph {
 public:
  explicit Paragraph(TextWriter& out) : out_(out), words_(text_, kSize) {}
  ~Paragraph() { Flush(); }

  TextWriter& words() { return words_; }

 private:
  static constexpr size_t kSize = 768;

  void Flush() {
    StringView rest = words_.text();
    size_t column = 0;
    while (!rest.empty()) {
      const size_t length = rest.Find(' ');
      const StringView word = rest.First(length);
      rest = rest.Substring(Min(length + 1, rest.size()));
      if (word.empty()) {
        continue;
      }
      if (column != 0 && column + 1 + length > kWidth) {
        out_.Put('\n');
        column = 0;
      }
      out_.Put(column == 0 ? "  " : " ").Put(word);
      column = (column == 0 ? kIndent : column + 1) + length;
    }
    if (column != 0) {
      out_.Put('\n');
    }
  }

  TextWriter& out_;
  char text_[kSize];
  TextWriter words_;
};

class Block {
 public:
  Block(Verification& v, const Record& record)
      : v_(v), record_(record), out_(v.log.writer()) {
    FindSubject();
    FindPlace();
    explanation_ = ExplanationOf(record.last.message);
    of_last_ = explanation_ != nullptr;
    if (!of_last_) {
      explanation_ = ExplanationOf(record.first.message);
    }
    const bool may_be_null = HasSubject() && Subject().maybe_null &&
                             (explanation_ == nullptr ||
                              explanation_->category != Category::kResources);
    if (may_be_null) {
      explanation_ = ExplanationOf(Message::kPointerMayBeNull);
    }
    if (v.placed && subject_ != kNone) {
      FindOrigin(v, record.path, static_cast<unsigned>(subject_),
                 Subject().IsPointer() && !Subject().value.IsConstant(),
                 events_);
    }
  }

  void Write() {
    PutTitle();
    PutReason();
    PutPlace();
    PutPath();
    PutSuggestion();
    PutCauseAgain();
  }

 private:
  bool HasSubject() const { return v_.placed && subject_ != kNone; }
  const RegState& Subject() const {
    return v_.state->reg(static_cast<unsigned>(subject_));
  }

  /// The register that the message is about.
  void FindSubject() {
    if (!SubjectIn(record_.last)) {
      SubjectIn(record_.first);
    }
    isa::DecodedInsn insn;
    if (subject_ == kNone && v_.walking &&
        DecodeInsn(v_.insns, v_.index, insn) == isa::DecodeError::kNone) {
      SubjectOf(insn);
    }
  }
  bool SubjectIn(const Rejection& rejection) {
    const int64_t arg = rejection.ArgBehind("R");
    if (arg < 0 || !v_.walking) {
      return false;
    }
    const int64_t reg = rejection.value[arg];
    if (reg >= 0 && reg < static_cast<int64_t>(isa::kRegisterCount)) {
      subject_ = static_cast<int>(reg);
    }
    return subject_ != kNone;
  }
  void SubjectOf(const isa::DecodedInsn& insn) {
    switch (insn.info().family) {
      case isa::Family::kLoad:
      case isa::Family::kLoadAcquire:
        subject_ = insn.src;
        break;
      case isa::Family::kAlu:
      case isa::Family::kStore:
      case isa::Family::kStoreRelease:
      case isa::Family::kAtomic:
      case isa::Family::kAtomicFetch:
      case isa::Family::kAtomicExchange:
        subject_ = insn.dst;
        break;
      default:
        break;
    }
    if (subject_ == static_cast<int>(isa::kFramePointer)) {
      subject_ = kNone;  // nothing is to be said of it
    }
  }

  /// An instruction that the message names, and the one where it was found.
  void FindPlace() {
    int64_t arg = record_.last.ArgBehind("insn ");
    if (arg < 0) {
      arg = record_.last.ArgBehind("insn=");
    }
    if (arg >= 0) {
      const int64_t index = record_.last.value[arg];
      if (index >= 0 && index < static_cast<int64_t>(v_.insns.size())) {
        named_ = index;
      }
    }
    place_ = v_.placed ? int64_t{v_.index} : named_;
    if (named_ >= 0 && named_ != place_) {
      events_.Add(
          {static_cast<uint32_t>(named_), UINT32_MAX, 0, PathEvent::kNoted});
    }
  }

  void PutTitle() {
    out_.Put("\nVerification failed: ");
    if (explanation_ == nullptr) {
      out_.Put(NameOf(Category::kNone)).Put(": ");
      PutCauseLine();
    } else {
      out_.Put(NameOf(explanation_->category)).Put(": ");
      out_.Put(explanation_->title).Put("\n");
    }
  }

  /// The message's last line, which names the register if there are two.
  void PutCauseLine() {
    char text[256];
    TextWriter line(text, sizeof(text));
    record_.last.WriteTo(line);
    const StringView all = line.text();
    out_.Put(all.First(all.Find('\n'))).Put("\n");
  }

  /// `text` with its {0} and {R}.
  void Fill(TextWriter& to, const char* text, const Rejection& rejection) {
    for (const char* at = text; *at != '\0'; ++at) {
      const bool reg = at[0] == '{' && at[1] == 'R';
      const bool arg = at[0] == '{' && at[1] >= '0' && at[1] <= '9';
      if (!reg && !arg) {
        to.Put(*at);
        continue;
      }
      const uint32_t number = static_cast<uint32_t>(at[1] - '0');
      if (reg) {
        to.Put('R');
        to.PutUnsigned(static_cast<uint64_t>(Max(subject_, 0)));
      } else if (number < rejection.arg_count) {
        to.Put(rejection.arg(number));
      }
      at += 2;
    }
  }

  const Rejection& Explained() const {
    return of_last_ ? record_.last : record_.first;
  }

  void PutReason() {
    out_.Put("\nReason:\n");
    Paragraph paragraph(out_);
    TextWriter& words = paragraph.words();
    const Explanation* first = ExplanationOf(record_.first.message);
    if (first != nullptr && record_.rejections > 1 && of_last_) {
      Fill(words, first->reason, record_.first);
      words.Put(' ');
    }
    if (explanation_ != nullptr) {
      Fill(words, explanation_->reason, Explained());
    } else {
      words.Put("The verifier cannot prove that this is safe.");
    }
    PutFacts(words);
    PutStacks(words);
    PutHotSpots(words);
  }

  /// What the register holds, and since when.
  void PutFacts(TextWriter& words) {
    if (!HasSubject()) {
      return;
    }
    if (Subject().type != RegType::kUninitialized) {
      words.Put(" R").PutUnsigned(static_cast<uint64_t>(subject_));
      words.Put(" is ");
      Describe(words, Subject());
      words.Put('.');
    }
    for (uint32_t i = 0; i < events_.count(); ++i) {
      const PathEvent& event = events_[i];
      const char* what = event.kind == PathEvent::kSet ? " was set by "
                         : event.kind == PathEvent::kLost
                             ? " was lost in the call of "
                             : nullptr;
      if (what != nullptr) {
        if (event.reg == subject_) {
          words.Put(" It");
        } else {
          words.Put(" That comes from R").PutUnsigned(event.reg);
          words.Put(", which");
        }
        words.Put(what).Put("instruction ").PutUnsigned(event.index);
        PutLineNumber(words, event.index, " (", ")");
        words.Put('.');
      }
    }
  }

  /// Which functions have how much of it, if too much stack was found when all
  /// were walked.
  void PutStacks(TextWriter& words) {
    if (explanation_ == nullptr || v_.placed ||
        explanation_->category != Category::kStack) {
      return;
    }
    uint32_t shown = 0;
    for (uint32_t i = 0; i < v_.subprograms.size() && shown < kFunctions; ++i) {
      const Subprogram& subprogram = v_.subprograms[i];
      if (subprogram.stack_depth == 0) {
        continue;
      }
      words.Put(shown++ == 0 ? " " : ", ");
      const char* name = FunctionName(v_, i);
      words.Put(*name != 0 ? name : "the function");
      words.Put("() at instruction ").PutUnsigned(subprogram.start);
      PutLineNumber(words, subprogram.start, " (", ")");
      words.Put(" uses ").PutUnsigned(subprogram.stack_depth);
    }
    words.Put(shown != 0 ? "." : "");
  }

  /// Where the states piled up, if that is what was wrong.
  void PutHotSpots(TextWriter& words) {
    if (explanation_ == nullptr ||
        explanation_->category != Category::kLimits || !v_.walking) {
      return;
    }
    uint32_t below = UINT32_MAX;
    for (uint32_t i = 0; i < kHotSpots; ++i) {
      const uint32_t hot = HottestBelow(below);
      if (hot == UINT32_MAX) {
        return;
      }
      below = v_.infos[hot].explored_count;
      words.Put(i == 0 ? " States piled up at instruction " : ", at ");
      words.PutUnsigned(hot);
      PutLineNumber(words, hot, " (", ")");
    }
    words.Put('.');
  }
  uint32_t HottestBelow(uint32_t count) const {
    uint32_t best = UINT32_MAX;
    uint32_t most = 0;
    for (uint32_t i = 0; i < v_.infos.size(); ++i) {
      const uint32_t states = v_.infos[i].explored_count;
      if (states > most && states < count) {
        most = states;
        best = i;
      }
    }
    return best;
  }

  /// "file.c:12" between `before` and `after`; nothing if it is not known.
  void PutLineNumber(TextWriter& to, uint32_t index, const char* before,
                     const char* after) {
    const LineInfo* line = FindLine(v_.options, index);
    if (line == nullptr || v_.options.btf == nullptr) {
      return;
    }
    const SourceLine source = ReadLine(v_.options, *line);
    to.Put(before).Put(source.file).Put(":").PutUnsigned(source.number);
    to.Put(after);
  }

  void PutPlace() {
    if (place_ < 0) {
      return;
    }
    const uint32_t index = static_cast<uint32_t>(place_);
    out_.Put("\nAt:\n  insn ").PutUnsigned(index);
    PutLineNumber(out_, index, " @ ", "");
    out_.Put('\n');
    PutSource(index);
    out_.Put("  Instruction context:\n");
    const uint32_t first = index - Min(index, kContextInsns);
    for (uint32_t i = first; i <= index + kContextInsns && i < v_.insns.size();
         ++i) {
      if ((v_.infos[i].flags & InsnInfo::kSecondSlot) == 0) {
        out_.Put(i == index ? "  >>> " : "      ");
        Padded(i);
        out_.Put(" | ");
        WriteInsn(out_, v_.insns, i, v_.options.kernel_btf);
        out_.Put('\n');
      }
    }
  }
  void PutSource(uint32_t index) {
    const LineInfo* line = FindLine(v_.options, index);
    if (line != nullptr && v_.options.btf != nullptr) {
      const SourceLine source = ReadLine(v_.options, *line);
      out_.Put("  ");
      Padded(source.number);
      out_.Put(" | ").Put(source.text).Put("\n");
    }
    out_.Put("       | ^-- error: ");
    PutCauseLine();
  }
  void Padded(uint32_t number) {
    for (uint32_t limit = 1000; limit > 1 && number < limit; limit /= 10) {
      out_.Put(' ');
    }
    out_.PutUnsigned(number);
  }

  void PutPath() {
    if (!v_.walking) {
      return;
    }
    uint32_t more = 0;
    FindBranches(v_, record_.path, events_, more);
    events_.SortOldestFirst();
    out_.Put("\nCausal path:\n");
    if (events_.count() == 0) {
      out_.Put("  straight to there, without a branch\n");
    }
    if (more != 0) {
      out_.Put("  (").PutUnsigned(more).Put(" earlier branches left out)\n");
    }
    const LineInfo* shown = nullptr;
    for (uint32_t i = 0; i < events_.count(); ++i) {
      PutEvent(events_[i], shown);
    }
  }

  void PutEvent(const PathEvent& event, const LineInfo*& shown) {
    const LineInfo* line = FindLine(v_.options, event.index);
    if (line != nullptr && v_.options.btf != nullptr &&
        (shown == nullptr || !IsSameLine(*line, *shown))) {
      const SourceLine source = ReadLine(v_.options, *line);
      out_.Put("  ").Put(source.file).Put(":").PutUnsigned(source.number);
      out_.Put(" | ").Put(source.text).Put("\n");
      shown = line;
    }
    out_.Put("    insn ").PutUnsigned(event.index).Put(": ");
    WriteInsn(out_, v_.insns, event.index, v_.options.kernel_btf);
    out_.Put(" -- ");
    PutWhat(event);
    out_.Put('\n');
  }

  void PutWhat(const PathEvent& event) {
    const auto reg = [&](const char* before, const char* after) {
      out_.Put(before).PutUnsigned(event.reg).Put(after);
    };
    switch (event.kind) {
      case PathEvent::kSet:
        return reg("R", " is set");
      case PathEvent::kCopied:
        return reg("R", " is a copy");
      case PathEvent::kLoaded:
        return reg("R", " comes back from the stack");
      case PathEvent::kStored:
        return reg("R", " is kept on the stack");
      case PathEvent::kChanged:
        return reg("R", " is changed");
      case PathEvent::kLost:
        return reg("the call leaves nothing in R", "");
      case PathEvent::kArgument:
        return reg("R", " is an argument");
      case PathEvent::kCalled:
        out_.Put("calls the function");
        return;
      case PathEvent::kTaken:
        out_.Put("true, so it jumps");
        return;
      case PathEvent::kNotTaken:
        out_.Put("false, so it goes on");
        return;
      case PathEvent::kNoted:
        out_.Put("took it");
        return;
    }
  }

  void PutSuggestion() {
    if (explanation_ == nullptr) {
      return;
    }
    out_.Put("\nSuggestion:\n");
    Paragraph paragraph(out_);
    Fill(paragraph.words(), explanation_->suggestion, Explained());
  }

  void PutCauseAgain() {
    out_.Put('\n');
    if (v_.placed) {
      LogInsn(v_, v_.index);
    }
    record_.first.WriteTo(out_);
    if (record_.rejections > 1) {
      record_.last.WriteTo(out_);
    }
  }

  Verification& v_;
  const Record& record_;
  TextWriter& out_;
  const Explanation* explanation_ = nullptr;
  bool of_last_ = true;
  int subject_ = kNone;
  int64_t named_ = kNone;
  int64_t place_ = kNone;
  PathEvents events_;
};

}  // namespace

void WriteDiagnosis(Verification& v) {
  if (v.record != nullptr && v.record->rejections != 0) {
    Block(v, *v.record).Write();
  }
}

}  // namespace ebpf::verifier
