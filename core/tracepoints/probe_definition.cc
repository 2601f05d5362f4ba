// SPDX-License-Identifier: MIT
//
// core/tracepoints/probe_definition.h's implementation.
#include "core/tracepoints/probe_definition.h"

#include "core/base/ascii.h"
#include "core/base/number_text.h"
#include "core/base/words.h"
#include "core/helpers/kernel_btf.h"
#include "core/platform/symbol_name.h"
#include "core/probes/function_entry.h"
#include "core/probes/kprobe.h"
#include "core/tracepoints/trace_event.h"

namespace ebpf {
namespace {

/// Names that a record's fields have already.
constexpr const char* kReserved[] = {
    "common_type", "common_flags", "common_preempt_count", "common_pid",
    "common_tgid", "__probe_ip",   "__probe_func",         "__probe_ret_ip"};

/// "name=%di:u8".
bool IsShownAs(const FetchArgument& argument, StringView word) {
  const size_t equals = argument.name.size();
  return word.size() > equals && word.StartsWith(argument.name) &&
         word[equals] == '=' && word.Substring(equals + 1) == argument.text;
}

/// What the kernel's BTF says of the function, if there is one.
FunctionTypes TypesOf(StringView symbol) {
  const btf::Btf* const btf = KernelBtf();
  return btf == nullptr ? FunctionTypes() : FunctionTypes(*btf, symbol);
}

bool IsGroupName(StringView text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!IsLetter(c) && c != '_' && (i == 0 || (!IsDigit(c) && c != '-'))) {
      return false;
    }
  }
  return !text.empty();
}

}  // namespace

ProbeDefinition::~ProbeDefinition() {
  allocator_.DeleteArray(arguments_);
  allocator_.DeleteArray(expanded_);
  allocator_.DeleteArray(text_);
}

Status ProbeDefinition::Fail(ProbeError& error, ProbeErrorKind kind,
                             size_t position) {
  error = {kind, position};
  return Status::kInvalid;
}

/// Copies the line's words with one blank between them.
Status ProbeDefinition::Join(StringView line) {
  if (line.size() > kMaxLineSize) {
    return Status::kTooBig;
  }
  TextWriter measure;
  words_ = PutWords(measure, line);
  text_ = EBPF_TRY(allocator_.NewArray<char>(measure.wanted()));
  TextWriter writer(text_.data(), text_.size());
  (void)PutWords(writer, line);
  return Status::kOk;
}

size_t ProbeDefinition::WordAt(size_t number) const {
  size_t at = 0;
  for (; number != 0; --number) {
    at += command().Substring(at).Find(' ') + 1;
  }
  return at;
}

StringView ProbeDefinition::Word(size_t number) const {
  const StringView rest = command().Substring(WordAt(number));
  return rest.First(rest.Find(' '));
}

Status ProbeDefinition::Parse(StringView line,
                              const machine::RegisterNames& registers,
                              ProbeError& error) {
  error = {};
  place_.registers = &registers;
  place_.kept = &kept_;
  EBPF_TRY(Join(line));
  if (words_ < 2 || (Word(0)[0] != 'p' && Word(0)[0] != 'r')) {
    return Status::kInvalid;
  }
  place_.is_return = Word(0)[0] == 'r';
  EBPF_TRY(ReadHead(error));
  EBPF_TRY(ReadPlace(error));
  EBPF_TRY(ReadNames(error));
  return ReadArguments(error);
}

/// "r16": how many calls may be followed at once, which ours do not need told;
/// it is only shown.
Status ProbeDefinition::ReadHead(ProbeError& error) {
  const StringView head = Word(0).First(Word(0).Find(':'));
  if (head.size() == 1 || !IsDigit(head[1])) {
    return Status::kOk;
  }
  if (!place_.is_return) {
    return Fail(error, ProbeErrorKind::kReturnCountOnEntry, 1);
  }
  if (!ParseUnsigned(head.Substring(1), &return_count_) || return_count_ == 0 ||
      return_count_ > UINT32_MAX) {
    return Fail(error, ProbeErrorKind::kBadReturnCount, 1);
  }
  return return_count_ > kMaxReturnCount
             ? Fail(error, ProbeErrorKind::kReturnCountTooBig, 1)
             : Status::kOk;
}

