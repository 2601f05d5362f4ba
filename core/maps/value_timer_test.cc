// SPDX-License-Identifier: MIT
//
// Timers on the host port, with functions of this test's own. What programs see
// is compared with the host's kernel by testing/oracle/helper_programs_test.cc.
#include "core/maps/value_timer.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "core/btf/btf_object.h"
#include "core/btf/test_builder.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map_btf.h"
#include "core/maps/map_test_util.h"
#include "core/maps/value_fields.h"
#include "testing/host_port/host_clock.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_timer.h"

namespace ebpf {
namespace {

using linux_abi::kClockMonotonic;

/// Calls a function of the test; counts its references.
class TestProgram final : public TimerProgram {
 public:
  bool AcquireForTimer() override {
    ++references_;
    return !dying;
  }
  void ReleaseLater() override {
    --references_;
    if (on_release) {
      on_release();
    }
  }
  void RunFunction(uint64_t function, const uint64_t (&args)[5]) override {
    EXPECT_TRUE(HostIrqsMasked());
    ++runs;
    last_function = function;
    last_key = *reinterpret_cast<uint32_t*>(args[1]);
    last_value = args[2];
    if (on_run) {
      on_run();
    }
  }

  int references() const { return references_ - (dying ? 1 : 0); }

  bool dying = false;
  std::atomic<int> runs{0};
  std::atomic<uint64_t> last_function{0};
  std::atomic<uint32_t> last_key{0};
  std::atomic<uint64_t> last_value{0};
  std::function<void()> on_run;
  std::function<void()> on_release;

 private:
  std::atomic<int> references_{0};
};

class ValueTimerTest : public MapTest {
 protected:
  static constexpr uint32_t kFieldOffset = 8;

  ValueTimerTest() { SetHostTime(1000); }
  ~ValueTimerTest() override {
    EXPECT_EQ(PendingHostTimers(), 0u);
    ResumeHostTime();
  }

  /// struct value { u64; struct bpf_timer at 8; u64 };
  static Ref<Map> MakeMap(MapType type, uint32_t entries = 4,
                          uint32_t flags = 0) {
    Ref<Map> map = Make(Spec(type, 4, 32, entries, flags));
    using btf::Kind;
    btf::Builder b;
    const uint32_t word = b.Add(Kind::kInt, b.Name("u64"), 8, {64});
    const uint32_t timer =
        b.Add(Kind::kStruct, b.Name("bpf_timer"), 16,
              {b.Name("a"), word, 0, b.Name("b"), word, 64}, 2);
    const uint32_t value = b.Add(
        Kind::kStruct, b.Name("value"), 32,
        {b.Name("n"), word, 0, b.Name("t"), timer, 64, b.Name("m"), word, 192},
        3);
    const std::vector<uint8_t> blob = b.Blob();
    Result<Ref<btf::BtfObject>> types = btf::BtfObject::Create(
        ConstBytes(blob.data(), blob.size()), PortAllocator());
    EXPECT_TRUE(types.ok());
    Span<MapField> fields = *PortAllocator().NewArray<MapField>(1);
    fields[0] = MapField{MapFieldKind::kTimer, kFieldOffset, 16, nullptr, 0, 0};
    map->SetTypes(
        *MapBtf::Create(Move(*types), word, value, fields, PortAllocator()));
    EXPECT_EQ(map->PrepareFields(PortAllocator()), Status::kOk);
    map->AcquireUser();
    return map;
  }

  static uint8_t* FieldOf(Map& map, uint32_t key) {
    const Result<Bytes> value = map.Lookup(In(key));
    EXPECT_TRUE(value.ok());
    return value->data() + kFieldOffset;
  }

  static void Close(Map& map) { map.ReleaseUser(nullptr); }

  /// Initialised, with a function, not started.
  uint8_t* Ready(Map& map, uint32_t key, uint64_t function = 1) {
    uint8_t* field = FieldOf(map, key);
    EXPECT_EQ(InitTimer(map, field, kClockMonotonic), Status::kOk);
    EXPECT_EQ(SetTimerFunction(field, program_, function), Status::kOk);
    return field;
  }

