// SPDX-License-Identifier: MIT
#include "testing/fuzzing/program_check.h"

#include <cstdlib>
#include <cstring>
#include <random>

#include "core/program_types/program_type.h"
#include "core/sync/read_section.h"
#include "testing/fuzzing/checked_machine.h"
#include "testing/fuzzing/fixup_check.h"
#include "testing/fuzzing/program_grammar.h"
#include "testing/fuzzing/state_recorder.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf::fuzzing {
namespace {

constexpr uint32_t kRegistersSize = 168;
constexpr uint32_t kSkBuffSize = 192;
constexpr uint64_t kMaxSteps = 200'000;

}  // namespace

void FillHash(Map& hash) {
  for (uint64_t key : {uint64_t{0}, uint64_t{1}}) {
    std::vector<uint8_t> value(hash.spec().value_size, 0x5a);
    (void)hash.Update(
        ConstBytes(reinterpret_cast<const uint8_t*>(&key), sizeof(key)),
        ConstBytes(value.data(), value.size()), UpdateMode::kAny);
  }
}

namespace {

std::vector<uint8_t> Context(uint64_t seed, Target target) {
  std::vector<uint8_t> context = RandomBytes(
      seed, target == Target::kPacket ? kSkBuffSize : kRegistersSize);
  if (seed % 3 == 0) {
    // Small numbers take other branches than large ones.
    for (size_t i = 0; i < context.size(); ++i) {
      context[i] = i % 8 == 0 ? context[i] % 32 : 0;
    }
  }
  return context;
}

/// Puts numbers that the program names, or their neighbours, into `bytes`.
void PutNamedNumbers(std::vector<uint8_t>& bytes, const verifier::Code& code,
                     uint64_t seed) {
  std::mt19937_64 random(seed);
  const size_t step = random() % 2 == 0 ? 4 : 8;
  for (size_t at = 0; at + step <= bytes.size(); at += step) {
    const int32_t named = code[random() % code.size()].imm;
    const int64_t number = int64_t{named} + static_cast<int>(random() % 3) - 1;
    if (random() % 4 != 0) {
      std::memcpy(&bytes[at], &number, step);
    }
  }
}

/// Other values in the maps that programs may change.
void FillMaps(Span<Map* const> maps, const verifier::Code& code,
              uint64_t seed) {
  const auto fill = [&](Map& map, uint64_t key) {
    std::vector<uint8_t> value = RandomBytes(seed + key, map.spec().value_size);
    if (seed % 2 == 0) {
      PutNamedNumbers(value, code, seed + key);
    }
    (void)map.Update(
        ConstBytes(reinterpret_cast<const uint8_t*>(&key), map.spec().key_size),
        ConstBytes(value.data(), value.size()), UpdateMode::kAny);
  };
  fill(*maps[verifier::kArray], 0);
  fill(*maps[verifier::kHash], 0);
  fill(*maps[verifier::kHash], 1);
}

struct Machine {
  const verifier::Code& code;
  Span<Map* const> maps;
  const StateRecorder& recorder;
  const std::vector<InsnFacts>& facts;
  Target target;
  bool read_any_stack;
  uint32_t watched;
};

std::string RunChecked(const Machine& with, uint64_t seed, bool vary,
                       CheckResult& result) {
  std::vector<uint8_t> context = Context(seed, with.target);
  if (vary && seed % 3 == 1) {
    PutNamedNumbers(context, with.code, seed);
  }
  if (vary) {
    FillMaps(with.maps, with.code, seed);
  }
  std::vector<uint8_t> packet = RandomBytes(seed, 1 + seed * 7 % 64);
  ReadSection reading;
  CheckedMachine machine(with.code, with.maps,
                         Span<uint8_t>(context.data(), context.size()),
                         with.read_any_stack, seed);
  if (with.target == Target::kPacket) {
    machine.SetPacket(Span<uint8_t>(packet.data(), packet.size()));
  }
  machine.Believe(with.facts);
  bool reached = false;
  const std::string fault = machine.Run(kMaxSteps, [&](uint32_t index) {
    reached = reached || index == with.watched;
    return !with.recorder.complete() || with.recorder.Has(index, machine);
  });
  result.steps += machine.steps();
  result.reached += reached;
  return fault;
}

}  // namespace

ProgramChecker::ProgramChecker() {
  SetHostCpuCount(2);  // as many as the host that is asked, too
  if (!InitReadSections() || !IsOk(InitRunContexts(PortAllocator()))) {
    std::abort();
  }
}

ProgramChecker::~ProgramChecker() {
  ExitRunContexts();
  ExitReadSections();
}

Status ProgramChecker::Verify(const verifier::Code& code, Span<Map* const> maps,
                              verifier::StateObserver* observer,
                              verifier::Stats& stats, std::string* log,
                              bool read_any_stack, Target target,
                              std::vector<InsnFacts>* facts,
                              verifier::Findings* findings) {
  verifier::Options options;
  options.type = FindProgramType(TypeOf(target));
  options.context_size = kRegistersSize;
  options.gpl_compatible = true;
  options.observer = observer;
  options.allow_uninitialized_stack = read_any_stack;
  std::vector<char> buffer(log != nullptr ? 1 << 20 : 0);
  verifier::Log text(log != nullptr ? verifier::kLogStates : 0, buffer.data(),
                     buffer.size());
  Span<InsnFacts> to;
  if (facts != nullptr) {
    facts->assign(code.size(), InsnFacts{});
    to = Span<InsnFacts>(facts->data(), facts->size());
  }
  const Status status =
      verifier::Verify(isa::ConstInsns(code.data(), code.size()), maps, options,
                       PortAllocator(), text, to, stats, findings);
  if (log != nullptr) {
    const StringView written = text.writer().text();
    log->assign(written.data(), written.size());
  }
  return status;
}

CheckResult ProgramChecker::Check(const verifier::Code& code, uint64_t seed,
                                  std::string* log, Target target) {
  return Check(code, {seed, 3, seed % 4 == 3, false, 0}, log, target);
}

CheckResult ProgramChecker::CheckRuns(const verifier::Code& code, uint64_t seed,
                                      uint64_t runs, Target target,
                                      uint32_t watched) {
  return Check(code, {seed, runs, true, true, watched}, nullptr, target);
}

CheckResult ProgramChecker::Check(const verifier::Code& code, const Runs& runs,
                                  std::string* log, Target target) {
  CheckResult result{};
  const verifier::TestMaps maps;
  FillHash(*maps.span()[verifier::kHash]);
  StateRecorder recorder(code);
  std::vector<InsnFacts> facts;
  verifier::Findings findings(PortAllocator());
  result.status = Verify(code, maps.span(), &recorder, result.stats, log,
                         runs.read_any_stack, target, &facts, &findings);
  if (!IsOk(result.status)) {
    return result;
  }
  recorder.Finish(code, *FindProgramType(TypeOf(target)));
  const Machine machine = {code,   maps.span(),         recorder,    facts,
                           target, runs.read_any_stack, runs.watched};
  for (uint64_t i = 0; i < runs.count && result.fault.empty(); ++i) {
    result.fault = RunChecked(machine, runs.seed + i, runs.vary, result);
  }
  if (result.fault.empty() && target == Target::kFunction) {
    result.fault =
        CheckFixed(code, facts, findings, Context(runs.seed, target));
  }
  return result;
}

}  // namespace ebpf::fuzzing
