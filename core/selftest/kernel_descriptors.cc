// SPDX-License-Identifier: MIT
#include "core/selftest/kernel_descriptors.h"

#include "core/base/atomic.h"
#include "core/files/file.h"
#include "core/memory/allocator.h"

namespace ebpf::selftest {
namespace {

/// Files that have not gone. A port that is wrong may keep one for ever.
constinit Atomic<uint32_t> left{0};

/// A file that can do nothing but go.
class TestFile final : public File {
 public:
  const char* name() const override { return "anon_inode:ebpf-selftest"; }

 private:
  friend class ebpf::Allocator;

  TestFile() { left.FetchAdd(1, kRelaxed); }
  ~TestFile() = default;

  void Destroy() override {
    PortAllocator().Delete(this);
    left.FetchSub(1, kRelease);  // Left(): its memory is given back, too
  }
};

File* FileOf(ebpf_file* file) { return reinterpret_cast<File*>(file); }

}  // namespace

uint32_t KernelDescriptors::Left() const {
  return left.Load(kAcquire) - left_before_;  // Destroy()
}

ebpf_file* KernelDescriptors::NewFile() {
  if (kernel_.close_fd == nullptr) {
    return nullptr;
  }
  const Result<TestFile*> file = PortAllocator().New<TestFile>();
  return file.ok() ? reinterpret_cast<ebpf_file*>(static_cast<File*>(*file))
                   : nullptr;
}

void KernelDescriptors::Keep(ebpf_file* file) { FileOf(file)->Acquire(); }

void KernelDescriptors::Put(ebpf_file* file) { FileOf(file)->Release(); }

uint32_t KernelDescriptors::References(ebpf_file* file) const {
  return FileOf(file)->ref_count();
}

}  // namespace ebpf::selftest