  TestProgram program_;
};

TEST_F(ValueTimerTest, RunsItsFunctionOnItsElementWhenItIsTime) {
  for (MapType type : {MapType::kArray, MapType::kHash, MapType::kLruHash}) {
    SetHostTime(1000);
    program_.runs = 0;
    Ref<Map> map = MakeMap(type);
    const uint32_t key = 3;
    const uint8_t value[32] = {};
    ASSERT_EQ(map->Update(In(key), ConstBytes(value), UpdateMode::kAny),
              Status::kOk);
    uint8_t* field = Ready(*map, key, 77);
    ASSERT_EQ(StartTimer(field, 500, 0), Status::kOk);

    SetHostTime(1499);
    EXPECT_EQ(RunHostTimers(), 0u);
    SetHostTime(1500);
    EXPECT_EQ(RunHostTimers(), 1u);

    EXPECT_EQ(program_.runs, 1);
    EXPECT_EQ(program_.last_function, 77u);
    EXPECT_EQ(program_.last_key, 3u);
    EXPECT_EQ(program_.last_value,
              reinterpret_cast<uint64_t>(field - kFieldOffset));
    EXPECT_EQ(*CancelTimer(field), false);
    EXPECT_EQ(program_.references(), 0);
    Close(*map);
  }
}

TEST_F(ValueTimerTest, AnAbsoluteTimeIsTheClocksOwn) {
  Ref<Map> map = MakeMap(MapType::kArray);
  uint8_t* field = Ready(*map, 0);
  ASSERT_EQ(StartTimer(field, 1200, linux_abi::kTimerAbsolute), Status::kOk);
  SetHostTime(1199);
  EXPECT_EQ(RunHostTimers(), 0u);
  SetHostTime(1200);
  EXPECT_EQ(RunHostTimers(), 1u);
  uint8_t* other = FieldOf(*map, 1);
  ASSERT_EQ(InitTimer(*map, other, linux_abi::kClockRealtime), Status::kOk);
  ASSERT_EQ(SetTimerFunction(other, program_, 1), Status::kOk);
  EXPECT_EQ(StartTimer(other, 5, linux_abi::kTimerAbsolute),
            Status::kNotSupported);
  EXPECT_EQ(StartTimer(other, UINT64_MAX, 0), Status::kOk) << "never";
  Close(*map);
}

TEST_F(ValueTimerTest, EndsWithTheLastWayToItsMapButPrograms) {
  Ref<Map> map = MakeMap(MapType::kArray);
  uint8_t* field = Ready(*map, 0);
  uint8_t* late = Ready(*map, 1);
  ASSERT_EQ(StartTimer(field, 0, 0), Status::kOk);
  EXPECT_EQ(program_.references(), 2);

  Close(*map);

  EXPECT_EQ(PendingHostTimers(), 0u);
  EXPECT_EQ(program_.references(), 0);
  EXPECT_EQ(StartTimer(field, 0, 0), Status::kInvalid);
  EXPECT_EQ(SetTimerFunction(late, program_, 1), Status::kInvalid);
  EXPECT_EQ(InitTimer(*map, field, kClockMonotonic), Status::kNotPermitted);
}

TEST_F(ValueTimerTest, GoesWithItsElement) {
  Ref<Map> map = MakeMap(MapType::kHash);
  const uint32_t key = 5;
  const uint8_t value[32] = {};
  for (int i = 0; i < 500; ++i) {  // more than there are timers
    ASSERT_EQ(map->Update(In(key), ConstBytes(value), UpdateMode::kAny),
              Status::kOk);
    ASSERT_EQ(StartTimer(Ready(*map, key), 100, 0), Status::kOk);
    ASSERT_EQ(PendingHostTimers(), 1u);
    if (i % 2 == 0) {
      ASSERT_EQ(map->Delete(In(key)), Status::kOk);
      ASSERT_EQ(PendingHostTimers(), 0u);
      ASSERT_EQ(program_.references(), 0);
    }
  }
  Close(*map);
  EXPECT_EQ(program_.references(), 0);
  EXPECT_EQ(program_.runs, 0);
}

TEST_F(ValueTimerTest, AValueStaysForAFunctionThatRunsAsItsMemoryIsToGo) {
  constexpr uint32_t kCount = 2000;
  // In the midst of those that go back: a CPU's stock keeps the first ones, and
  // some of the last ones are kept, too.
  constexpr uint32_t kFirst = 300;
  Ref<Map> map = MakeMap(MapType::kHash, kCount, linux_abi::kMapNoPrealloc);
  uint8_t value[32];
  memset(value, 0x77, sizeof(value));
  for (uint32_t key = 0; key < kCount; ++key) {
    ASSERT_EQ(map->UpdateFromUser(In(key), ConstBytes(value), UpdateMode::kAny),
              Status::kOk);
  }
  uint8_t* const fields[] = {FieldOf(*map, kFirst), FieldOf(*map, kFirst + 1)};
  for (uint32_t key = 0; key < kCount; ++key) {
    ASSERT_EQ(map->DeleteFromUser(In(key)), Status::kOk);
  }
  // Who found the values before makes timers in them.
  for (uint8_t* field : fields) {
    ASSERT_EQ(InitTimer(*map, field, kClockMonotonic), Status::kOk);
    ASSERT_EQ(SetTimerFunction(field, program_, 1), Status::kOk);
    ASSERT_EQ(StartTimer(field, 0, 0), Status::kOk);
  }
  // When the first one goes the other one's function begins elsewhere.
  std::atomic<bool> running{false};
  std::atomic<bool> stayed{false};
  program_.on_run = [&] {
    running = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stayed = *reinterpret_cast<uint64_t*>(program_.last_value.load()) ==
             0x7777777777777777;
  };
  std::thread other;
  std::atomic<bool> released{false};
  program_.on_release = [&] {
    if (released.exchange(true)) {
      return;
    }
    other = std::thread([] {
      const HostCpu here(1);
      RunHostTimers();
    });
    while (!running) {
      std::this_thread::yield();
    }
  };
  RunHostDeferred();
  ASSERT_TRUE(other.joinable());
  other.join();
  EXPECT_TRUE(stayed);
  EXPECT_EQ(program_.runs, 1);
  Close(*map);
  EXPECT_EQ(program_.references(), 0);
}

TEST_F(ValueTimerTest, AnUpdateOfAnArraysElementReleasesIt) {
  Ref<Map> map = MakeMap(MapType::kArray);
  const uint32_t key = 1;
  uint8_t value[32];
  memset(value, 0x77, sizeof(value));
  uint8_t* field = Ready(*map, key);
  ASSERT_EQ(StartTimer(field, 100, 0), Status::kOk);
  EXPECT_EQ(map->Update(In(key), ConstBytes(value), UpdateMode::kAny),
            Status::kOk);
  EXPECT_EQ(PendingHostTimers(), 0u);
  EXPECT_EQ(StartTimer(field, 100, 0), Status::kInvalid);
  uint8_t read[32];
  EXPECT_EQ(map->CopyValueOut(In(key), Bytes(read)), Status::kOk);
  EXPECT_EQ(read[0], 0x77);
  EXPECT_EQ(read[kFieldOffset], 0);
  EXPECT_EQ(read[24], 0x77);
  Close(*map);
}

TEST_F(ValueTimerTest, ItsFunctionMayStartCancelAndDelete) {
  Ref<Map> map = MakeMap(MapType::kHash);
  const uint32_t key = 5;
  const uint8_t value[32] = {};
  ASSERT_EQ(map->Update(In(key), ConstBytes(value), UpdateMode::kAny),
            Status::kOk);
  uint8_t* field = Ready(*map, key);
  program_.on_run = [&] {
    switch (program_.runs) {
      case 1:
        EXPECT_EQ(CancelTimer(field).status(), Status::kDeadlock);
        EXPECT_EQ(StartTimer(field, 0, 0), Status::kOk);
        break;
      case 2:
        EXPECT_EQ(SetTimerFunction(field, program_, 9), Status::kOk);
        EXPECT_EQ(StartTimer(field, 0, 0), Status::kOk);
        break;
      default:
        EXPECT_EQ(map->Delete(In(key)), Status::kOk);
        EXPECT_EQ(StartTimer(field, 0, 0), Status::kInvalid);
        break;
    }
  };
  ASSERT_EQ(StartTimer(field, 0, 0), Status::kOk);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(RunHostTimers(), 1u);
    EXPECT_EQ(program_.runs, i);
  }
  EXPECT_EQ(program_.last_function, 9u);
  EXPECT_EQ(RunHostTimers(), 0u);
  EXPECT_EQ(program_.references(), 0);
  Close(*map);
}

TEST_F(ValueTimerTest, CancellingWaitsForTheFunctionOnAnotherCpu) {
  Ref<Map> map = MakeMap(MapType::kArray);
  uint8_t* field = Ready(*map, 0);
  std::atomic<bool> inside{false};
  std::atomic<bool> may_end{false};
  std::atomic<bool> ended{false};
  program_.on_run = [&] {
    inside = true;
    while (!may_end) {
      std::this_thread::yield();
    }
    ended = true;
  };
  ASSERT_EQ(StartTimer(field, 0, 0), Status::kOk);
  std::thread other([] {
    const HostCpu cpu(1);
    EXPECT_EQ(RunHostTimers(), 1u);
  });
  while (!inside) {
    std::this_thread::yield();
  }
  std::thread opener([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    may_end = true;
  });
  EXPECT_EQ(*CancelTimer(field), false);
  EXPECT_TRUE(ended);
  other.join();
  opener.join();
  Close(*map);
}

TEST_F(ValueTimerTest, FunctionsThatCancelEachOtherDoNotWaitForEver) {
  Ref<Map> map = MakeMap(MapType::kArray);
  uint8_t* fields[] = {Ready(*map, 0), Ready(*map, 1)};
  std::atomic<int> inside{0};
  std::atomic<int> refused{0};
  TestProgram first;
  TestProgram second;
  first.on_run = [&] {
    ++inside;
    while (inside < 2) {
      std::this_thread::yield();
    }
    refused += CancelTimer(fields[1]).ok() ? 0 : 1;
  };
  second.on_run = [&] {
    ++inside;
    while (inside < 2) {
      std::this_thread::yield();
    }
    refused += CancelTimer(fields[0]).ok() ? 0 : 1;
  };
  ASSERT_EQ(SetTimerFunction(fields[0], first, 1), Status::kOk);
  ASSERT_EQ(SetTimerFunction(fields[1], second, 1), Status::kOk);
  ASSERT_EQ(StartTimer(fields[0], 0, 0), Status::kOk);
  ASSERT_EQ(StartTimer(fields[1], 0, 0), Status::kOk);
  std::vector<std::thread> cpus;
  for (uint32_t number : {1u, 2u}) {
    cpus.emplace_back([number] {
      const HostCpu cpu(number);
      RunHostTimers();
    });
  }
  for (std::thread& cpu : cpus) {
    cpu.join();
  }
  EXPECT_GE(refused, 1);
  Close(*map);
  EXPECT_EQ(first.references(), 0);
  EXPECT_EQ(second.references(), 0);
}

TEST_F(ValueTimerTest, ADyingProgramIsNotTaken) {
  Ref<Map> map = MakeMap(MapType::kArray);
  uint8_t* field = FieldOf(*map, 0);
  ASSERT_EQ(InitTimer(*map, field, kClockMonotonic), Status::kOk);
  program_.dying = true;
  EXPECT_EQ(SetTimerFunction(field, program_, 1), Status::kNotFound);
  EXPECT_EQ(StartTimer(field, 0, 0), Status::kInvalid);
  Close(*map);
}

TEST_F(ValueTimerTest, SurvivesCpusThatDoEverythingAtOnce) {
  ResumeHostTime();
  constexpr uint32_t kKeys = 8;
  Ref<Map> map = MakeMap(MapType::kHash, kKeys);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (uint32_t number = 1; number <= 2; ++number) {
    threads.emplace_back([&, number] {
      const HostCpu cpu(number);
      while (!stop) {
        RunHostTimers();
      }
    });
  }
  for (uint32_t number = 3; number <= 4; ++number) {
    threads.emplace_back([&, number] {
      const HostCpu cpu(number);
      uint32_t state = number;
      const uint8_t value[32] = {};
      for (int i = 0; i < 20000; ++i) {
        state = state * 1664525 + 1013904223;
        const uint32_t key = (state >> 20) % kKeys;
        const ReadSection reading;
        static_cast<void>(
            map->Update(In(key), ConstBytes(value), UpdateMode::kNoExist));
        const Result<Bytes> found = map->Lookup(In(key));
        if (!found.ok()) {
          continue;
        }
        uint8_t* field = found->data() + kFieldOffset;
        switch ((state >> 10) % 6) {
          case 0:
            static_cast<void>(map->Delete(In(key)));
            break;
          case 1:
            static_cast<void>(CancelTimer(field).ok());
            break;
          default:
            static_cast<void>(InitTimer(*map, field, kClockMonotonic));
            static_cast<void>(SetTimerFunction(field, program_, 1));
            static_cast<void>(StartTimer(field, (state >> 5) % 20000, 0));
            break;
        }
        if (i % 64 == 0) {
          std::this_thread::sleep_for(std::chrono::microseconds(20));
        }
      }
    });
  }
  threads[2].join();
  threads[3].join();
  Close(*map);
  stop = true;
  threads[0].join();
  threads[1].join();
  EXPECT_GT(program_.runs, 100);
  EXPECT_EQ(program_.references(), 0);
  EXPECT_EQ(PendingHostTimers(), 0u);
}

TEST_F(ValueTimerTest, EachAllocationOfTheStoreMayFail) {
  uint64_t n = 0;
  for (bool failed = true; failed;) {
    Ref<Map> map = MakeMap(MapType::kArray);
    Close(*map);
    FailNthAllocation(++n);
    Result<ValueTimers*> timers = ValueTimers::Create(*map, PortAllocator());
    failed = AllocationFailed();
    FailNthAllocation(0);
    EXPECT_EQ(timers.status(), failed ? Status::kNoMemory : Status::kOk);
    if (timers.ok()) {
      ValueTimers::Destroy(*timers);
    }
  }
  EXPECT_GT(n, 3u);
}

}  // namespace
}  // namespace ebpf
