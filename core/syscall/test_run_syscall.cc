// SPDX-License-Identifier: MIT
//
// BPF_PROG_TEST_RUN for programs of type syscall, which make system calls on
// behalf of the client that runs them: loaders of light skeletons.
#include "core/base/string_view.h"
#include "core/program/task_run.h"
#include "core/syscall/bpf.h"
#include "core/syscall/file_calls.h"
#include "core/syscall/test_run.h"

namespace ebpf {
namespace {

constexpr uint32_t kMaxContextBytes = 0xffff;

/// The commands that Linux lets programs give.
bool IsForPrograms(uint32_t command) {
  constexpr uint32_t kMapGetFdByIdNumber = 14;
  constexpr uint32_t kRawTracepointOpenNumber = 17;
  constexpr uint32_t kLinkCreateNumber = 28;
  switch (command) {
    case linux_abi::kMapCreate:
    case linux_abi::kMapDeleteElem:
    case linux_abi::kMapUpdateElem:
    case linux_abi::kMapFreeze:
    case kMapGetFdByIdNumber:
    case linux_abi::kProgLoad:
    case linux_abi::kBtfLoad:
    case kLinkCreateNumber:
    case kRawTracepointOpenNumber:
      return true;
    default:
      return false;
  }
}

class Services final : public TaskServices {
 public:
  Services(const System& system, Client& client)
      : system_(system), client_(client) {}

  int64_t Bpf(uint32_t command, void* attr, uint32_t size) override {
    return IsForPrograms(command)
               ? ebpf::Bpf(client_, command,
                           client_.Pointer(reinterpret_cast<uint64_t>(attr)),
                           size)
               : -static_cast<int64_t>(Status::kInvalid);
  }
  int64_t Close(int fd) override { return ebpf::Close(client_, fd); }
  int64_t FindType(StringView name, uint32_t kind) override {
    const btf::Btf* const types = system_.kernel.btf;
    if (types == nullptr) {
      return -static_cast<int64_t>(Status::kInvalid);
    }
    const Result<btf::TypeId> id =
        types->Find(static_cast<btf::Kind>(kind), name);
    return id.ok() ? static_cast<int64_t>(*id)
                   : -static_cast<int64_t>(id.status());
  }

 private:
  const System& system_;
  Client& client_;
};

Status RunIn(const TestRun& run, Client& client, Bytes context) {
  Allocator& allocator = *run.call.system.allocator;
  Services services(run.call.system, client);
  TaskRun* task = EBPF_TRY(allocator.New<TaskRun>(services));
  uint64_t result = 0;
  const bool ran = run.program.RunInTask(
      *task, context.empty() ? nullptr : context.data(), result);
  allocator.Delete(task);
  if (!ran) {
    return Status::kBusy;
  }
  EBPF_TRY(CopyRetvalOut(run, static_cast<uint32_t>(result)));
  return run.call.client.CopyOut(run.call.client.Pointer(run.attr.ctx_in),
                                 context.data(), context.size());
}

}  // namespace

Status TestRunSyscall(const TestRun& run) {
  const linux_abi::ProgTestRunAttr& attr = run.attr;
  if (attr.data_in != 0 || attr.data_out != 0 || attr.ctx_out != 0 ||
      attr.duration != 0 || attr.repeat != 0 || attr.flags != 0 ||
      attr.batch_size != 0 || attr.ctx_size_in < ContextBytes(run.program) ||
      attr.ctx_size_in > kMaxContextBytes) {
    return Status::kInvalid;
  }
  Allocator& allocator = *run.call.system.allocator;
  Buffer<uint8_t> context(allocator);
  EBPF_TRY(context.Allocate(attr.ctx_size_in));
  Client& caller = run.call.client;
  EBPF_TRY(caller.CopyIn(context.span().data(), caller.Pointer(attr.ctx_in),
                         context.span().size()));
  Client* client = EBPF_TRY(Client::CreateForProgram(caller, allocator));
  const Status status = RunIn(run, *client, context.span());
  client->Delete();
  return status;
}

}  // namespace ebpf