Status ProbeDefinition::ReadPlace(ProbeError& error) {
  const StringView word = Word(1);
  const size_t at = WordAt(1);
  uint64_t function = 0;
  if (ParseUnsigned(word, &address_)) {
    function = address_;
  } else {
    EBPF_TRY(ReadSymbol(word, at, error));
    const Result<ebpf_symbol> symbol = FindFunction(symbol_);
    if (!symbol.ok()) {
      return Fail(error,
                  symbol.status() == Status::kAddressNotAvailable
                      ? ProbeErrorKind::kSymbolOfSeveral
                      : ProbeErrorKind::kBadProbeAddress,
                  at);
    }
    function = symbol->address + offset_;
  }
  place_.is_entry = FunctionEnteredAt(function) != 0;
  if (place_.is_return && !place_.is_entry) {
    return Fail(error, ProbeErrorKind::kNotAnEntry, at);
  }
  // The file that was written to tells where in the line, the log tells why.
  const Status status = CheckKprobe(function, true);
  if (status == Status::kBadSequence) {
    (void)Fail(error, ProbeErrorKind::kNotAnInstruction, at);
  } else if (status == Status::kNotFound) {
    return Fail(error, ProbeErrorKind::kBadProbeAddress, at);
  } else if (!IsOk(status)) {
    (void)Fail(error, ProbeErrorKind::kCannotProbe, at);
  }
  return status;
}

/// "function", "function+16", "function%return".
Status ProbeDefinition::ReadSymbol(StringView word, size_t at,
                                   ProbeError& error) {
  const size_t percent = word.Find('%');
  if (percent != word.size()) {
    if (!(word.Substring(percent) == "%return")) {
      return Fail(error, ProbeErrorKind::kBadAddressSuffix, at + percent);
    }
    place_.is_return = true;
    word = word.First(percent);
  }
  const size_t plus = word.Find('+');
  symbol_ = word.First(plus);
  if (symbol_.empty() || (plus != word.size() &&
                          !ParseUnsigned(word.Substring(plus + 1), &offset_))) {
    return Fail(error, ProbeErrorKind::kBadProbeAddress, at);
  }
  return Status::kOk;
}

/// "GROUP/EVENT", "GROUP.EVENT", "EVENT", "GROUP/".
Status ProbeDefinition::ReadNames(ProbeError& error) {
  const StringView head = Word(0);
  const size_t colon = head.Find(':');
  if (colon == head.size()) {
    return NameItself();
  }
  size_t at = colon + 1;
  StringView names = head.Substring(at);
  size_t slash = names.Find('/');
  if (slash == names.size()) {
    slash = names.Find('.');
  }
  const bool has_group = slash != names.size();
  if (has_group) {
    if (slash == 0) {
      return Fail(error, ProbeErrorKind::kNoGroupName, at);
    }
    if (slash > kMaxNameSize) {
      return Fail(error, ProbeErrorKind::kGroupTooLong, at);
    }
    group_ = names.First(slash);
    if (!IsGroupName(group_)) {
      return Fail(error, ProbeErrorKind::kBadGroupName, at);
    }
    names = names.Substring(slash + 1);
    at += slash + 1;
  }
  if (names.empty()) {
    return has_group ? NameItself()
                     : Fail(error, ProbeErrorKind::kNoEventName, at);
  }
  if (names.size() > kMaxNameSize) {
    return Fail(error, ProbeErrorKind::kEventTooLong, at);
  }
  if (!IsIdentifier(names)) {
    return Fail(error, ProbeErrorKind::kBadEventName, at);
  }
  event_ = names;
  return Status::kOk;
}

/// "p_function_16", "r_function_0", "p_0xffff...": as Linux.
Status ProbeDefinition::NameItself() {
  TextWriter writer(own_name_, sizeof(own_name_) - 1);
  writer.Put(place_.is_return ? "r_" : "p_");
  if (symbol_.empty()) {
    writer.Put("0x").PutHex(address_);
  } else {
    for (const char c : symbol_) {
      writer.Put(c == '.' || c == ':' ? '_' : c);
    }
    writer.Put("_").PutUnsigned(offset_);
  }
  event_ = writer.text();
  return Status::kOk;
}

bool ProbeDefinition::IsUsed(StringView name, size_t before) const {
  for (size_t i = 0; i < before; ++i) {
    if (arguments_[i].name == name) {
      return true;
    }
  }
  return IsOneOf(name, kReserved);
}

