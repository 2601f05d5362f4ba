// SPDX-License-Identifier: MIT
//
// An argument of a named probe: what is fetched at a hit, and how it gets into
// the record. (Linux: Documentation/trace/kprobetrace.rst, "Synopsis".)
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/machine/pt_regs.h"
#include "core/machine/register_names.h"

namespace ebpf {

class FunctionTypes;
class RecordText;

enum class ProbeErrorKind : uint8_t {
  kNone,
#define ERROR(name, text) name,
#include "core/tracepoints/probe_errors.def"
#undef ERROR
};

/// In Linux's words.
StringView ProbeErrorText(ProbeErrorKind kind);

/// What is wrong with a definition, and where: characters from its beginning.
struct ProbeError {
  ProbeErrorKind kind = ProbeErrorKind::kNone;
  size_t position = 0;
};

/// How a value is kept and shown.
struct FetchType {
  enum class Kind : uint8_t { kNumber, kText, kUserText };

  StringView name;
  StringView field;  // in `format`
  StringView print;
  uint8_t size;  // in the record; of a text's __data_loc
  bool is_signed;
  Kind kind;
};

/// Arguments of a function that are kept at its call, for its return.
class KeptArguments {
 public:
  static constexpr size_t kMax = 128;

  /// Which of the kept ones argument `number`, from 1 on, is; once for each
  /// that is written, of which there are kMax.
  uint64_t Keep(uint64_t number);
  /// Fetches them. Context: any.
  void Fetch(const machine::RegisterNames& names, const machine::PtRegs& regs,
             uint64_t* to) const;
  size_t count() const { return count_; }

 private:
  uint16_t numbers_[kMax];
  size_t count_ = 0;
};

/// What a definition's place allows.
struct FetchPlace {
  const machine::RegisterNames* registers = nullptr;
  bool is_return = false;
  bool is_entry = false;                 // of a function
  KeptArguments* kept = nullptr;         // null: none can be
  const FunctionTypes* types = nullptr;  // null: as with no BTF
};

/// Where values come from at a hit.
struct FetchSource {
  const machine::RegisterNames& names;
  const machine::PtRegs& regs;
  const uint64_t* kept = nullptr;  // what KeptArguments fetched at the call
};

/// Plain data: what was written, understood.
struct FetchArgument {
  static constexpr size_t kMaxNameSize = 32;
  static constexpr size_t kMaxTextSize = 63;
  static constexpr size_t kMaxLoads = 15;
  static constexpr size_t kMaxArray = 64;

  enum class Base : uint8_t {
    kRegister,  // number: where pt_regs has it
    kStackPointer,
    kStackWord,  // number: how many words above the stack pointer
    kReturnValue,
    kKept,  // number: which of the KeptArguments
    kNumber,
    kText,  // text_in_quotes
    kComm,
  };
  struct Load {  // value = the word at value + offset
    int64_t offset;
    bool is_user;
  };

  bool is_text() const { return type->kind != FetchType::Kind::kNumber; }
  /// How many there are of it; 1 where it is no array.
  size_t count() const { return array == 0 ? 1 : array; }

  StringView name;  // characters of the definition, or of `own_name`
  StringView text;  // behind the name
  StringView text_in_quotes;
  const FetchType* type = nullptr;
  Base base = Base::kNumber;
  uint8_t load_count = 0;
  uint8_t array = 0;
  uint8_t bit_width = 0;  // 0: not a bit field
  uint8_t bit_offset = 0;
  uint64_t number = 0;
  Load loads[kMaxLoads] = {};
  uint16_t offset = 0;    // in the record
  uint8_t type_base = 0;  // from where Linux counts what its type asks
  char own_name[8] = {};  // "arg128"
};

/// Reads "NAME=FETCHARG:TYPE" or "FETCHARG:TYPE", the argument with this
/// number, from 0 on. kInvalid, and of what BTF should say kNotFound and
/// kNotSupported: `error` says why; its position is in `text`.
/// What `argument` points to is `text`'s, and so `argument` stays where it is.
/// Context: task.
Status ParseFetchArgument(StringView text, size_t number,
                          const FetchPlace& place, FetchArgument& argument,
                          ProbeError& error);

/// Whether it could be the name of something in C.
bool IsIdentifier(StringView text);

/// Bytes behind the record's fields that the argument's texts take at most now.
/// Where that is `most` or more, nobody looks how much more: it costs time in
/// which interrupts are masked. Context: any, and of the next.
size_t FetchedTextSize(const FetchArgument& argument, const FetchSource& source,
                       size_t most);
/// Puts the argument's value into `record`, and its texts behind, by `text`.
/// What cannot be read is 0, a text "(fault)", as in Linux; where no room is
/// left, texts are not read.
void Fetch(const FetchArgument& argument, const FetchSource& source,
           void* record, RecordText& text);

}  // namespace ebpf
