// SPDX-License-Identifier: MIT
#include "core/program/program.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "core/platform/cpu.h"
#include "core/program/guarded_run.h"
#include "core/sync/read_section.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

// Runs a function of the test's.
class FakeEngine final : public Engine {
 public:
  const char* name() const override { return "fake"; }
  Result<void*> Prepare(const Program& /*program*/) override {
    if (prepare_status != Status::kOk) {
      return prepare_status;
    }
    ++images;
    return static_cast<void*>(this);
  }
  void Release(void* image) override {
    EXPECT_EQ(image, this);
    --images;
  }
  uint64_t Run(const Program& program, void* image, void* context,
               RunContext& run) const override {
    EXPECT_EQ(image, this);
    EXPECT_EQ(run.program, &program);
    EXPECT_EQ(run.context, context);
    EXPECT_EQ(CurrentRun(), &run);
    EXPECT_TRUE(HostPreemptionOff());
    return body ? body(context) : 42;
  }
  const void* TailCallEntry(const Program& /*program*/,
                            void* image) const override {
    return image;
  }
  uint64_t CallBack(RunContext& /*run*/, uint64_t function,
                    const uint64_t (&args)[5]) const override {
    return function + args[0];
  }

  Status prepare_status = Status::kOk;
  std::atomic<int> images{0};
  std::function<uint64_t(void*)> body;
};

class CountedMap final : public Map {
 public:
  explicit CountedMap(int& alive) : Map(MapSpec{}), alive_(alive) { ++alive_; }
  ~CountedMap() { --alive_; }

 private:
  void Destroy() override { delete this; }

  int& alive_;
};

class ProgramTest : public testing::Test {
 protected:
  ProgramTest() {
    EXPECT_TRUE(InitReadSections());
    EXPECT_EQ(InitRunContexts(PortAllocator()), Status::kOk);
  }
  ~ProgramTest() override {
    ExitRunContexts();
    ExitReadSections();
    EXPECT_EQ(PortAllocatedBytes(), 0u);
    EXPECT_EQ(engine_.images, 0);
  }

  // Parts with two instructions and facts, and one map if `alive` is given.
  ProgramParts Parts(Allocator& allocator, int* alive = nullptr) {
    ProgramParts parts;
    parts.type = &type_;
    parts.insns = *allocator.NewArray<isa::Insn>(2);
    parts.facts = *allocator.NewArray<InsnFacts>(2);
    if (alive != nullptr) {
      parts.maps = *allocator.NewArray<Map*>(1);
      parts.maps[0] = new CountedMap(*alive);
    }
    const char name[] = "sixteen_letters_";
    std::copy(name, name + sizeof(parts.name), parts.name);
    return parts;
  }

  Ref<Program> Create() {
    return *Program::Create(Parts(PortAllocator()), engine_, PortAllocator());
  }

  const ProgramType type_ = {ProgramTypeId::kKprobe, "kprobe", nullptr};
  FakeEngine engine_;
};

TEST_F(ProgramTest, IsWhatItsPartsSay) {
  const Ref<Program> program = Create();
  EXPECT_EQ(&program->type(), &type_);
  EXPECT_EQ(program->insns().size(), 2u);
  EXPECT_EQ(program->facts().size(), 2u);
  EXPECT_TRUE(program->maps().empty());
  EXPECT_TRUE(program->name() == "sixteen_letters_");
  EXPECT_EQ(&program->engine(), &engine_);
}

/// As a probe's consumer does it.
uint64_t RunInHit(const Program& program, void* context) {
  const uintptr_t preemption = ebpf_port_preempt_disable();
  uint64_t result;
  {
    const ReadSection reading;
    result = program.RunUnlessNested(context);
  }
  ebpf_port_preempt_enable(preemption);
  return result;
}

TEST_F(ProgramTest, RunGivesTheEnginesResultAndIsCounted) {
  const Ref<Program> program = Create();
  int context = 0;
  EXPECT_EQ(program->Run(&context), 42u);
  EXPECT_EQ(RunInHit(*program, &context), 42u);
  {
    const HostCpu elsewhere(2);
    EXPECT_EQ(program->Run(&context), 42u);
  }
  EXPECT_EQ(program->Stats().runs, 3u);
  EXPECT_EQ(program->Stats().missed, 0u);
  EXPECT_FALSE(HostPreemptionOff());
}

