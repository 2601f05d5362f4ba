// SPDX-License-Identifier: MIT
//
// core/tracepoints/fetch_argument.h: values at a hit. Memory is read as far as
// it is there; nothing is allocated.
#include "core/base/memory.h"
#include "core/helpers/current_task.h"
#include "core/helpers/kernel_string.h"
#include "core/platform/nofault.h"
#include "core/tracepoints/fetch_argument.h"
#include "core/tracepoints/trace.h"

namespace ebpf {
namespace {

using Base = FetchArgument::Base;

constexpr StringView kFault = "(fault)";
/// Texts are read in pieces of it.
constexpr size_t kPieceSize = 64;

uint64_t WordAt(const machine::PtRegs& regs, uint64_t offset) {
  uint64_t word;
  CopyBytes(&word, reinterpret_cast<const uint8_t*>(&regs) + offset,
            sizeof(word));
  return word;
}

/// What is none of the kernel's may be the process's, as on Linux where both
/// have addresses of their own.
bool ReadMemory(void* to, uint64_t from, size_t size, bool is_user) {
  return (!is_user &&
          ebpf_port_read_nofault(to, static_cast<uintptr_t>(from), size)) ||
         ebpf_port_read_user_nofault(to, from, size);
}

/// A value on its way, or nothing: memory was not there.
struct Value {
  uint64_t word = 0;
  bool is_there = true;
};

Value StackWord(const FetchSource& source, uint64_t number) {
  Value value;
  const uint64_t at = WordAt(source.regs, source.names.stack_pointer) +
                      number * sizeof(uint64_t);
  value.is_there = ReadMemory(&value.word, at, sizeof(value.word), false);
  return value;
}

Value BaseOf(const FetchArgument& argument, const FetchSource& source) {
  const machine::RegisterNames& names = source.names;
  const machine::PtRegs& regs = source.regs;
  switch (argument.base) {
    case Base::kRegister:
      return {WordAt(regs, argument.number)};
    case Base::kStackPointer:
      return {WordAt(regs, names.stack_pointer)};
    case Base::kReturnValue:
      return {WordAt(regs, names.return_value)};
    case Base::kStackWord:
      return StackWord(source, argument.number);
    case Base::kKept:
      return {source.kept[argument.number]};
    case Base::kNumber:
    case Base::kText:
    case Base::kComm:
      break;
  }
  return {argument.number};
}

/// All loads but the last to be made, the outermost: what its address is. Where
/// there is none, the value itself.
Value AddressOf(const FetchArgument& argument, const FetchSource& source) {
  Value value = BaseOf(argument, source);
  for (size_t i = argument.load_count; i-- > 0 && value.is_there;) {
    const FetchArgument::Load& load = argument.loads[i];
    value.word += static_cast<uint64_t>(load.offset);
    if (i != 0) {
      value.is_there =
          ReadMemory(&value.word, value.word, sizeof(value.word), load.is_user);
    }
  }
  return value;
}

bool IsUser(const FetchArgument& argument) {
  return argument.type->kind == FetchType::Kind::kUserText ||
         (argument.load_count != 0 && argument.loads[0].is_user);
}

/// Where text number `index` is. An array is one of pointers, as in Linux.
Value TextAddress(const FetchArgument& argument, const Value& first,
                  size_t index) {
  Value value = first;
  if (argument.array != 0 && value.is_there) {
    value.is_there =
        ReadMemory(&value.word, first.word + index * sizeof(uint64_t),
                   sizeof(value.word), IsUser(argument));
  }
  return value;
}

Result<size_t> CopyText(Span<char> to, uint64_t from, bool is_user) {
  if (!is_user) {
    Result<size_t> read = ReadKernelString(to, from);
    if (read.ok()) {
      return read;
    }
  }
  return ReadUserString(to, from);
}

/// Of the text there with its zero, or of what stands for it; no more is read
/// than `most` and a piece.
size_t TextSize(const Value& at, bool is_user, size_t most) {
  char piece[kPieceSize];
  size_t size = 0;
  while (at.is_there && size < most) {
    const Result<size_t> read =
        CopyText(Span<char>(piece, sizeof(piece)), at.word + size, is_user);
    if (!read.ok()) {
      // Room up to and with the byte that is not there, so that who copies the
      // text comes to it, too, and not to the record's end before. A page
      // begins at a multiple of the piece's size.
      const uint64_t from = at.word + size;
      if (ReadMemory(piece, from, 1, is_user)) {
        size += sizeof(piece) - from % sizeof(piece);
      }
      ++size;
      break;
    }
    if (*read < sizeof(piece)) {
      return size + *read;
    }
    size += sizeof(piece) - 1;  // its last character was cut
  }
  return Max(size, kFault.size() + 1);
}

/// What was read for nothing takes its room all the same: so all texts of a
/// record together read no more than it holds.
uint32_t PutTextFrom(RecordText& text, const Value& from, bool is_user) {
  const Span<char> room = text.room();
  size_t size = 0;
  while (from.is_there && size < room.size()) {
    const Span<char> piece =
        room.Subspan(size, Min(kPieceSize, room.size() - size));
    const Result<size_t> read = CopyText(piece, from.word + size, is_user);
    if (!read.ok()) {
      break;
    }
    size += *read;
    if (*read < piece.size() || size == room.size()) {
      return text.Take(size);
    }
    --size;  // its last character was cut
  }
  const uint32_t location = text.Put(kFault);
  constexpr size_t kFaultSize = kFault.size() + 1;
  if (size > kFaultSize) {
    FillBytes(text.room().data(), 0, size - kFaultSize);
    (void)text.Take(size - kFaultSize);
  }
  return location;
}

uint32_t PutOneText(const FetchArgument& argument, const Value& first,
                    size_t index, RecordText& text) {
  switch (argument.base) {
    case Base::kText:
      return text.Put(argument.text_in_quotes);
    case Base::kComm: {
      char comm[kCommSize];
      CurrentComm(comm);
      return text.Put(StringView::FromField(comm, sizeof(comm)));
    }
    default:
      return PutTextFrom(text, TextAddress(argument, first, index),
                         IsUser(argument));
  }
}

/// Number `index`, in the low bytes of a word.
uint64_t NumberAt(const FetchArgument& argument, const Value& first,
                  size_t index) {
  uint64_t number = first.is_there ? first.word : 0;
  if (argument.load_count != 0 && first.is_there) {
    const size_t size = argument.type->size;
    number = 0;  // and the CPU is little-endian, as Linux's here
    if (!ReadMemory(&number, first.word + index * size, size,
                    IsUser(argument))) {
      number = 0;
    }
  }
  if (argument.bit_width != 0) {
    number >>= argument.bit_offset;
    number &= ~uint64_t{0} >> (64 - argument.bit_width);
  }
  return number;
}

}  // namespace

void KeptArguments::Fetch(const machine::RegisterNames& names,
                          const machine::PtRegs& regs, uint64_t* to) const {
  const size_t in_registers = names.arguments.size();
  for (size_t i = 0; i < count_; ++i) {
    const size_t index = numbers_[i] - size_t{1};
    if (index < in_registers) {
      to[i] = WordAt(regs, names.arguments[index]);
    } else if (names.stack_arguments != 0) {
      to[i] =
          StackWord({names, regs}, index - in_registers + names.stack_arguments)
              .word;
    } else {
      to[i] = 0;  // as in Linux: nobody knows
    }
  }
}

size_t FetchedTextSize(const FetchArgument& argument, const FetchSource& source,
                       size_t most) {
  if (!argument.is_text() || most == 0) {
    return 0;
  }
  if (argument.base == Base::kText) {
    return argument.text_in_quotes.size() + 1;
  }
  if (argument.base == Base::kComm) {
    return kCommSize;
  }
  const Value first = AddressOf(argument, source);
  size_t size = 0;
  for (size_t i = 0; i < argument.count() && size < most; ++i) {
    size += TextSize(TextAddress(argument, first, i), IsUser(argument),
                     most - size);
  }
  return size;
}

void Fetch(const FetchArgument& argument, const FetchSource& source,
           void* record, RecordText& text) {
  const Value first = AddressOf(argument, source);
  auto* to = static_cast<uint8_t*>(record) + argument.offset;
  for (size_t i = 0; i < argument.count(); ++i) {
    if (argument.is_text()) {
      const uint32_t location = PutOneText(argument, first, i, text);
      CopyBytes(to, &location, sizeof(location));
    } else {
      const uint64_t number = NumberAt(argument, first, i);
      CopyBytes(to, &number, argument.type->size);
    }
    to += argument.type->size;
  }
}

}  // namespace ebpf
