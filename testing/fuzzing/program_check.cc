// SPDX-License-Identifier: MIT
#include "testing/fuzzing/program_check.h"

#include <cstdlib>
#include <cstring>

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

std::string RunChecked(const verifier::Code& code, Span<Map* const> maps,
                       const StateRecorder& recorder,
                       const std::vector<InsnFacts>& facts, uint64_t seed,
                       bool read_any_stack, Target target, uint64_t& steps) {
  std::vector<uint8_t> context = Context(seed, target);
  std::vector<uint8_t> packet = RandomBytes(seed, 1 + seed * 7 % 64);
  ReadSection reading;
  CheckedMachine machine(code, maps,
                         Span<uint8_t>(context.data(), context.size()),
                         read_any_stack, seed);
  if (target == Target::kPacket) {
    machine.SetPacket(Span<uint8_t>(packet.data(), packet.size()));
  }
  machine.Believe(facts);
  const std::string fault = machine.Run(kMaxSteps, [&](uint32_t index) {
    return !recorder.complete() || recorder.Has(index, machine);
  });
  steps += machine.steps();
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
  CheckResult result{};
  const verifier::TestMaps maps;
  FillHash(*maps.span()[verifier::kHash]);
  StateRecorder recorder(code);
  const bool read_any_stack = seed % 4 == 3;
  std::vector<InsnFacts> facts;
  verifier::Findings findings(PortAllocator());
  result.status = Verify(code, maps.span(), &recorder, result.stats, log,
                         read_any_stack, target, &facts, &findings);
  if (!IsOk(result.status)) {
    return result;
  }
  recorder.Finish(code, *FindProgramType(TypeOf(target)));
  for (uint64_t run = 0; run < 3 && result.fault.empty(); ++run) {
    result.fault = RunChecked(code, maps.span(), recorder, facts, seed + run,
                              read_any_stack, target, result.steps);
  }
  if (result.fault.empty() && target == Target::kFunction) {
    result.fault = CheckFixed(code, facts, findings, Context(seed, target));
  }
  return result;
}

}  // namespace ebpf::fuzzing