/// Looks for "$arg*" and "$arg1", of which BTF may know the names.
Status ProbeDefinition::FindMetaArguments(const FunctionTypes& types, bool& any,
                                          ProbeError& error) {
  bool has_all = false;
  for (size_t i = 2; i < words_; ++i) {
    const StringView word = Word(i);
    if (!word.StartsWith("$arg")) {
      continue;
    }
    if (!place_.is_entry) {
      return Fail(error, ProbeErrorKind::kNotAtEntry, WordAt(i));
    }
    const char next = word.size() == 4 ? '\0' : word[4];
    if (next == '*') {
      if (has_all) {
        return Fail(error, ProbeErrorKind::kAllArgumentsTwice, WordAt(i));
      }
      if (types.parameter_count() == 0) {
        return Fail(error, ProbeErrorKind::kNoTypes, WordAt(i));
      }
      has_all = true;
      all_at_ = i - 2;
      all_count_ = types.parameter_count();
    } else if (!IsDigit(next)) {
      return Fail(error, ProbeErrorKind::kBadVariable, WordAt(i));
    }
    any = any || types.parameter_count() != 0;
  }
  return Status::kOk;
}

/// Writes the arguments with a blank between them, with names for numbers.
Status ProbeDefinition::PutArguments(const FunctionTypes& types,
                                     TextWriter& writer,
                                     ProbeError& error) const {
  size_t expanded = 0;
  for (size_t i = 2; i < words_; ++i) {
    StringView word = Word(i);
    const bool is_meta = word.StartsWith("$arg");
    uint64_t first = 0;
    uint64_t last = 0;
    StringView type;
    if (is_meta && word[4] == '*') {
      last = types.parameter_count() - 1;
    } else if (is_meta) {
      const size_t colon = word.Find(':');
      if (!ParseUnsigned(word.First(colon).Substring(4), &first)) {
        error = {ProbeErrorKind::kBadVariable, WordAt(i)};
        return Status::kNotFound;
      }
      last = --first;
      type = word.Substring(colon);
    }
    for (uint64_t n = first; n <= last; ++n) {
      writer.Put(writer.wanted() == 0 ? "" : " ");
      if (!is_meta) {
        writer.Put(word);
        continue;
      }
      if (n >= types.parameter_count()) {
        error = {ProbeErrorKind::kNoSuchVariable, WordAt(i)};
        return Status::kNotFound;
      }
      const Result<StringView> name =
          types.ParameterName(static_cast<uint32_t>(n));
      if (!name.ok()) {
        error = {ProbeErrorKind::kFunctionNotInTypes, WordAt(i)};
        return Status::kNotFound;
      }
      writer.Put(*name).Put(type);
      expanded += name->size() + type.size() + 1;
      if (expanded > kMaxExpandedSize) {
        error = {ProbeErrorKind::kAllArgumentsTooLong, WordAt(i)};
        return Status::kTooBig;
      }
    }
  }
  return Status::kOk;
}

Status ProbeDefinition::ExpandArguments(const FunctionTypes& types,
                                        ProbeError& error) {
  argument_count_ = words_ - 2;
  if (argument_count_ != 0) {
    argument_text_ = command().Substring(WordAt(2));
  }
  bool any = false;
  EBPF_TRY(FindMetaArguments(types, any, error));
  if (!any) {
    return Status::kOk;
  }
  TextWriter measure;
  EBPF_TRY(PutArguments(types, measure, error));
  expanded_ = EBPF_TRY(allocator_.NewArray<char>(measure.wanted()));
  TextWriter writer(expanded_.data(), expanded_.size());
  EBPF_TRY(PutArguments(types, writer, error));
  argument_text_ = writer.text();
  argument_count_ += all_count_ - 1;
  return Status::kOk;
}

/// The word of the command that argument number `argument` was written as.
size_t ProbeDefinition::WordOf(size_t argument) const {
  if (argument < all_at_ + all_count_) {
    return 2 + Min(argument, all_at_);
  }
  return 2 + argument - (all_count_ - 1);
}

Status ProbeDefinition::ReadArguments(ProbeError& error) {
  const FunctionTypes types = TypesOf(symbol_);
  const bool has_too_many = words_ - 2 > kMaxArguments;
  if (!has_too_many) {
    EBPF_TRY(ExpandArguments(types, error));
  }
  const size_t count = argument_count_;
  if (has_too_many || count > kMaxArguments) {
    (void)Fail(error, ProbeErrorKind::kTooManyArguments, WordAt(2));
    return Status::kTooBig;
  }
  place_.types = &types;
  const Status status = ReadEachArgument(error);
  place_.types = nullptr;
  return status;
}

