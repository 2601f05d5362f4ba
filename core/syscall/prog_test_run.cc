// SPDX-License-Identifier: MIT
//
// BPF_PROG_TEST_RUN: runs a program with a packet and a context that the client
// gives, and gives it what became of them.
#include "core/files/program_file.h"
#include "core/program_types/type_sets.h"
#include "core/syscall/test_run.h"

namespace ebpf {
namespace {

using linux_abi::ProgTestRunAttr;

/// Of tracing programs there are iterators', which only run for a file: Linux's
/// answers.
Status RefuseTracing(const TestRun& run) {
  const ProgTestRunAttr& attr = run.attr;
  return attr.flags != 0 || attr.cpu != 0 || attr.batch_size != 0
             ? Status::kInvalid
             : Status::kFault;
}

/// Who runs programs of this type; null: nobody.
Status (*RunnerOf(ProgramTypeId type))(const TestRun&) {
  if (Contains(type_words::PacketInSkBuff, type)) {
    return TestRunSkb;
  }
  switch (type) {
    case ProgramTypeId::kXdp:
      return TestRunXdp;
    case ProgramTypeId::kFlowDissector:
      return TestRunFlowDissector;
    case ProgramTypeId::kRawTracepoint:
      return TestRunRawTracepoint;
    case ProgramTypeId::kSyscall:
      return TestRunSyscall;
    case ProgramTypeId::kTracing:
      return RefuseTracing;
    default:
      return nullptr;
  }
}

/// A pointer and a size come together or not at all.
bool AreBothOrNone(uint64_t pointer, uint32_t size) {
  return (pointer != 0) == (size != 0);
}

}  // namespace

Result<int> ProgTestRun(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<ProgTestRunAttr>(raw));
  if (attr.padding != 0 || !AreBothOrNone(attr.ctx_in, attr.ctx_size_in) ||
      !AreBothOrNone(attr.ctx_out, attr.ctx_size_out)) {
    return Status::kInvalid;
  }
  Ref<File> file =
      EBPF_TRY(call.client.fds().Get(static_cast<int32_t>(attr.prog_fd)));
  if (file->AsJudgedProgram() != nullptr) {
    return Status::kNotSupportedLinux;  // judged for another kernel
  }
  ProgramFile* program = file->AsProgram();
  if (program == nullptr) {
    return Status::kInvalid;
  }
  Status (*const runner)(const TestRun&) =
      RunnerOf(program->program()->type().id);
  if (runner == nullptr) {
    return Status::kNotSupportedLinux;
  }
  EBPF_TRY(runner(TestRun{call, attr, *program->program()}));
  return 0;
}

}  // namespace ebpf
