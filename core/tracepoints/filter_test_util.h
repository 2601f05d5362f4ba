// SPDX-License-Identifier: MIT
//
// An event and its records, for tests of filters.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/base/memory.h"
#include "core/base/span.h"
#include "core/memory/allocator.h"
#include "core/tracepoints/filter.h"

namespace ebpf {

/// Linux's task:task_rename, and what it lacks: unsigned numbers of each size,
/// dynamic text, an array.
struct FilteredRecord {
  uint16_t common_type;
  uint8_t common_flags;
  uint8_t common_preempt_count;
  int32_t common_pid;
  int32_t pid;
  char oldcomm[16];
  char newcomm[16];
  int16_t oom_score_adj;
  uint16_t half;
  uint32_t word;
  uint64_t twice;
  int64_t signed_twice;
  uint32_t path;  // size above offset, of `paths`
  uint32_t array[3];
  char paths[24];
  int8_t tiny;
  uint8_t byte;
  uint8_t fill[4];
  uint8_t split[4];  // a number in two words

  void SetPath(const std::string& text) {
    strncpy(paths, text.c_str(), sizeof(paths) - 1);
    path = static_cast<uint32_t>((text.size() + 1) << 16 |
                                 offsetof(FilteredRecord, paths));
  }
};

#define FIELD(type, name, is_signed, kind) \
  {type,                                   \
   #name,                                  \
   offsetof(FilteredRecord, name),         \
   sizeof(FilteredRecord::name),           \
   is_signed,                              \
   FieldKind::kind}
inline constexpr EventField kFilteredFields[] = {
    FIELD("unsigned short", common_type, false, kInteger),
    FIELD("unsigned char", common_flags, false, kInteger),
    FIELD("unsigned char", common_preempt_count, false, kInteger),
    FIELD("int", common_pid, true, kInteger),
    FIELD("pid_t", pid, true, kInteger),
    FIELD("char", oldcomm, false, kText),
    FIELD("char", newcomm, false, kText),
    FIELD("short", oom_score_adj, true, kInteger),
    FIELD("u16", half, false, kInteger),
    FIELD("u32", word, false, kInteger),
    FIELD("u64", twice, false, kInteger),
    FIELD("s64", signed_twice, true, kInteger),
    FIELD("__data_loc char[]", path, false, kDynamicText),
    FIELD("u32", array, false, kBytes),
    FIELD("s8", tiny, true, kInteger),
    FIELD("u8", byte, false, kInteger),
    FIELD("u32", split, false, kInteger),
};
#undef FIELD
static_assert(offsetof(FilteredRecord, split) % 8 > 4);

/// A copy of a record of any size, in memory as filters want it. What is behind
/// it, up to the next multiple of 8, is none of its.
class RecordMemory {
 public:
  explicit RecordMemory(ConstBytes record)
      : words_((record.size() + 7) / 8, 0xa5a5'a5a5'a5a5'a5a5),
        size_(record.size()) {
    CopyBytes(words_.data(), record.data(), record.size());
  }
  ConstBytes bytes() const {
    return ConstBytes(reinterpret_cast<const uint8_t*>(words_.data()), size_);
  }

 private:
  std::vector<uint64_t> words_;
  size_t size_;
};

struct DestroyFilter {
  void operator()(EventFilter* filter) const { filter->Destroy(); }
};
using OwnedFilter = std::unique_ptr<EventFilter, DestroyFilter>;

inline StringView ViewOf(const std::string& text) {
  return StringView(text.data(), text.size());
}

/// Null when it is wrong; then `error` says why.
inline OwnedFilter MakeFilter(const std::string& text,
                              FilterError* error = nullptr) {
  FilterError ignored;
  const Result<EventFilter*> filter =
      EventFilter::Create(ViewOf(text), kFilteredFields, PortAllocator(),
                          error != nullptr ? error : &ignored);
  return OwnedFilter(filter.ok() ? *filter : nullptr);
}

/// What a `filter` file shows of a wrong one.
inline std::string ErrorText(const std::string& text) {
  FilterError error;
  if (MakeFilter(text, &error) != nullptr) {
    return text;
  }
  std::string shown(2 * text.size() + 200, '\0');
  TextWriter writer(shown.data(), shown.size());
  WriteFilterError(writer, ViewOf(text), error);
  shown.resize(writer.text().size());
  return shown;
}

}  // namespace ebpf
