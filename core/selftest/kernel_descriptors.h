// SPDX-License-Identifier: MIT
//
// core/selftest/environment.h's Descriptors, of core's files and the calls of
// ebpf_selftest_kernel.
#pragma once

#include "core/selftest/environment.h"
#include "core/selftest/selftest.h"

namespace ebpf::selftest {

class KernelDescriptors final : public Descriptors {
 public:
  /// `kernel` outlives it.
  explicit KernelDescriptors(const ebpf_selftest_kernel& kernel)
      : kernel_(kernel) {}

  /// Another case begins: whatever an earlier one left is not its own.
  void Begin() { left_before_ += Left(); }

  ebpf_file* NewFile() override;
  void Keep(ebpf_file* file) override;
  void Put(ebpf_file* file) override;
  uint32_t References(ebpf_file* file) const override;
  uint32_t Left() const override;
  int Close(int fd) override { return kernel_.close_fd(fd); }
  int Duplicate(int fd) override {
    return kernel_.duplicate_fd != nullptr ? kernel_.duplicate_fd(fd) : -1;
  }
  int OpenKernels() override {
    return kernel_.open_own != nullptr ? kernel_.open_own() : -1;
  }

 private:
  const ebpf_selftest_kernel& kernel_;
  uint32_t left_before_ = 0;
};

}  // namespace ebpf::selftest
