// SPDX-License-Identifier: MIT
//
// The steps of a verification, and its memory.
#include "core/verifier/verifier.h"

#include "core/platform/time.h"
#include "core/verifier/call_chain.h"
#include "core/verifier/cfg.h"
#include "core/verifier/diagnosis.h"
#include "core/verifier/effects.h"
#include "core/verifier/exceptions.h"
#include "core/verifier/exploration.h"
#include "core/verifier/facts.h"
#include "core/verifier/fast_call.h"
#include "core/verifier/global_function.h"
#include "core/verifier/liveness.h"
#include "core/verifier/packet.h"
#include "core/verifier/relevance.h"
#include "core/verifier/state_observer.h"
#include "core/verifier/structure.h"

namespace ebpf::verifier {
namespace {

/// After so many calls back numbers that change from call to call are taken for
/// any number: in a first attempt, which is as good for most programs, and in a
/// second one, which follows counters as far as it can.
constexpr uint32_t kWidenSoon = 4;
constexpr uint32_t kWidenLate = 4096;

Status AllocateAll(Verification& v) {
  EBPF_TRY(v.loops_done.PushBack(true));  // 0: none
  v.infos = EBPF_TRY(v.allocator.NewArray<InsnInfo>(v.insns.size()));
  v.subprograms = EBPF_TRY(v.allocator.NewArray<Subprogram>(kMaxSubprograms));
  v.graph = EBPF_TRY(v.allocator.NewArray<CallGraph>(1));
  // Arrays: New would fill them with zeros once more.
  v.state = EBPF_TRY(v.allocator.NewArray<State>(1)).data();
  v.ids = EBPF_TRY(v.allocator.New<IdMap>());
  if (v.log.wants_diagnosis()) {
    v.record = EBPF_TRY(v.allocator.NewArray<Record>(1)).data();
  }
  return Status::kOk;
}

void FreeAll(Verification& v) {
  FreeExploration(v);
  if (v.ids != nullptr) {
    v.allocator.Delete(v.ids);
  }
  if (v.state != nullptr) {
    v.allocator.DeleteArray(Span<State>(v.state, 1));
  }
  if (!v.subprograms.empty()) {
    v.allocator.DeleteArray(
        Span<Subprogram>(v.subprograms.data(), kMaxSubprograms));
  }
  if (v.record != nullptr) {
    v.allocator.DeleteArray(Span<Record>(v.record, 1));
  }
  v.allocator.DeleteArray(v.graph);
  v.allocator.DeleteArray(v.relevance);
  v.allocator.DeleteArray(v.infos);
}

Status Run(Verification& v) {
  if (v.insns.empty()) {
    return v.Reject(Message::kNoInsns);
  }
  if (v.insns.size() > kMaxProgramInsns) {
    return v.Reject(Message::kTooManyInsns,
                    static_cast<uint64_t>(v.insns.size()));
  }
  EBPF_TRY(AllocateAll(v));
  EBPF_TRY(CheckStructure(v));
  FindCalls(v);
  FindFastCalls(v);
  FindPacketMovers(v);
  FindEffects(v);
  EBPF_TRY(CheckGraph(v));
  ComputeLiveness(v);
  EBPF_TRY(ComputeRelevance(v));
  EBPF_TRY(WalkAll(v));
  EBPF_TRY(CheckCallChains(v));
  EBPF_TRY(CheckExceptionCallback(v));
  return Status::kOk;
}

Status WriteFindings(Verification& v, Findings& findings) {
  EBPF_TRY(findings.functions.Allocate(v.subprograms.size()));
  EBPF_TRY(findings.calls.Allocate(v.insns.size()));
  for (uint32_t i = 0; i < v.subprograms.size(); ++i) {
    const Subprogram& subprogram = v.subprograms[i];
    findings.functions[i] = {subprogram.start, subprogram.stack_depth,
                             subprogram.has_may_goto};
  }
  for (uint32_t i = 0; i < v.insns.size(); ++i) {
    findings.calls[i] = v.infos[i].call;
  }
  EBPF_TRY(findings.graph.Allocate(1));
  findings.graph[0] = v.graph[0];
  return Status::kOk;
}

void LogStats(const Verification& v) {
  if (!v.log.enabled()) {
    return;
  }
  const Stats& stats = v.stats;
  TextWriter& writer = v.log.writer();
  if (v.log.wants(kLogStats)) {
    writer.Put("verification time ");
    writer.PutUnsigned((ebpf_port_time_ns() - v.start_time) / 1000);
    writer.Put(" usec\nstack depth ");
    for (size_t i = 0; i < v.subprograms.size(); ++i) {
      if (v.subprograms[i].end == 0) {
        break;  // refused before they were found
      }
      writer.Put(i == 0 ? "" : "+")
          .PutUnsigned(LoggedStackOf(v, static_cast<uint32_t>(i)));
    }
    writer.Put('\n');
  }
  writer.Put("processed ").PutUnsigned(stats.insns_processed);
  writer.Put(" insns (limit ").PutUnsigned(kMaxInsnsProcessed);
  writer.Put(") max_states_per_insn ").PutUnsigned(stats.max_states_per_insn);
  writer.Put(" total_states ").PutUnsigned(stats.total_states);
  writer.Put(" peak_states ").PutUnsigned(stats.peak_states);
  writer.Put(" mark_read 0\n");
}

Status Attempt(isa::ConstInsns insns, Span<Map* const> maps,
               const Options& options, Allocator& allocator, Log& log,
               Span<InsnFacts> facts, Stats& stats, Findings* findings,
               uint32_t widen_after, bool& widened) {
  // Allocated: a kernel's stack may have 8 KiB, and the walk needs it.
  Verification* const memory = EBPF_TRY(
      allocator.New<Verification>(insns, maps, options, allocator, log, stats));
  Verification& v = *memory;
  v.widen_after = widen_after;
  v.start_time = log.wants(kLogStats) ? ebpf_port_time_ns() : 0;
  Status status = Run(v);
  if (IsOk(status)) {
    WriteFacts(v, facts);
    if (findings != nullptr) {
      status = WriteFindings(v, *findings);
    }
  }
  if (!IsOk(status)) {
    WriteDiagnosis(v);
  }
  LogStats(v);
  FreeAll(v);
  widened = v.widened;
  allocator.Delete(memory);
  return status;
}

}  // namespace

Status Verify(isa::ConstInsns insns, Span<Map* const> maps,
              const Options& options, Allocator& allocator, Log& log,
              Span<InsnFacts> facts, Stats& stats, Findings* findings) {
  stats = Stats{};
  if (options.type == nullptr) {
    return Status::kInvalid;
  }
  if (!log.wants(kLogFixed)) {
    log.writer().Roll();
  }
  bool widened = false;
  Status status = Attempt(insns, maps, options, allocator, log, facts, stats,
                          findings, kWidenSoon, widened);
  if (widened && !IsOk(status) && status != Status::kNoMemory) {
    // Perhaps since a number was forgotten that matters.
    stats = Stats{};
    log.writer().Clear();
    if (options.observer != nullptr) {
      options.observer->StartAgain();
    }
    status = Attempt(insns, maps, options, allocator, log, facts, stats,
                     findings, kWidenLate, widened);
  }
  log.writer().StopRolling();
  return status;
}

}  // namespace ebpf::verifier
