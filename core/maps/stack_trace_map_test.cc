// SPDX-License-Identifier: MIT
#include "core/maps/stack_trace_map.h"

#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "core/linux_abi/bpf.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

using Frames = std::vector<uint64_t>;
using Options = StackTraceMap::Options;

class StackTraceMapTest : public MapTest {
 protected:
  static Ref<Map> MakeStacks(uint32_t depth, uint32_t max_entries) {
    return Make(Spec(MapType::kStackTrace, 4, 8 * depth, max_entries));
  }
  static Result<uint32_t> Put(const Ref<Map>& map, const Frames& frames,
                              Options options = {}) {
    return StackTraceMap::From(*map).Put(
        Span<const uint64_t>(frames.data(), frames.size()), options);
  }
  /// The stack's frames with the zeros behind; empty if there is none.
  static Frames Get(const Ref<Map>& map, uint32_t number) {
    Frames frames(map->spec().value_size / 8, 99);
    const Bytes value(reinterpret_cast<uint8_t*>(frames.data()),
                      8 * frames.size());
    return IsOk(map->CopyValueOut(In(number), value)) ? frames : Frames();
  }
};

TEST_F(StackTraceMapTest, AStackHasOneNumber) {
  const Ref<Map> map = MakeStacks(4, 64);
  const uint32_t first = *Put(map, {1, 2, 3});
  EXPECT_EQ(*Put(map, {1, 2, 3}), first);
  EXPECT_EQ(Get(map, first), (Frames{1, 2, 3, 0}));
  EXPECT_EQ(Get(map, first), (Frames{1, 2, 3, 0}));  // it is still there
  EXPECT_EQ(Get(map, (first + 1) % 64), Frames());
  EXPECT_EQ(Get(map, 64), Frames());
}

TEST_F(StackTraceMapTest, AnotherStackAtTheNumberIsKeptOrReplaced) {
  const Ref<Map> map = MakeStacks(2, 1);  // one number for all
  EXPECT_EQ(*Put(map, {1}), 0u);
  EXPECT_EQ(Put(map, {2}).status(), Status::kExists);
  EXPECT_EQ(Put(map, {2}, {.by_hash = true}).status(), Status::kExists);
  // The only element is in use, so there is none to replace it with.
  EXPECT_EQ(Put(map, {2}, {.replaces = true}).status(), Status::kNoMemory);
  EXPECT_EQ(Get(map, 0), (Frames{1, 0}));

  const Ref<Map> two = MakeStacks(2, 2);
  std::set<uint32_t> numbers;
  for (uint64_t frame = 1; numbers.size() < 2; ++frame) {
    const Result<uint32_t> number = Put(two, {frame});
    if (number.ok()) {
      numbers.insert(*number);
    }
  }
  EXPECT_EQ(two->Delete(In(uint32_t{0})), Status::kOk);
  Frames other;
  for (uint64_t frame = 1000; other.empty(); ++frame) {
    const Result<uint32_t> number = Put(two, {frame}, {.replaces = true});
    if (number.ok() && *number == 1) {
      other = {frame, 0};
    } else if (number.ok()) {
      EXPECT_EQ(two->Delete(In(uint32_t{0})), Status::kOk);
    }
  }
  EXPECT_EQ(Get(two, 1), other);
}

TEST_F(StackTraceMapTest, StacksAreTakenOutAndDeleted) {
  const Ref<Map> map = MakeStacks(2, 8);
  const uint32_t number = *Put(map, {5, 6});
  Frames frames(2);
  const Bytes value(reinterpret_cast<uint8_t*>(frames.data()), 16);
  EXPECT_EQ(map->TakeOut(In(number), value), Status::kOk);
  EXPECT_EQ(frames, (Frames{5, 6}));
  EXPECT_EQ(map->TakeOut(In(number), value), Status::kNotFound);
  EXPECT_EQ(map->DeleteFromUser(In(number)), Status::kNotFound);
  EXPECT_EQ(map->DeleteFromUser(In(uint32_t{8})), Status::kTooBig);
  EXPECT_EQ(map->UpdateFromUser(In(number), value, UpdateMode::kAny),
            Status::kInvalid);
  EXPECT_EQ(map->Lookup(In(number)).status(), Status::kNotSupportedLinux);
}

