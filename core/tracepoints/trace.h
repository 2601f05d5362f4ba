// SPDX-License-Identifier: MIT
//
// Tracepoints as C++ declares them and passes them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/memory.h"
#include "core/base/types.h"
#include "core/tracepoints/tracepoint.h"
#include "machine/static_branch.h"

namespace ebpf {

/// Text behind a record that is being filled.
class RecordText {
 public:
  RecordText(void* record, size_t begin, size_t size)
      : record_(static_cast<char*>(record)), at_(begin), size_(size) {}

  /// Appends `text` and a zero, as far as there is room; what a field of type
  /// "__data_loc char[]" says of it. Context: any.
  uint32_t Put(StringView text) {
    if (at_ == size_) {
      return static_cast<uint32_t>(size_);  // no text at all
    }
    const size_t length = Min(text.size(), size_ - at_ - 1);
    CopyBytes(record_ + at_, text.data(), length);
    record_[at_ + length] = '\0';
    return Take(length + 1);
  }
  /// Where there is room, for who writes the text there, and then Takes its
  /// `size` with the zero. Context: any.
  Span<char> room() const { return {record_ + at_, size_ - at_}; }
  uint32_t Take(size_t size) {
    const auto location = static_cast<uint32_t>(size << 16 | at_);
    at_ += size;
    return location;
  }
  /// Nothing of what was there before is told: zeros behind the last text.
  void Finish() { FillBytes(record_ + at_, 0, size_ - at_); }

  /// What `text` takes.
  static constexpr size_t RoomFor(StringView text) { return text.size() + 1; }

 private:
  char* const record_;
  size_t at_;
  const size_t size_;
};

/// Copies `text` into an array of a record's, which ends with a zero then.
/// Context: any.
template <size_t kSize>
void PutText(char (&field)[kSize], StringView text) {
  const size_t length = Min(text.size(), kSize - 1);
  CopyBytes(field, text.data(), length);
  FillBytes(field + length, 0, kSize - length);
}

namespace trace {

/// An argument as a word, and back.
template <typename T>
  requires(TriviallyCopyable<T> && sizeof(T) <= sizeof(uint64_t))
uint64_t ToWord(const T& argument) {
  uint64_t word = 0;
  __builtin_memcpy(&word, &argument, sizeof(T));
  return word;
}
template <typename T>
T FromWord(uint64_t word) {
  T argument;
  __builtin_memcpy(&argument, &word, sizeof(T));
  return argument;
}

/// It has text behind its records.
template <typename Event>
concept HasText = requires { &Event::TextSize; };

template <size_t... kIndices>
struct Indices {};
template <size_t kCount, size_t... kIndices>
struct CountTo : CountTo<kCount - 1, kCount - 1, kIndices...> {};
template <size_t... kIndices>
struct CountTo<0, kIndices...> {
  using Type = Indices<kIndices...>;
};

/// What follows from the arguments of an event's Fill.
template <typename Event, typename... Args>
struct EventCalls {
  static constexpr uint32_t kCount = sizeof...(Args);
  static_assert(kCount <= kMaxTracepointArguments);

  /// Nothing of it is on the way of who passes a place that is switched off:
  /// no memory is taken for it there.
  [[gnu::always_inline]] static void Fire(Args... arguments) {
    if constexpr (kCount <= kMaxFiredWords) {
      const uint64_t words[kMaxFiredWords] = {ToWord(arguments)...};
      Event::tracepoint.fire.Load(kRelaxed)(
          &Event::tracepoint, words[0], words[1], words[2], words[3], words[4]);
    } else {
      FireMany(arguments...);
    }
  }

  static void Fill(void* record, size_t size, const uint64_t* words) {
    FillFrom(record, size, words, typename CountTo<kCount>::Type());
  }
  static size_t TextSize(const uint64_t* words) {
    return TextSizeFrom(words, typename CountTo<kCount>::Type());
  }

 private:
  using Record = typename Event::Record;

  [[gnu::noinline, gnu::cold]] EBPF_BEHIND_BRANCHES static void FireMany(
      Args... arguments) {
    const uint64_t words[] = {ToWord(arguments)...};
    ebpf_tracepoint_fire(&Event::tracepoint, words);
  }

