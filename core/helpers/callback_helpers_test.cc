// SPDX-License-Identifier: MIT
//
// With an engine that calls functions of the test's. core/interpreter's
// callback_test.cc has real programs.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <linux/bpf.h>
#include <set>
#include <string>
#include <vector>

#include "core/helpers/dynptr.h"
#include "core/helpers/helper_test_util.h"
#include "core/program/program.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

constexpr uint64_t kFunction = 0x1234;
constexpr uint32_t kMaxLoops = 8 * 1024 * 1024;

struct CallbackCall {
  uint64_t args[5];
};

class CallingEngine final : public Engine {
 public:
  const char* name() const override { return "calling"; }
  Result<void*> Prepare(const Program& /*program*/) override {
    return static_cast<void*>(nullptr);
  }
  void Release(void* /*image*/) override {}
  uint64_t Run(const Program& /*program*/, void* /*image*/, void* /*context*/,
               RunContext& /*run*/) const override {
    return body();
  }
  const void* TailCallEntry(const Program& /*program*/,
                            void* /*image*/) const override {
    return nullptr;
  }
  uint64_t CallBack(RunContext& run, uint64_t function,
                    const uint64_t (&args)[5]) const override {
    EXPECT_EQ(&run, CurrentRun());
    EXPECT_EQ(function, kFunction);
    CallbackCall call;
    std::copy(args, args + 5, call.args);
    return callback(call);
  }

  std::function<uint64_t()> body;
  std::function<uint64_t(const CallbackCall&)> callback;
};

class CallbackHelpersTest : public HelperTest {
 protected:
  CallbackHelpersTest() {
    SetHostCpuCount(4);
    EXPECT_EQ(InitRunContexts(PortAllocator()), Status::kOk);
    ProgramParts parts;
    parts.type = &type_;
    parts.insns = *PortAllocator().NewArray<isa::Insn>(1);
    program_ = *Program::Create(parts, engine_, PortAllocator());
  }
  ~CallbackHelpersTest() override {
    program_ = {};
    ExitRunContexts();
  }

  // In a run of the program, calls the helper; `callback` is what it calls.
  uint64_t Run(std::function<uint64_t()> body,
               std::function<uint64_t(const CallbackCall&)> callback) {
    engine_.body = std::move(body);
    engine_.callback = std::move(callback);
    return program_->Run(nullptr);
  }
  uint64_t Loop(uint64_t count, uint64_t flags,
                std::function<uint64_t(const CallbackCall&)> callback) {
    return Run([=] { return Call(BPF_FUNC_loop, count, kFunction, 77, flags); },
               std::move(callback));
  }
  uint64_t ForEach(Map& map, uint64_t flags,
                   std::function<uint64_t(const CallbackCall&)> callback) {
    return Run(
        [&map, flags] {
          return Call(BPF_FUNC_for_each_map_elem, Address(&map), kFunction, 77,
                      flags);
        },
        std::move(callback));
  }

  const ProgramType type_ = {};
  CallingEngine engine_;
  Ref<Program> program_;
};

TEST_F(CallbackHelpersTest, LoopCallsWithEachNumberAndTheContext) {
  std::vector<uint64_t> numbers;
  const uint64_t result = Loop(5, 0, [&](const CallbackCall& call) {
    numbers.push_back(call.args[0]);
    EXPECT_EQ(call.args[1], 77u);
    return 0;
  });
  EXPECT_EQ(result, 5u);
  EXPECT_EQ(numbers, (std::vector<uint64_t>{0, 1, 2, 3, 4}));
}

TEST_F(CallbackHelpersTest, LoopEndsWhenTheFunctionSaysSo) {
  EXPECT_EQ(
      Loop(100, 0, [](const CallbackCall& call) { return call.args[0] == 6; }),
      7u);
}

TEST_F(CallbackHelpersTest, LoopHasLinuxsLimitsAndNoFlags) {
  const auto never = [](const CallbackCall&) -> uint64_t {
    ADD_FAILURE() << "called";
    return 1;
  };
  EXPECT_EQ(Loop(0, 0, never), 0u);
  EXPECT_EQ(Loop(kMaxLoops + 1, 0, never), Negative(E2BIG));
  EXPECT_EQ(Loop(UINT32_MAX, 0, never), Negative(E2BIG));
  EXPECT_EQ(Loop(1, 1, never), Negative(EINVAL));
  // Flags are looked at first.
  EXPECT_EQ(Loop(kMaxLoops + 1, uint64_t{1} << 63, never), Negative(EINVAL));
  uint64_t calls = 0;
  const auto count = [&calls](const CallbackCall&) {
    ++calls;
    return 0;
  };
  EXPECT_EQ(Loop(kMaxLoops, 0, count), kMaxLoops);
  EXPECT_EQ(calls, kMaxLoops);
  // The count is an int: what is above does not matter.
  EXPECT_EQ(Loop(0x7'0000'0002, 0, count), 2u);
}