TEST_F(StackTraceMapTest, KeysAreWalkedInOrder) {
  const Ref<Map> map = MakeStacks(1, 64);
  std::set<uint32_t> numbers;
  for (uint64_t frame = 1; frame < 20; ++frame) {
    if (const Result<uint32_t> number = Put(map, {frame}); number.ok()) {
      numbers.insert(*number);
    }
  }
  std::vector<uint32_t> walked;
  uint32_t key = 0;
  Status status = map->NextKey(ConstBytes(), Out(key));
  while (IsOk(status)) {
    walked.push_back(key);
    const uint32_t last = key;
    status = map->NextKey(In(last), Out(key));
  }
  EXPECT_EQ(status, Status::kNotFound);
  EXPECT_EQ(walked, std::vector<uint32_t>(numbers.begin(), numbers.end()));
  EXPECT_EQ(map->NextKey(In(uint32_t{1000}), Out(key)), Status::kOk);
  EXPECT_EQ(key, *numbers.begin());
}

// As the host's kernel (6.18) answers.
TEST_F(StackTraceMapTest, WhichMapsThereAre) {
  const auto status = [](uint32_t key, uint32_t value, uint32_t entries,
                         uint32_t flags = 0) {
    return StatusOfMaking(
        Spec(MapType::kStackTrace, key, value, entries, flags));
  };
  EXPECT_EQ(status(4, 127 * 8, 3, linux_abi::kMapNumaNode), Status::kOk);
  EXPECT_EQ(status(8, 80, 4), Status::kInvalid);
  EXPECT_EQ(status(4, 0, 4), Status::kInvalid);
  EXPECT_EQ(status(4, 81, 4), Status::kInvalid);
  EXPECT_EQ(status(4, 128 * 8, 4), Status::kInvalid);
  EXPECT_EQ(status(4, 8, 0), Status::kInvalid);
  EXPECT_EQ(status(4, 8, 4, linux_abi::kMapNoPrealloc), Status::kInvalid);
  EXPECT_EQ(status(4, 8, 4, linux_abi::kMapReadOnlyProg), Status::kInvalid);
}

TEST_F(StackTraceMapTest, EachFailedAllocationIsNoMemory) {
  ForEachFailingAllocation("a stack trace map", [](FailingAllocator& a) {
    EXPECT_EQ(CreateMap(Spec(MapType::kStackTrace, 4, 80, 100), a).status(),
              a.failed() ? Status::kNoMemory : Status::kOk);
  });
}

TEST_F(StackTraceMapTest, ComparedWithAModel) {
  const Ref<Map> map = MakeStacks(3, 100);
  std::map<uint32_t, Frames> model;
  std::mt19937_64 random(1);
  const uint64_t rounds = 300'000;
  for (uint64_t i = 0; i < rounds; ++i) {
    const uint64_t what = random() % 16;
    const auto number = static_cast<uint32_t>(random() % 130);
    if (what == 0) {
      const bool there = model.erase(number) != 0;
      ASSERT_EQ(map->Delete(In(number)), number >= 128 ? Status::kTooBig
                                         : there       ? Status::kOk
                                                       : Status::kNotFound);
    } else if (what < 4) {
      const auto found = model.find(number);
      ASSERT_EQ(Get(map, number),
                found == model.end() ? Frames() : found->second);
    } else {
      Frames frames(1 + random() % 3);
      for (uint64_t& frame : frames) {
        frame = random() % 8 + 1;
      }
      const bool replaces = what % 2 == 0;
      const size_t before = model.size();
      const Result<uint32_t> put = Put(map, frames, {.replaces = replaces});
      frames.resize(3);
      if (put.ok()) {
        const auto at = model.find(*put);
        if (!replaces && at != model.end()) {
          ASSERT_EQ(at->second, frames);
        }
        model[*put] = frames;
      } else if (put.status() == Status::kNoMemory) {
        ASSERT_EQ(before, 100u);
      } else {
        ASSERT_EQ(put.status(), Status::kExists);
        ASSERT_FALSE(replaces);
      }
    }
  }
}

TEST_F(StackTraceMapTest, StacksOfManyCpusAreWhole) {
  const Ref<Map> map = MakeStacks(16, 32);
  std::atomic<bool> ends{false};
  std::vector<std::thread> writers;
  for (uint32_t cpu = 1; cpu <= 3; ++cpu) {
    writers.emplace_back([&, cpu] {
      const HostCpu on(cpu);
      std::mt19937_64 random(cpu);
      for (int i = 0; i < 100'000; ++i) {
        const Frames frames(16, random() % 200 + 1);
        const uintptr_t preemption = ebpf_port_preempt_disable();
        (void)Put(map, frames, {.replaces = true});
        ebpf_port_preempt_enable(preemption);
      }
    });
  }
  std::thread reader([&] {
    const HostCpu on(4);
    while (!ends) {
      for (uint32_t number = 0; number < 32; ++number) {
        const Frames frames = Get(map, number);
        for (uint64_t frame : frames) {
          ASSERT_EQ(frame, frames[0]);
        }
      }
    }
  });
  for (std::thread& writer : writers) {
    writer.join();
  }
  ends = true;
  reader.join();
}

}  // namespace
}  // namespace ebpf
