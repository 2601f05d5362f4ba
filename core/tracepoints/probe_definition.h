// SPDX-License-Identifier: MIT
//
// A line of kprobe_events: a probe that shall be known by a name, and what its
// records hold. (Linux: Documentation/trace/kprobetrace.rst, "Synopsis".)
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/base/text_writer.h"
#include "core/memory/allocator.h"
#include "core/tracepoints/fetch_argument.h"
#include "core/tracepoints/function_types.h"

namespace ebpf {

/// Understood, and what it points to, in one piece of memory.
class ProbeDefinition : public NonCopyable {
 public:
  static constexpr size_t kMaxNameSize = 63;
  static constexpr size_t kMaxArguments = KeptArguments::kMax;
  static constexpr size_t kMaxLineSize = 4094;
  static constexpr uint64_t kMaxReturnCount = 4096;
  /// All that BTF's names may take, with an end each.
  static constexpr size_t kMaxExpandedSize = 128;
  static constexpr StringView kDefaultGroup = "kprobes";

  explicit ProbeDefinition(Allocator& allocator) : allocator_(allocator) {}
  ~ProbeDefinition();

  /// Reads "p[:[GROUP/]EVENT] PLACE [ARGUMENT...]" or "r...". kInvalid, and of
  /// what BTF should say kNotFound and kNotSupported: `error` says why, if
  /// anything; its position is in command(). kNoMemory; kTooBig: more than
  /// kMaxArguments, which `error` says, or than kMaxLineSize.
  /// Whether there is such a function, and whether a probe may stand there, is
  /// looked at, but not what it is called. Once. Context: task.
  Status Parse(StringView line, const machine::RegisterNames& registers,
               ProbeError& error);

  /// The line, one blank between its words.
  StringView command() const { return {text_.data(), text_.size()}; }
  StringView group() const { return group_; }
  StringView event() const { return event_; }
  bool is_return() const { return place_.is_return; }
  /// Empty: `address` says where.
  StringView symbol() const { return symbol_; }
  uint64_t address() const { return address_; }
  uint64_t offset() const { return offset_; }
  Span<const FetchArgument> arguments() const { return arguments_; }
  /// Of a record, before its texts.
  size_t record_size() const { return record_size_; }
  bool has_text() const { return has_text_; }
  /// What is fetched at the call whose return it is about.
  const KeptArguments& kept() const { return kept_; }

  /// As Linux shows it in kprobe_events, without the line's end.
  void Put(TextWriter& writer) const;
  /// Whether the words in `words` are the first of those that Put writes behind
  /// the names. Context: any.
  bool BeginsWith(StringView words) const;

  /// The number of the first argument that has another name or type than
  /// `other`'s, or that only one of both has; kMaxArguments: there is none.
  /// Events of one name have one format. Context: any.
  size_t FirstOtherField(const ProbeDefinition& other) const;
  /// Whether the same is fetched at the same place. Context: any.
  bool IsSameProbe(const ProbeDefinition& other) const;
  /// Where argument `number` begins in command(), or would. Context: any.
  size_t ArgumentAt(size_t number) const;

 private:
  Status Join(StringView line);
  StringView Word(size_t number) const;
  size_t WordAt(size_t number) const;
  bool IsPlace(StringView word) const;
  Status Fail(ProbeError& error, ProbeErrorKind kind, size_t position);
  Status ReadHead(ProbeError& error);
  Status ReadPlace(ProbeError& error);
  Status ReadSymbol(StringView word, size_t at, ProbeError& error);
  Status ReadNames(ProbeError& error);
  Status NameItself();
  Status FindMetaArguments(const FunctionTypes& types, bool& any,
                           ProbeError& error);
  Status PutArguments(const FunctionTypes& types, TextWriter& writer,
                      ProbeError& error) const;
  Status ExpandArguments(const FunctionTypes& types, ProbeError& error);
  size_t WordOf(size_t argument) const;
  Status ReadArguments(ProbeError& error);
  Status ReadEachArgument(ProbeError& error);
  bool IsUsed(StringView name, size_t before) const;

  Allocator& allocator_;
  Span<char> text_;
  size_t words_ = 0;
  /// The arguments, where BTF's names stand in place of $arg1 and $arg*.
  Span<char> expanded_;
  StringView argument_text_;
  size_t argument_count_ = 0;
  size_t all_at_ = 0;  // the argument that was $arg*, and what it became
  size_t all_count_ = 1;
  char own_name_[kMaxNameSize + 1];
  StringView group_ = kDefaultGroup;
  StringView event_;
  StringView symbol_;
  uint64_t address_ = 0;
  uint64_t offset_ = 0;
  uint64_t return_count_ = 0;  // 0: not told
  FetchPlace place_;
  KeptArguments kept_;
  Span<FetchArgument> arguments_;
  size_t record_size_ = 0;
  bool has_text_ = false;
};

}  // namespace ebpf
