// SPDX-License-Identifier: MIT
//
// The catalogue of events by the types of a kernel of ours: programs of
// SEC("tp_btf/...") know what they get.
#include <string>

#include "core/files/program_file.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/syscall/system.h"
#include "core/tracepoints/events/exceptions.h"
#include "core/tracepoints/events/irq.h"
#include "core/tracepoints/events/net.h"
#include "core/tracepoints/events/power.h"
#include "core/tracepoints/events/raw_syscalls.h"
#include "core/tracepoints/events/sched.h"
#include "core/tracepoints/events/task.h"
#include "core/tracepoints/events/timer.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

/// One of each source, so that all of them are here.
const Tracepoint* const kCatalogue[] = {
    &PageFaultUser::tracepoint,       &IrqHandlerEntry::tracepoint,
    &NetifReceiveSkb::tracepoint,     &CpuIdle::tracepoint,
    &RawSyscallsSysEnter::tracepoint, &SchedSwitch::tracepoint,
    &TaskRename::tracepoint,          &TimerInit::tracepoint};

constexpr uint32_t kTracing = 26;
constexpr uint32_t kTraceRawTp = 23;

class TypedTracepointTest : public SyscallTest {
 protected:
  ~TypedTracepointTest() override { caller_.client().fds().CloseAll(); }

  const btf::Btf& types() const { return *RunningSystem()->kernel.btf; }
  Result<btf::TypeId> TypedefOf(StringView name) const {
    const std::string typedef_name =
        "btf_trace_" + std::string(name.data(), name.size());
    return types().Find(btf::Kind::kTypedef, typedef_name.c_str());
  }
  /// How many arguments programs see.
  uint32_t CountOf(btf::TypeId id) const {
    const btf::Type pointer =
        *types().TypeAt((*types().TypeAt(id)).size_or_type);
    EXPECT_EQ(pointer.kind, btf::Kind::kPointer);
    const btf::Type prototype = *types().TypeAt(pointer.size_or_type);
    EXPECT_EQ(prototype.kind, btf::Kind::kFunctionProto);
    return prototype.member_count - 1;
  }
};

INSTANTIATE_TEST_SUITE_P(, TypedTracepointTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(TypedTracepointTest, EachTracepointOfTheCatalogueHasItsTypes) {
  for (const Tracepoint* tracepoint : kCatalogue) {
    EXPECT_NE(tracepoint->id, 0u);
  }
  uint32_t count = 0;
  TraceEventRef event = TraceEvents::Next(0);
  for (; event; event = TraceEvents::Next(event->id())) {
    const std::string name(event->name().data(), event->name().size());
    const Tracepoint* const tracepoint = FindTracepoint(name.c_str());
    if (tracepoint == nullptr || tracepoint->id != event->id()) {
      continue;  // not of the catalogue
    }
    const Result<btf::TypeId> id = TypedefOf(event->name());
    ASSERT_TRUE(id.ok()) << name;
    EXPECT_EQ(CountOf(*id), tracepoint->info->argument_count) << name;
    ++count;
  }
  EXPECT_GE(count, 34u);
}

TEST_P(TypedTracepointTest, AProgramRunsWithItsArguments) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  // The word of the second argument; the third is none of Linux's.
  const auto code = [map](int16_t offset) {
    return Code{Insn(0x79, 0, 1, offset, 0),
                LoadLow(1, isa::kPseudoMapValue, static_cast<int32_t>(map)),
                LoadHigh(0),
                Insn(0x7b, 1, 0, 0, 0),
                MovImm(0, 0),
                Exit()};
  };
  const auto load = [this](const Code& insns) {
    linux_abi::ProgLoadAttr attr = caller_.Program(kTracing, insns);
    attr.expected_attach_type = kTraceRawTp;
    attr.attach_btf_id = *TypedefOf("task_rename");
    return caller_.Call(linux_abi::kProgLoad, attr);
  };
  EXPECT_EQ(load(code(16)), Minus(Status::kAccess));
  const int64_t program = load(code(8));
  ASSERT_GE(program, 0);
  const int64_t link = caller_.Call(
      linux_abi::kRawTracepointOpen,
      linux_abi::RawTracepointAttr{0, static_cast<uint32_t>(program), 0, 0});
  ASSERT_GE(link, 0);

  const TraceTask task = {nullptr, "before", 7, 120};
  const char comm[] = "behind";
  EBPF_TRACE(TaskRename, task.task, comm, &task);

  const uint64_t value = caller_.Put(uint64_t{0});
  ASSERT_EQ(caller_.Elem(linux_abi::kMapLookupElem, map,
                         caller_.Put(uint32_t{0}), value),
            0);
  EXPECT_EQ(caller_.Get<uint64_t>(value), reinterpret_cast<uint64_t>(comm));
}

}  // namespace
}  // namespace ebpf
