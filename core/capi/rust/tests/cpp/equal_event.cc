// SPDX-License-Identifier: MIT
//
// The event of tests/host_port/tracepoints.rs once more, in C++.
#include <stdint.h>

#include "core/tracepoints/trace.h"

namespace ebpf {
namespace {

/// rust_face:from_cpp.
struct FromCpp {
  static constexpr char kSystem[] = "rust_face";
  static constexpr char kName[] = "from_cpp";
  static constexpr uint32_t kShownArguments = 3;
  struct Record {
    EventHeader header;
    int8_t tiny;
    uint16_t small;
    int32_t number;
    uint64_t large;
    char comm[16];
    uint64_t args[3];
    const void* at;
    bool good;
    uint32_t path;  // of `text`
    uint32_t again;
    int64_t last;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("s8", tiny),
      EBPF_FIELD("unsigned short", small),
      EBPF_FIELD("pid_t", number),
      EBPF_FIELD("unsigned long", large),
      EBPF_FIELD("char[16]", comm),
      EBPF_FIELD("unsigned long[3]", args),
      EBPF_FIELD("const void *", at),
      EBPF_FIELD("bool", good),
      EBPF_FIELD("__data_loc char[]", path),
      EBPF_FIELD("__data_loc char[]", again),
      EBPF_FIELD("s64", last),
  };
  static constexpr char kPrintFormat[] =
      "\"number=%d path=%s comm=%s last=%lld\", REC->number, "
      "__get_str(path), REC->comm, REC->last";
  static size_t TextSize(int32_t, uint64_t, const char* path, bool) {
    return 2 * RecordText::RoomFor(path);
  }
  static void Fill(Record& record, RecordText& text, int32_t number,
                   uint64_t large, const char* path, bool good) {
    record.tiny = -3;
    record.small = 0xfffe;
    record.number = number;
    record.large = large;
    PutText(record.comm, "a name that is too long");
    record.args[0] = large;
    record.args[1] = large + 1;
    record.args[2] = large + 2;
    record.at = path;
    record.good = good;
    record.path = text.Put(path);
    record.again = text.Put(path);
    record.last = -number;
  }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(FromCpp);

}  // namespace

extern "C" void ebpf_test_pass_from_cpp(int32_t number, uint64_t large,
                                        const char* path, bool good) {
  EBPF_TRACE(FromCpp, number, large, path, good);
}

}  // namespace ebpf
