// SPDX-License-Identifier: MIT
//
// core/files/perf_event_file.h's implementation.
#include "core/files/perf_event_file.h"

#include "core/files/client.h"
#include "core/files/program_file.h"
#include "core/linux_abi/perf_event.h"

namespace ebpf {

Result<Ref<File>> PerfEventFile::Create(Ref<PerfEvent> event,
                                        Allocator& allocator) {
  PerfEventFile* file =
      EBPF_TRY(allocator.New<PerfEventFile>(Move(event), allocator));
  return Ref<File>::Adopt(file);
}

Result<size_t> PerfEventFile::Read(Client& client, CallerPtr to, size_t size) {
  const uint64_t count = event_->count();
  if (size < sizeof(count)) {
    return Status::kNoSpace;
  }
  EBPF_TRY(client.CopyOut(to, &count, sizeof(count)));
  return sizeof(count);
}

uint32_t PerfEventFile::Poll() { return event_->Poll(); }

Result<MapPages> PerfEventFile::Mmap(uint64_t offset, uint64_t size,
                                     uint32_t protection) {
  return event_->Mmap(offset, size, protection);
}

Status PerfEventFile::Ioctl(Client& client, uint32_t command,
                            uint64_t argument) {
  switch (command) {
    case linux_abi::kPerfIocEnable:
      return event_->Enable();
    case linux_abi::kPerfIocDisable:
      event_->Disable();
      return Status::kOk;
    case linux_abi::kPerfIocReset:
      event_->ResetCount();
      return Status::kOk;
    case linux_abi::kPerfIocId: {
      const uint64_t id = event_->id();
      return client.CopyOut(client.Pointer(argument), &id, sizeof(id));
    }
    case linux_abi::kPerfIocSetBpf: {
      const auto fd = static_cast<int32_t>(argument);
      Ref<File> file = EBPF_TRY(client.fds().Get(fd));
      ProgramFile* program = file->AsProgram();
      if (program == nullptr) {
        return Status::kInvalid;
      }
      return event_->SetProgram(program->program(), 0);
    }
    default:
      return Status::kNotTty;
  }
}

void PerfEventFile::Destroy() { allocator_.Delete(this); }

}  // namespace ebpf
