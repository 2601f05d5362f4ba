// SPDX-License-Identifier: MIT
//
// What a hit of a probe costs, beside a call and the cheapest trap that this
// CPU can take in the same kernel.
#include "core/capi/ebpf.h"
#include "core/files/client.h"
#include "core/loader/object.h"
#include "core/memory/allocator.h"
#include "core/probes/kprobe.h"
#include "core/probes/return_hook.h"
#include "testing/guest/bench/figures.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/probe_bench/subjects.h"
#include "testing/programs/empty_object.h"

namespace guest::probe_bench {
namespace {

using bench::bench_nothing;
using bench::CostOfCall;
using bench::Hundredths;
using bench::Report;
using bench::Start;
using ebpf::Kprobe;
using ebpf::StringView;

class Empty final : public ebpf::KprobeConsumer {
 public:
  void Hit(ebpf::machine::PtRegs& /*regs*/) override {}
};

uint64_t AddressOf(const Subject& subject) {
  return reinterpret_cast<uintptr_t>(subject.function) + subject.offset;
}

void ReportHit(StringView what, StringView detail, void (*function)(),
               Hundredths plain) {
  const Hundredths probed = CostOfCall(function);
  Report(what, detail, probed - plain);
}

GUEST_TEST(ProbeBench, CallAndBareTrap) {
  const Hundredths call = CostOfCall(bench_nothing);
  Report("call", "", call);
  BareVector vector;
  ReportHit("bare_trap", "", bench_breakpoint, call);
}

GUEST_TEST(ProbeBench, KprobeWithEmptyHandler) {
  GUEST_ASSERT(Start());
  Empty empty;
  for (const Subject* subject = bench_subjects; subject != bench_subjects_end;
       ++subject) {
    const Hundredths plain = CostOfCall(subject->function);
    auto probe = ebpf::AttachKprobe({}, AddressOf(*subject), 0, empty);
    GUEST_ASSERT(probe.ok());
    GUEST_ASSERT(IsOk((*probe)->Enable()));
    ReportHit(kKinds[subject->kind], subject->symbol + sizeof kPrefix - 1,
              subject->function, plain);
    (*probe)->Detach();
  }
}

class EmptyReturn final : public ebpf::ReturnConsumer {
 public:
  void Returned(ebpf::machine::PtRegs& /*regs*/,
                const ebpf::ReturnedCall& /*call*/) override {}
};

GUEST_TEST(ProbeBench, KretprobeWithEmptyHandler) {
  GUEST_ASSERT(Start());
  EmptyReturn empty;
  ebpf::ReturnHook hook(empty);
  GUEST_ASSERT(IsOk(ebpf::ReturnHook::Prepare()));
  const Subject& subject = bench_subjects[0];
  const Hundredths plain = CostOfCall(subject.function);
  {
    auto probe = ebpf::AttachKprobe({}, AddressOf(subject), 0, hook);
    GUEST_ASSERT(probe.ok());
    GUEST_ASSERT(IsOk((*probe)->Enable()));
    ReportHit("kretprobe", "", subject.function, plain);
    (*probe)->Detach();
  }
  hook.Cancel();
  GUEST_EXPECT_EQ(hook.missed(), 0);
}

GUEST_TEST(ProbeBench, KprobeWithEmptyProgram) {
  GUEST_ASSERT(Start());
  const Hundredths plain = CostOfCall(bench_subjects[0].function);
  ebpf_client* client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  GUEST_ASSERT(client != nullptr);
  {
    static char buffer[1024];
    ebpf::TextWriter log(buffer, sizeof buffer);
    ebpf::loader::Object object(*reinterpret_cast<ebpf::Client*>(client),
                                ebpf::PortAllocator(), log);
    GUEST_ASSERT(IsOk(object.Open(empty_object())));
    GUEST_ASSERT(IsOk(object.Load()));
    const char* const name = bench_subjects[0].symbol;
    const ebpf::Result<int> link = object.Attach(0, name);
    GUEST_ASSERT(link.ok());
    ReportHit("kprobe_program", "", bench_subjects[0].function, plain);
    GUEST_EXPECT(IsOk(object.Detach(*link)));
  }
  ebpf_client_delete(client);
}

}  // namespace
}  // namespace guest::probe_bench