Status ProbeDefinition::ReadEachArgument(ProbeError& error) {
  const size_t count = argument_count_;
  arguments_ = EBPF_TRY(allocator_.NewArray<FetchArgument>(count));
  record_size_ = sizeof(EventHeader) + (place_.is_return ? 16 : 8);
  StringView rest = argument_text_;
  for (size_t i = 0; i < count; ++i) {
    const StringView word = rest.First(rest.Find(' '));
    FetchArgument& argument = arguments_[i];
    const Status status = ParseFetchArgument(word, i, place_, argument, error);
    // What is wrong with a name itself comes before that it is used, and that
    // before all else.
    const bool has_name = error.kind != ProbeErrorKind::kNameTooLong &&
                          error.kind != ProbeErrorKind::kNoName &&
                          error.kind != ProbeErrorKind::kBadName;
    const size_t at = WordAt(WordOf(i));
    if (has_name && IsUsed(argument.name, i)) {
      return Fail(error, ProbeErrorKind::kUsedName, at);
    }
    if (!IsOk(status)) {
      error.position += at;
      return status;
    }
    argument.offset = static_cast<uint16_t>(record_size_);
    record_size_ += argument.type->size * argument.count();
    has_text_ = has_text_ || argument.is_text();
    if (record_size_ > kMaxEventRecord / 2) {
      (void)Fail(error, ProbeErrorKind::kEventTooBig, at + argument.type_base);
      return Status::kTooBig;
    }
    rest = rest.Substring(Min(word.size() + 1, rest.size()));
  }
  return Status::kOk;
}

void ProbeDefinition::Put(TextWriter& writer) const {
  writer.Put(place_.is_return ? "r" : "p");
  if (return_count_ != 0) {
    writer.PutUnsigned(return_count_);
  }
  writer.Put(":").Put(group_).Put("/").Put(event_).Put(" ");
  if (symbol_.empty()) {
    writer.Put("0x").PutHex(address_, 16);
  } else {
    writer.Put(symbol_);
    if (offset_ != 0) {
      writer.Put("+").PutUnsigned(offset_);
    }
  }
  for (const FetchArgument& argument : arguments_) {
    writer.Put(" ").Put(argument.name).Put("=").Put(argument.text);
  }
}

bool ProbeDefinition::IsPlace(StringView word) const {
  char text[24];
  TextWriter writer(text, sizeof(text));
  if (symbol_.empty()) {
    writer.Put("0x").PutHex(address_, 16);
    return word == writer.text();
  }
  if (offset_ != 0) {
    writer.Put("+").PutUnsigned(offset_);
  }
  return word.StartsWith(symbol_) &&
         word.Substring(symbol_.size()) == writer.text();
}

bool ProbeDefinition::BeginsWith(StringView words) const {
  for (size_t number = 0;; ++number) {
    const StringView word = TakeWord(words);
    if (word.empty()) {
      return true;
    }
    const bool is_same = number == 0
                             ? IsPlace(word)
                             : number <= arguments_.size() &&
                                   IsShownAs(arguments_[number - 1], word);
    if (!is_same) {
      return false;
    }
  }
}

size_t ProbeDefinition::FirstOtherField(const ProbeDefinition& other) const {
  const size_t both = Min(arguments_.size(), other.arguments_.size());
  if (arguments_.size() != other.arguments_.size()) {
    return both;  // as in Linux, whatever the others are
  }
  for (size_t i = 0; i < both; ++i) {
    const FetchArgument& mine = arguments_[i];
    const FetchArgument& its = other.arguments_[i];
    if (mine.type != its.type || mine.array != its.array ||
        !(mine.name == its.name)) {
      return i;
    }
  }
  return kMaxArguments;
}

bool ProbeDefinition::IsSameProbe(const ProbeDefinition& other) const {
  if (!(symbol_ == other.symbol_) || address_ != other.address_ ||
      offset_ != other.offset_ ||
      arguments_.size() != other.arguments_.size()) {
    return false;
  }
  for (size_t i = 0; i < arguments_.size(); ++i) {
    if (!(arguments_[i].text == other.arguments_[i].text)) {
      return false;
    }
  }
  return true;
}

size_t ProbeDefinition::ArgumentAt(size_t number) const {
  // Behind the last word there is no blank, which Linux counts.
  return number < argument_count_ ? WordAt(WordOf(number))
                                  : command().size() + 1;
}

}  // namespace ebpf