TEST_F(ProgramTest, RunUnlessNestedMissesInsideAnotherProgram) {
  const Ref<Program> outer = Create();
  const Ref<Program> inner = Create();
  engine_.body = [&](void*) {
    engine_.body = nullptr;
    const HostTrap trap;
    EXPECT_EQ(inner->RunUnlessNested(nullptr), 0u);
    return inner->Run(nullptr);
  };
  EXPECT_EQ(RunInHit(*outer, nullptr), 42u);
  EXPECT_EQ(inner->Stats().runs, 1u);
  EXPECT_EQ(inner->Stats().missed, 1u);
  EXPECT_EQ(outer->Stats().missed, 0u);
}

TEST_F(ProgramTest, RunMissesWhenTheCpuHasNoLevelLeft) {
  const Ref<Program> program = Create();
  int depth = 0;
  engine_.body = [&](void*) -> uint64_t {
    ++depth;
    return 1 + program->Run(nullptr);
  };
  EXPECT_EQ(program->Run(nullptr), kMaxRunLevels);
  EXPECT_EQ(depth, static_cast<int>(kMaxRunLevels));
  EXPECT_EQ(program->Stats().runs, kMaxRunLevels);
  EXPECT_EQ(program->Stats().missed, 1u);
}

/// As a raw tracepoint does.
void RunByTracepoint(const Program& program, void* context,
                     const RunOrigin& origin = RunOrigin()) {
  const uintptr_t preemption = ebpf_port_preempt_disable();
  {
    const ReadSection reading;
    RunUnlessActive(program, context, ebpf_port_cpu_id(), origin);
  }
  ebpf_port_preempt_enable(preemption);
}

TEST_F(ProgramTest, RunUnlessActiveMissesInsideItselfOnly) {
  const Ref<Program> outer = Create();
  const Ref<Program> inner = Create();
  int depth = 0;
  engine_.body = [&](void*) -> uint64_t {
    if (++depth < 10) {
      RunByTracepoint(*outer, nullptr);
      RunByTracepoint(*inner, nullptr);
    }
    return 0;
  };
  RunByTracepoint(*outer, nullptr);
  EXPECT_EQ(depth, 2);
  EXPECT_EQ(outer->Stats().runs, 1u);
  EXPECT_EQ(inner->Stats().runs, 1u);
  // Each found both of them active.
  EXPECT_EQ(outer->Stats().missed, 2u);
  EXPECT_EQ(inner->Stats().missed, 1u);

  engine_.body = nullptr;
  {
    const HostCpu elsewhere(2);
    RunByTracepoint(*outer, nullptr);
  }
  RunByTracepoint(*outer, nullptr);
  EXPECT_EQ(outer->Stats().runs, 3u);
  EXPECT_EQ(outer->Stats().missed, 2u);
}

TEST_F(ProgramTest, RunUnlessActiveRunsInsideOfOtherRunsOfTheProgram) {
  const Ref<Program> program = Create();
  bool is_inside = false;
  engine_.body = [&](void*) -> uint64_t {
    if (!is_inside) {
      is_inside = true;
      RunByTracepoint(*program, nullptr);
    }
    return 0;
  };
  // Only those by tracepoints count, also where such a run was there before.
  RunByTracepoint(*program, nullptr);
  EXPECT_EQ(program->Stats().missed, 1u);
  is_inside = false;
  program->Run(nullptr);
  EXPECT_EQ(program->Stats().runs, 3u);
  EXPECT_EQ(program->Stats().missed, 1u);
}

