// SPDX-License-Identifier: MIT
//
// What libbpf and others look up before they open an event on a kprobe: the
// type's number, and the bit of `config` that asks for returns. (Linux:
// Documentation/ABI/testing/sysfs-bus-event_source-devices-format.)
#include "core/files/text_walk.h"
#include "core/linux_abi/perf_event.h"

namespace ebpf {
namespace {

/// A text of one line: a key, if any, and a number.
class NumberWalk final : public TextWalk {
 public:
  NumberWalk(StringView key, uint64_t number, Allocator& allocator)
      : key_(key), number_(number), allocator_(allocator) {}

  bool Next(TextWriter& line) override {
    if (Exchange(ended_, true)) {
      return false;
    }
    line.Put(key_).PutUnsigned(number_).Put('\n');
    return true;
  }
  void Delete() override { allocator_.Delete(this); }

 private:
  const StringView key_;
  const uint64_t number_;
  Allocator& allocator_;
  bool ended_ = false;
};

Result<TextWalk*> Begin(StringView key, uint64_t number, Allocator& allocator) {
  TextWalk* walk = EBPF_TRY(allocator.New<NumberWalk>(key, number, allocator));
  return walk;
}

}  // namespace

Result<TextWalk*> BeginKprobeType(const TextViewer& /*viewer*/,
                                  Allocator& allocator) {
  return Begin("", linux_abi::kPerfTypeKprobe, allocator);
}

Result<TextWalk*> BeginKprobeReturnBit(const TextViewer& /*viewer*/,
                                       Allocator& allocator) {
  static_assert(linux_abi::kPerfKprobeReturn == 1 << 0);
  return Begin("config:", 0, allocator);
}

}  // namespace ebpf
