// SPDX-License-Identifier: MIT
//
// Single operations on our engines, by Google Benchmark: what a run, a call, a
// helper, a lookup cost. The peer table (peers.sh) compares with others.
#include <benchmark/benchmark.h>
#include <optional>
#include <vector>

#include "core/isa/insn.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"
#include "core/program/run_context.h"
#include "core/sync/read_section.h"
#include "tools/cli/engines.h"
#include "tools/cli/failure.h"

namespace ebpf::benchmarks {
namespace {

using isa::Insn;

constexpr Insn kExit = {0x95, 0, 0, 0, 0};

constexpr Insn MovImm(uint8_t dst, int32_t imm) {
  return {0xb7, dst, 0, 0, imm};
}

/// `body` 100 times, then r0 = 0 and exit.
std::vector<Insn> Repeat(const std::vector<Insn>& body) {
  std::vector<Insn> insns;
  for (int i = 0; i < 100; ++i) {
    insns.insert(insns.end(), body.begin(), body.end());
  }
  insns.push_back(MovImm(0, 0));
  insns.push_back(kExit);
  return insns;
}

void RunProgram(benchmark::State& state, const char* engine_name,
                const std::vector<Insn>& insns,
                const std::vector<Ref<Map>>& maps, int64_t items) {
  Engine* engine;
  try {
    engine = &cli::FindEngine(engine_name);
  } catch (const cli::Failure& failure) {
    state.SkipWithError(failure.what());
    return;
  }
  const Ref<Program> program = cli::MakeProgram(insns, maps, *engine);
  Result<void*> image = engine->Prepare(*program);
  cli::Require(image.status(), engine_name);
  RunContext* run = BeginRun();
  run->program = program.get();
  {
    const ReadSection reading;
    for (auto _ : state) {
      benchmark::DoNotOptimize(engine->Run(*program, *image, nullptr, *run));
    }
  }
  EndRun(run);
  engine->Release(*image);
  state.SetItemsProcessed(state.iterations() * items);
}

/// r1 = the map, r2 = a key of zeros on the stack, call `helper`.
std::vector<Insn> MapCall(const Map& map, int32_t helper) {
  const auto address = reinterpret_cast<uint64_t>(&map);
  return {{0x62, 10, 0, -4, 0},  // *(u32 *)(r10 - 4) = 0
          {0xbf, 2, 10, 0, 0},
          {0x07, 2, 0, 0, -4},
          {0x18, 1, 0, 0, static_cast<int32_t>(address)},
          {0, 0, 0, 0, static_cast<int32_t>(address >> 32)},
          {0x85, 0, 0, 0, helper}};
}

Ref<Map> MakeMap(MapType type) {
  MapSpec spec;
  spec.type = type;
  spec.key_size = 4;
  spec.value_size = 8;
  spec.max_entries = 64;
  Result<Ref<Map>> map = CreateMap(spec, PortAllocator());
  cli::Require(map.status(), "map");
  const uint32_t key = 0;
  const uint64_t value = 1;
  const ReadSection reading;
  cli::Require(
      (*map)->Update(
          ConstBytes(reinterpret_cast<const uint8_t*>(&key), sizeof(key)),
          ConstBytes(reinterpret_cast<const uint8_t*>(&value), sizeof(value)),
          UpdateMode::kAny),
      "map");
  return Move(*map);
}

void EmptyProgram(benchmark::State& state, const char* engine) {
  RunProgram(state, engine, {MovImm(0, 0), kExit}, {}, 1);
}
void AddRegister(benchmark::State& state, const char* engine) {
  RunProgram(state, engine, Repeat({{0x0f, 3, 4, 0, 0}}), {}, 100);
}
void StackStoreLoad(benchmark::State& state, const char* engine) {
  RunProgram(state, engine,
             Repeat({{0x7b, 10, 3, -8, 0}, {0x79, 3, 10, -8, 0}}), {}, 100);
}
void HelperCall(benchmark::State& state, const char* engine) {
  RunProgram(state, engine, Repeat({{0x85, 0, 0, 0, 8}}), {}, 100);
}
void SubprogramCall(benchmark::State& state, const char* engine) {
  // r6 = 100; loop: call +4; r6 -= 1; if r6 != 0 goto loop; r0 = 0; exit;
  // r0 = 1; exit
  RunProgram(state, engine,
             {MovImm(6, 100),
              {0x85, 0, 1, 0, 4},
              {0x07, 6, 0, 0, -1},
              {0x55, 6, 0, -3, 0},
              MovImm(0, 0),
              kExit,
              MovImm(0, 1),
              kExit},
             {}, 100);
}
void AtomicAdd(benchmark::State& state, const char* engine) {
  RunProgram(state, engine,
             Repeat({{0x7a, 10, 0, -8, 0}, {0xdb, 10, 3, -8, 0}}), {}, 100);
}
void ArrayLookup(benchmark::State& state, const char* engine) {
  const Ref<Map> map = MakeMap(MapType::kArray);
  RunProgram(state, engine, Repeat(MapCall(*map, 1)), {map}, 100);
}
void HashLookup(benchmark::State& state, const char* engine) {
  const Ref<Map> map = MakeMap(MapType::kHash);
  RunProgram(state, engine, Repeat(MapCall(*map, 1)), {map}, 100);
}

/// MachineOps::compile and all that an image needs besides.
void PrepareProgram(benchmark::State& state, const char* engine_name) {
  Engine* engine;
  try {
    engine = &cli::FindEngine(engine_name);
  } catch (const cli::Failure& failure) {
    state.SkipWithError(failure.what());
    return;
  }
  const auto count = static_cast<size_t>(state.range(0));
  std::vector<Insn> insns(count, Insn{0x0f, 3, 4, 0, 0});
  insns[count - 2] = MovImm(0, 0);
  insns[count - 1] = kExit;
  const Ref<Program> program = cli::MakeProgram(insns, {}, *engine);
  for (auto _ : state) {
    Result<void*> image = engine->Prepare(*program);
    cli::Require(image.status(), engine_name);
    engine->Release(*image);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

#define FOR_BOTH(function)                                 \
  BENCHMARK_CAPTURE(function, interpreter, "interpreter"); \
  BENCHMARK_CAPTURE(function, jit, "jit")
FOR_BOTH(EmptyProgram);
FOR_BOTH(AddRegister);
FOR_BOTH(StackStoreLoad);
FOR_BOTH(HelperCall);
FOR_BOTH(SubprogramCall);
FOR_BOTH(AtomicAdd);
FOR_BOTH(ArrayLookup);
FOR_BOTH(HashLookup);
BENCHMARK_CAPTURE(PrepareProgram, interpreter, "interpreter")
    ->Arg(64)
    ->Arg(4096);
BENCHMARK_CAPTURE(PrepareProgram, jit, "jit")->Arg(64)->Arg(4096);

}  // namespace
}  // namespace ebpf::benchmarks

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
    return 1;
  }
  const ebpf::cli::Runtime runtime;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