TEST_F(CallbackHelpersTest, ForEachVisitsEachElementOfAnArray) {
  const Ref<Map> map = Make(MapType::kArray, 4, 8, 3);
  std::vector<uint32_t> keys;
  const uint64_t result = ForEach(*map, 0, [&](const CallbackCall& call) {
    EXPECT_EQ(call.args[0], Address(map.get()));
    EXPECT_EQ(call.args[3], 77u);
    uint32_t key;
    std::memcpy(&key, reinterpret_cast<void*>(call.args[1]), sizeof(key));
    keys.push_back(key);
    const uint64_t value = key * 10;
    std::memcpy(reinterpret_cast<void*>(call.args[2]), &value, sizeof(value));
    return 0;
  });
  EXPECT_EQ(result, 3u);
  EXPECT_EQ(keys, (std::vector<uint32_t>{0, 1, 2}));
  const uint32_t last = 2;
  EXPECT_EQ(*map->Lookup(ConstBytes(reinterpret_cast<const uint8_t*>(&last), 4))
                 ->data(),
            20);
}

TEST_F(CallbackHelpersTest, ForEachEndsWhenTheFunctionSaysSo) {
  const Ref<Map> map = Make(MapType::kArray, 4, 8, 30);
  int calls = 0;
  EXPECT_EQ(ForEach(*map, 0, [&](const CallbackCall&) { return ++calls == 4; }),
            4u);
  EXPECT_EQ(calls, 4);
}

TEST_F(CallbackHelpersTest, ForEachGivesThisCpusValueOfAPerCpuArray) {
  const Ref<Map> map = Make(MapType::kPerCpuArray, 4, 8, 2);
  const HostCpu cpu(3);
  uint64_t calls = 0;
  EXPECT_EQ(
      ForEach(*map, 0,
              [&](const CallbackCall& call) {
                const uint32_t key = calls++ & 1;
                ReadSection reading;
                EXPECT_EQ(
                    call.args[2],
                    Address(map
                                ->Lookup(ConstBytes(
                                    reinterpret_cast<const uint8_t*>(&key), 4))
                                ->data()));
                return 0;
              }),
      2u);
}

TEST_F(CallbackHelpersTest, ForEachVisitsEachElementOfAHashWhichMayBeRemoved) {
  const Ref<Map> map = Make(MapType::kHash, 4, 8, 64);
  for (uint32_t key = 0; key < 64; ++key) {
    const uint64_t value = key;
    ASSERT_EQ(
        map->Update(ConstBytes(reinterpret_cast<const uint8_t*>(&key), 4),
                    ConstBytes(reinterpret_cast<const uint8_t*>(&value), 8),
                    UpdateMode::kAny),
        Status::kOk);
  }
  std::multiset<uint32_t> keys;
  const auto remove = [&](const CallbackCall& call) {
    uint32_t key;
    std::memcpy(&key, reinterpret_cast<void*>(call.args[1]), sizeof(key));
    keys.insert(key);
    EXPECT_EQ(Call(BPF_FUNC_map_delete_elem, call.args[0], call.args[1]), 0u);
    return 0;
  };
  EXPECT_EQ(ForEach(*map, 0, remove), 64u);
  for (uint32_t key = 0; key < 64; ++key) {
    EXPECT_EQ(keys.count(key), 1u) << key;
  }
  EXPECT_EQ(ForEach(*map, 0, remove), 0u);
}