  template <size_t... kIndices>
  static void FillFrom(void* memory, size_t size,
                       [[maybe_unused]] const uint64_t* words,
                       Indices<kIndices...> /*indices*/) {
    Record& record = *static_cast<Record*>(memory);
    // What was there before is not told, neither between nor behind fields.
    if constexpr (!__has_unique_object_representations(Record)) {
      FillBytes(&record.header + 1, 0, sizeof(Record) - sizeof(EventHeader));
    }
    if constexpr (HasText<Event>) {
      RecordText text(memory, sizeof(Record), size);
      Event::Fill(record, text, FromWord<Args>(words[kIndices])...);
      text.Finish();
    } else {
      Event::Fill(record, FromWord<Args>(words[kIndices])...);
    }
  }
  template <size_t... kIndices>
  static size_t TextSizeFrom([[maybe_unused]] const uint64_t* words,
                             Indices<kIndices...> /*indices*/) {
    return Event::TextSize(FromWord<Args>(words[kIndices])...);
  }
};

template <typename Event, typename... Args>
  requires(!HasText<Event>)
EventCalls<Event, Args...> CallsOf(void (*)(typename Event::Record&, Args...));
template <HasText Event, typename... Args>
EventCalls<Event, Args...> CallsOf(void (*)(typename Event::Record&,
                                            RecordText&, Args...));

template <typename Event>
using Calls = decltype(CallsOf<Event>(&Event::Fill));

template <typename Event>
constexpr TracepointInfo InfoOf() {
  using Record = typename Event::Record;
  static_assert(offsetof(Record, header) == 0 && TriviallyCopyable<Record>);
  static_assert(sizeof(Record) <= kMaxEventRecord);
  TracepointInfo info = {};
  info.system = Event::kSystem;
  info.name = Event::kName;
  info.print_format = Event::kPrintFormat;
  info.fields = Event::kFields;
  info.fill = &Calls<Event>::Fill;
  if constexpr (HasText<Event>) {
    info.text_size = &Calls<Event>::TextSize;
  }
  info.record_size = sizeof(Record);
  info.argument_count = Calls<Event>::kCount;
  if constexpr (requires { Event::kShownArguments; }) {
    static_assert(Event::kShownArguments <= Calls<Event>::kCount);
    info.argument_count = Event::kShownArguments;
  }
  if constexpr (requires { Event::kWritableSize; }) {
    info.writable_size = Event::kWritableSize;
  }
  return info;
}

template <typename Event>
inline constexpr TracepointInfo kInfo = InfoOf<Event>();

/// What a field's type in C++ says of it. A number is signed if it can be
/// negative; characters are not, as in Linux.
template <typename T>
struct FieldTraits {
  static constexpr FieldKind kKind = TriviallyCopyable<T> && sizeof(T) <= 8
                                         ? FieldKind::kInteger
                                         : FieldKind::kBytes;
  static constexpr bool kSigned = [] {
    if constexpr (Integer<T>) {
      return !UnsignedInteger<T>;
    }
    return false;
  }();
};
template <typename T, size_t kSize>
struct FieldTraits<T[kSize]> {
  static constexpr FieldKind kKind =
      kIsSame<T, char> ? FieldKind::kText : FieldKind::kBytes;
  static constexpr bool kSigned = FieldTraits<T>::kSigned;
};

template <typename T>
constexpr EventField FieldOf(StringView type, StringView name, size_t offset) {
  EventField field;
  field.type = type;
  field.name = name;
  field.offset = static_cast<uint16_t>(offset);
  field.size = sizeof(T);
  field.is_signed = FieldTraits<T>::kSigned;
  field.kind = type == "__data_loc char[]" ? FieldKind::kDynamicText
                                           : FieldTraits<T>::kKind;
  return field;
}

}  // namespace trace
}  // namespace ebpf

/// A field of an event's struct Record, with its type as Linux writes it:
/// EBPF_FIELD("pid_t", pid), EBPF_FIELD("char[16]", comm),
/// EBPF_FIELD("__data_loc char[]", name) of a uint32_t.
#define EBPF_FIELD(type, name)                                \
  ::ebpf::trace::FieldOf<decltype(Record::name)>(type, #name, \
                                                 offsetof(Record, name))

/// Makes the tracepoint of an event that a header declares; in one source, in
/// the event's namespace.
#define EBPF_TRACEPOINT(Event)                                    \
  constinit ::ebpf::Tracepoint Event::tracepoint = {              \
      ::ebpf::StaticKey(), &::ebpf::trace::kInfo<Event>};         \
  [[gnu::used, gnu::retain,                                       \
    gnu::section("ebpf_tracepoints")]] static ::ebpf::Tracepoint* \
      ebpf_tracepoint_##Event = &Event::tracepoint

/// Passes the event: one no-op, and nothing is evaluated, while nobody wants
/// it. Context: any.
#define EBPF_TRACE(Event, ...)                        \
  do {                                                \
    if (EBPF_STATIC_BRANCH(Event::tracepoint.key)) {  \
      ::ebpf::trace::Calls<Event>::Fire(__VA_ARGS__); \
    }                                                 \
  } while (false)
