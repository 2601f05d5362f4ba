// SPDX-License-Identifier: MIT
//
// The place that a sample of a trace event tells of: also where it was passed
// inside of another, and where the event is made of another.
#include <cstdint>
#include <vector>

#include "core/base/memory.h"
#include "core/ring/perf_layout.h"
#include "core/tracepoints/trace.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

struct Inner {
  static constexpr char kSystem[] = "place_test";
  static constexpr char kName[] = "inner";
  struct Record {
    EventHeader header;
    uint64_t number;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("u64", number)};
  static constexpr char kPrintFormat[] = "\"%llu\", REC->number";
  static void Fill(Record& record, uint64_t number) { record.number = number; }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Inner);

struct Outer : Inner {
  static constexpr char kName[] = "outer";
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Outer);

[[gnu::noinline]] void PassInner() {
  EBPF_TRACE(Inner, uint64_t{1});
  asm volatile("");  // no tail call
}
[[gnu::noinline]] void PassOuter() {
  EBPF_TRACE(Outer, uint64_t{1});
  asm volatile("");
}
/// As other languages do.
[[gnu::noinline]] void PassByCall() {
  const uint64_t words[] = {1};
  ebpf_tracepoint_fire(&Inner::tracepoint, words);
  asm volatile("");
}

/// Is told of one event, and passes the other.
struct Passing final : ArgumentsConsumer {
  void Fired(const uint64_t* /*arguments*/, uint32_t /*cpu*/) override {
    PassInner();
  }
};

class PerfPlaceTest : public SyscallTest {
 protected:
  ~PerfPlaceTest() override { caller_.client().fds().CloseAll(); }

  /// An event that samples each occurrence's place.
  void Sample(uint16_t id) {
    linux_abi::PerfEventAttr attr{};
    attr.type = linux_abi::kPerfTypeTracepoint;
    attr.size = sizeof(attr);
    attr.config = id;
    attr.sample_type = linux_abi::kPerfSampleIp;
    attr.sample_period = 1;
    const int64_t event = caller_.OpenEvent(attr);
    ASSERT_GE(event, 0);
    ASSERT_EQ(Mmap(caller_.client(), static_cast<int32_t>(event), 0, 8192,
                   linux_abi::kProtRead | linux_abi::kProtWrite, &pages_),
              0);
  }
  /// Of the only sample.
  uint64_t Place() {
    EXPECT_EQ(LoadUnaligned<ring::PerfPage>(pages_.address).data_head, 16u);
    return LoadUnaligned<uint64_t>(pages_.address + 4096 + 8);
  }
  template <typename Function>
  static bool IsIn(uint64_t place, Function* function) {
    const auto begin = reinterpret_cast<uint64_t>(function);
    return place > begin && place < begin + 200;
  }

  MapPages pages_{};
};

INSTANTIATE_TEST_SUITE_P(, PerfPlaceTest, testing::Values(Origin::kKernel),
                         OriginName);

TEST_P(PerfPlaceTest, AnEventInsideOfAnotherHasAPlaceOfItsOwn) {
  Passing passing;
  ASSERT_EQ(AddArgumentsConsumer(Outer::tracepoint, passing), Status::kOk);
  Sample(Inner::tracepoint.id);
  PassOuter();
  EXPECT_TRUE(IsIn(Place(), &PassInner));
  RemoveArgumentsConsumer(Outer::tracepoint, passing);
}

TEST_P(PerfPlaceTest, ItIsWhereTheEventWasPassedHoweverItWas) {
  Sample(Inner::tracepoint.id);
  PassInner();
  EXPECT_TRUE(IsIn(Place(), &PassInner));
  caller_.client().fds().CloseAll();
  Sample(Inner::tracepoint.id);
  PassByCall();
  EXPECT_TRUE(IsIn(Place(), &PassByCall));
}

}  // namespace
}  // namespace ebpf