TEST_F(ProgramTest, ARunByTracepointIsWaitedForWithoutAReadSection) {
  const Ref<Program> program = Create();
  std::atomic<bool> waiter_is_there{false};
  std::atomic<bool> waited{false};
  bool waited_before_the_end = true;
  std::thread waiter;
  engine_.body = [&](void*) -> uint64_t {
    waiter = std::thread([&] {
      const HostCpu self(2);
      waiter_is_there = true;
      WaitForReaders();
      waited = true;
    });
    while (!waiter_is_there) {
      std::this_thread::yield();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    waited_before_the_end = waited;
    return 0;
  };
  const uintptr_t preemption = ebpf_port_preempt_disable();
  RunUnlessActive(*program, nullptr, ebpf_port_cpu_id(), RunOrigin());
  ebpf_port_preempt_enable(preemption);
  EXPECT_FALSE(waited_before_the_end);
  waiter.join();
  EXPECT_TRUE(waited);
}

TEST_F(ProgramTest, RunUnlessActiveMissesWhenTheCpuHasNoLevelLeft) {
  const Ref<Program> program = Create();
  const Ref<Program> last = Create();
  engine_.body = [&](void*) -> uint64_t {
    if (CurrentRun()->level + 1 < kMaxRunLevels) {
      return program->Run(nullptr);
    }
    RunByTracepoint(*last, nullptr);
    return 0;
  };
  program->Run(nullptr);
  EXPECT_EQ(last->Stats().runs, 0u);
  EXPECT_EQ(last->Stats().missed, 1u);

  engine_.body = nullptr;
  RunByTracepoint(*last, nullptr);
  EXPECT_EQ(last->Stats().runs, 1u);
}

TEST_F(ProgramTest, RunUnlessActiveTellsTheProgramWhatItRunsFor) {
  const Ref<Program> program = Create();
  RunOrigin origin;
  origin.cookie = 5;
  uint64_t seen = 0;
  engine_.body = [&](void*) { return seen = CurrentRun()->origin->cookie; };
  RunByTracepoint(*program, &origin, origin);
  EXPECT_EQ(seen, 5u);
  EXPECT_EQ(CurrentRun(), nullptr);
}

TEST_F(ProgramTest, HoldsItsMapsUntilItDies) {
  int alive = 0;
  {
    const Ref<Program> program = *Program::Create(
        Parts(PortAllocator(), &alive), engine_, PortAllocator());
    EXPECT_EQ(alive, 1);
    EXPECT_EQ(program->maps().size(), 1u);
  }
  EXPECT_EQ(alive, 0);
}

TEST_F(ProgramTest, IsNotFreedUnderWhoRunsIt) {
  auto program = std::make_unique<Ref<Program>>(Create());
  const Program* raw = program->get();
  std::atomic<bool> inside{false};
  std::atomic<bool> leave{false};
  engine_.body = [&](void*) -> uint64_t {
    inside = true;
    while (!leave) {
      std::this_thread::yield();
    }
    EXPECT_EQ(engine_.images, 1);
    return raw->insns().size();
  };
  std::thread runner([&] {
    const HostCpu cpu(1);
    // As a probe does: finds the program without holding a reference.
    const ReadSection reading;
    EXPECT_EQ(raw->Run(nullptr), 2u);
  });
  while (!inside) {
    std::this_thread::yield();
  }
  std::thread owner([&] {
    const HostCpu cpu(2);
    program.reset();
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  leave = true;
  runner.join();
  owner.join();
  EXPECT_EQ(engine_.images, 0);
}

TEST_F(ProgramTest, WhatTheEngineRefusesStaysTheCallers) {
  engine_.prepare_status = Status::kInvalid;
  int alive = 0;
  const ProgramParts parts = Parts(PortAllocator(), &alive);

  EXPECT_EQ(Program::Create(parts, engine_, PortAllocator()).status(),
            Status::kInvalid);

  EXPECT_EQ(alive, 1);
  parts.maps[0]->Release();
  PortAllocator().DeleteArray(parts.maps);
  PortAllocator().DeleteArray(parts.insns);
  PortAllocator().DeleteArray(parts.facts);
}

// Parts whose one map is an array for tail calls.
ProgramParts WithArray(ProgramParts parts, const Ref<Map>& array) {
  parts.maps = *PortAllocator().NewArray<Map*>(1);
  parts.maps[0] = Ref<Map>(array).Leak();
  return parts;
}

Ref<Map> MakeArray() {
  MapSpec spec;
  spec.type = MapType::kProgArray;
  spec.key_size = spec.value_size = 4;
  spec.max_entries = 4;
  return *CreateMap(spec, PortAllocator());
}

// Puts `program` into `array` as bpf(2) does.
Status Put(const Ref<Map>& array, Ref<Program> program) {
  auto& map = static_cast<ProgArrayMap&>(*array);
  const Status status = map.Set(0, program->tail_call_target());
  if (IsOk(status)) {
    (void)program.Leak();
  }
  return status;
}

TEST_F(ProgramTest, EachHasANumberOfItsOwn) {
  const Ref<Program> first = Create();
  const Ref<Program> second = Create();
  EXPECT_NE(first->id(), 0u);
  EXPECT_NE(first->id(), second->id());
}

TEST_F(ProgramTest, AnArrayForTailCallsIsOfOneEngineAndType) {
  FakeEngine other_engine;
  const ProgramType other_type = {ProgramTypeId::kSocketFilter, "other",
                                  nullptr};
  const Ref<Map> array = MakeArray();
  const Ref<Program> user = *Program::Create(
      WithArray(Parts(PortAllocator()), array), engine_, PortAllocator());
  // Neither may such a program stand in it...
  EXPECT_EQ(Put(array, *Program::Create(Parts(PortAllocator()), other_engine,
                                        PortAllocator())),
            Status::kInvalid);
  EXPECT_EQ(Put(array, Create()), Status::kOk);
  // ... nor use it.
  ProgramParts parts = WithArray(Parts(PortAllocator()), array);
  parts.type = &other_type;
  EXPECT_EQ(Program::Create(parts, engine_, PortAllocator()).status(),
            Status::kInvalid);
  EXPECT_EQ(other_engine.images, 0);
  EXPECT_EQ(engine_.images, 2);
  parts.maps[0]->Release();
  PortAllocator().DeleteArray(parts.maps);
  PortAllocator().DeleteArray(parts.insns);
  PortAllocator().DeleteArray(parts.facts);
}

TEST_F(ProgramTest, WhatTheEngineRefusesClaimsNoArray) {
  const Ref<Map> array = MakeArray();
  engine_.prepare_status = Status::kInvalid;
  ProgramParts parts = WithArray(Parts(PortAllocator()), array);
  EXPECT_EQ(Program::Create(parts, engine_, PortAllocator()).status(),
            Status::kInvalid);
  FakeEngine other_engine;
  {
    const Ref<Program> user =
        *Program::Create(parts, other_engine, PortAllocator());
    EXPECT_EQ(&user->engine(), &other_engine);
  }
  EXPECT_EQ(other_engine.images, 0);
}

TEST_F(ProgramTest, DiesInAnArrayThatOnlyItCanReach) {
  const uint64_t bytes = PortAllocatedBytes();
  {
    Ref<Map> array = MakeArray();
    array->AcquireUser();
    Ref<Program> program = *Program::Create(
        WithArray(Parts(PortAllocator()), array), engine_, PortAllocator());
    EXPECT_EQ(Put(array, Move(program)), Status::kOk);
    EXPECT_EQ(engine_.images, 1);
    // As the array's last descriptor does when it is closed.
    array->ReleaseUser(nullptr);
    EXPECT_EQ(engine_.images, 0);
  }
  EXPECT_EQ(PortAllocatedBytes(), bytes);
}

TEST_F(ProgramTest, TailCallsGoWhereTheEngineSays) {
  const Ref<Map> array = MakeArray();
  const Ref<Program> program = Create();
  EXPECT_EQ(Put(array, program), Status::kOk);
  const ReadSection reading;
  const TailCallTarget* target = static_cast<ProgArrayMap&>(*array).At(0);
  ASSERT_NE(target, nullptr);
  EXPECT_EQ(target->entry, &engine_);
  EXPECT_EQ(target->program, program.get());
  EXPECT_EQ(target->id, program->id());
}

TEST_F(ProgramTest, WithoutMemoryItsPartsStayTheCallers) {
  const auto body = [&](Allocator& allocator) {
    ProgramParts parts;
    parts.type = &type_;
    Result<isa::Insns> insns = allocator.NewArray<isa::Insn>(2);
    if (!insns.ok()) {
      return;
    }
    parts.insns = *insns;
    Result<Ref<Program>> program = Program::Create(parts, engine_, allocator);
    if (!program.ok()) {
      EXPECT_EQ(program.status(), Status::kNoMemory);
      allocator.DeleteArray(parts.insns);
    }
  };
  EXPECT_GE(ForEachFailingAllocation("a program", body), 3u);
}

}  // namespace
}  // namespace ebpf
