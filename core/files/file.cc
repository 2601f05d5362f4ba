// SPDX-License-Identifier: MIT
//
// What a file answers to what its kind lacks, as in Linux.
#include "core/files/file.h"

#include "core/files/client.h"
#include "core/linux_abi/perf_event.h"

namespace ebpf {

void File::ReleaseLater() {
  if (ReleaseUnlessLast()) {
    return;
  }
  // Nobody has another reference to make one of, so this happens once.
  last_release_.file = this;
  last_release_.run = [](ebpf_deferred* work) {
    static_cast<LastRelease*>(work)->file->Release();
  };
  if (!ebpf_port_defer(&last_release_)) {
    Release();
  }
}

Result<Ref<File>> File::Reopen(uint32_t /*flags*/, Allocator& /*allocator*/) {
  return Status::kInvalid;
}

Result<Ref<File>> File::OpenByName(Allocator& /*allocator*/) {
  return Status::kIo;
}

Result<size_t> File::Read(Client& /*client*/, CallerPtr /*to*/,
                          size_t /*size*/) {
  return Status::kInvalid;
}

Result<size_t> File::Write(Client& /*client*/, CallerPtr /*from*/,
                           size_t /*size*/) {
  return Status::kInvalid;
}

uint32_t File::Poll() {
  return linux_abi::kPollIn | linux_abi::kPollOut | linux_abi::kPollReadNormal |
         linux_abi::kPollWriteNormal;
}

Status File::WakeReaders(void* /*file*/) { return Status::kNotSupported; }

Status File::Ioctl(Client& /*client*/, uint32_t /*command*/,
                   uint64_t /*argument*/) {
  return Status::kNotTty;
}

Result<MapPages> File::Mmap(Client& /*client*/, uint64_t /*offset*/,
                            uint64_t /*size*/, uint32_t /*protection*/) {
  return Status::kNoDevice;
}

}  // namespace ebpf
