// SPDX-License-Identifier: MIT
//
// The list of the contract's topics.
#include "core/selftest/contract.h"

#include "core/platform/cpu.h"
#include "core/platform/version.h"
#include "core/selftest/case.h"
#include "core/selftest/line.h"

namespace ebpf::selftest {
namespace {

struct Group {
  Span<const Case> (*cases)();
  uint32_t tier;
};

// What comes later may need what came before.
constexpr Group kGroups[] = {
    {VersionCases, 0}, {CpuCases, 0},   {ThisCpuCases, 0}, {MemoryCases, 0},
    {TimeCases, 0},    {UserCases, 0},  {LogCases, 0},     {SymbolsCases, 1},
    {NofaultCases, 1}, {DeferCases, 1}, {TextCases, 1},    {RendezvousCases, 1},
    {ExecCases, 1},    {TrapCases, 1},  {FilesCases, 2},   {MappableCases, 2},
    {TaskCases, 3},    {StackCases, 3}, {TimerCases, 3},   {CallCases, 3},
};

struct Run {
  Environment& environment;
  uint32_t tiers;
  Score score;
};

void RunCase(void* context, const Case& test, uint32_t tier) {
  Run& run = *static_cast<Run*>(context);
  if ((run.tiers >> tier & 1) == 0) {
    return;
  }
  run.environment.Begin(test.name);
  if (test.may_kill) {
    Line line;
    line.writer().Put("try ").Put(test.name);
  }
  const uintptr_t interrupts = ebpf_port_irq_save();
  ebpf_port_irq_restore(interrupts);
  test.run(run.environment);
  if (run.environment.InterruptsMasked()) {
    run.environment.Failed(__FILE__, __LINE__, "interrupts are on again");
    ebpf_port_irq_restore(interrupts);
  }
  run.environment.End();
  TierScore& score = run.score.tiers[tier];
  switch (run.environment.TakeVerdict()) {
    case Environment::Verdict::kPassed:
      ++score.passed;
      break;
    case Environment::Verdict::kSkipped:
      ++score.skipped;
      break;
    case Environment::Verdict::kFailed:
      ++score.failed;
      break;
  }
}

void Log(const Score& score) {
  Line line;
  auto& writer = line.writer();
  writer.Put("contract ").PutUnsigned(EBPF_PORT_API);
  for (uint32_t tier = 0; tier < kTiers; ++tier) {
    const TierScore& own = score.tiers[tier];
    const uint32_t ran = own.passed + own.failed;
    if (ran + own.skipped == 0) {
      continue;
    }
    writer.Put(", T").PutUnsigned(tier).Put(" ").PutUnsigned(own.passed);
    writer.Put(" of ").PutUnsigned(ran);
    if (own.skipped != 0) {
      writer.Put(" (").PutUnsigned(own.skipped).Put(" skipped)");
    }
  }
}

}  // namespace

uint32_t Score::FailedTiers() const {
  uint32_t failed = 0;
  for (uint32_t tier = 0; tier < kTiers; ++tier) {
    failed |= tiers[tier].failed != 0 ? 1u << tier : 0;
  }
  return failed;
}

void ForEachCase(void (*visit)(void* context, const Case& test, uint32_t tier),
                 void* context) {
  for (const Group& group : kGroups) {
    for (const Case& test : group.cases()) {
      visit(context, test, group.tier);
    }
  }
}

Score RunContract(Environment& environment, uint32_t tiers) {
  Run run = {environment, tiers, {}};
  ForEachCase(RunCase, &run);
  Log(run.score);
  return run.score;
}

}  // namespace ebpf::selftest