TEST_F(CallbackHelpersTest, ForEachOfAHashEndsWhateverTheFunctionDoes) {
  const Ref<Map> map = Make(MapType::kHash, 4, 8, 8);
  const auto put = [&](uint32_t key) {
    const uint64_t value = key;
    (void)map->Update(ConstBytes(reinterpret_cast<const uint8_t*>(&key), 4),
                      ConstBytes(reinterpret_cast<const uint8_t*>(&value), 8),
                      UpdateMode::kAny);
  };
  for (uint32_t key = 0; key < 8; ++key) {
    put(key);
  }
  uint32_t random = 1;
  uint64_t calls = 0;
  const uint64_t result = ForEach(*map, 0, [&](const CallbackCall&) {
    ++calls;
    for (int i = 0; i < 20; ++i) {
      random = random * 1103515245 + 12345;
      const uint32_t key = random >> 16 & 15;
      if ((random >> 8 & 3) == 0) {
        (void)map->Delete(
            ConstBytes(reinterpret_cast<const uint8_t*>(&key), 4));
      } else {
        put(key);
      }
    }
    return 0;
  });
  EXPECT_EQ(result, calls);
  EXPECT_LE(calls, 8u + 4 * 2);  // elements, those of the CPUs included
}

TEST_F(CallbackHelpersTest, ForEachTakesNoFlagsAndOnlyWhatHasElements) {
  const auto never = [](const CallbackCall&) -> uint64_t {
    ADD_FAILURE() << "called";
    return 1;
  };
  const Ref<Map> array = Make(MapType::kArray, 4, 8, 3);
  EXPECT_EQ(ForEach(*array, 1, never), Negative(EINVAL));
  const Ref<Map> ring = Make(MapType::kRingBuffer, 0, 0, 4096);
  EXPECT_EQ(ForEach(*ring, 0, never), Negative(524));
}

TEST_F(CallbackHelpersTest, OutsideOfARunThereIsNobodyToCall) {
  const Ref<Map> array = Make(MapType::kArray, 4, 8, 3);
  EXPECT_EQ(Call(BPF_FUNC_loop, 1, kFunction, 0, 0), Negative(EINVAL));
  EXPECT_EQ(
      Call(BPF_FUNC_for_each_map_elem, Address(array.get()), kFunction, 0, 0),
      Negative(EINVAL));
}

TEST_F(CallbackHelpersTest, ATailCallThatIsNoInstructionGoesNowhere) {
  EXPECT_EQ(Call(BPF_FUNC_tail_call, 0, 0, 0), Negative(ENOENT));
}

/// Two records in a ring of user space's.
Ref<Map> MakeUserRing() {
  MapSpec spec;
  spec.type = MapType::kUserRingBuffer;
  spec.max_entries = 4096;
  Ref<Map> map = *CreateMap(spec, PortAllocator());
  uint8_t* const page = map->Pages(4096, 4096 + 4096, true)->address;
  const uint64_t produced = 32;
  const uint32_t lengths[] = {3, 8};
  std::memcpy(page, &produced, sizeof(produced));
  std::memcpy(page + 4096, &lengths[0], 4);
  std::memcpy(page + 4096 + 8, "abc", 3);
  std::memcpy(page + 4096 + 16, &lengths[1], 4);
  std::memcpy(page + 4096 + 24, "12345678", 8);
  return map;
}

TEST_F(CallbackHelpersTest, DrainingGivesEachRecordAsADynptr) {
  const Ref<Map> map = MakeUserRing();
  std::vector<std::string> records;
  const uint64_t count = Run(
      [&] {
        return Call(BPF_FUNC_user_ringbuf_drain, Address(map.get()), kFunction,
                    77, 0);
      },
      [&](const CallbackCall& call) {
        Dynptr& dynptr = Dynptr::Of(call.args[0]);
        const Bytes bytes = *dynptr.Piece(0, dynptr.size());
        records.emplace_back(reinterpret_cast<const char*>(bytes.data()),
                             bytes.size());
        EXPECT_EQ(call.args[1], 77u);
        return 0;
      });
  EXPECT_EQ(count, 2u);
  EXPECT_EQ(records, (std::vector<std::string>{"abc", "12345678"}));
}

TEST_F(CallbackHelpersTest, DrainingEndsWhenTheFunctionSaysSo) {
  const Ref<Map> map = MakeUserRing();
  const auto drain = [&](uint64_t flags) {
    return Run(
        [&] {
          return Call(BPF_FUNC_user_ringbuf_drain, Address(map.get()),
                      kFunction, 77, flags);
        },
        [](const CallbackCall&) { return 1; });
  };
  EXPECT_EQ(drain(8), Negative(EINVAL));
  EXPECT_EQ(drain(BPF_RB_FORCE_WAKEUP), 1u);
  EXPECT_EQ(drain(BPF_RB_NO_WAKEUP), 1u);
  EXPECT_EQ(drain(0), 0u);
}

}  // namespace
}  // namespace ebpf
