// SPDX-License-Identifier: MIT
//
// Our kernel and the host's behind one face, for what both are told to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/btf/btf_object.h"
#include "core/files/client.h"
#include "core/loader/object.h"
#include "testing/caller/test_caller.h"

namespace ebpf::oracle {

/// A kernel, called with pointers of this process. All calls return what the
/// system call returns, or a negative errno.
class Side {
 public:
  virtual ~Side() = default;
  virtual int64_t Bpf(uint32_t command, const void* attr, uint32_t size) = 0;
  virtual int64_t Read(int64_t fd, void* to, size_t size) = 0;
  virtual int64_t Close(int64_t fd) = 0;
  /// Of /proc/self/fdinfo, the lines that are of the object.
  virtual std::string FdInfo(int64_t fd) = 0;
  /// What a loader::Object needs to load into it.
  virtual Client& client() = 0;
  virtual loader::Kernel kernel() = 0;

  template <typename Attr>
  int64_t Call(uint32_t command, const Attr& attr) {
    return Bpf(command, &attr, sizeof(attr));
  }
};

/// Ours, which runs (TestSystem).
class OurSide final : public Side {
 public:
  OurSide() : caller_(Origin::kKernel) {}

  int64_t Bpf(uint32_t command, const void* attr, uint32_t size) override;
  int64_t Read(int64_t fd, void* to, size_t size) override;
  int64_t Close(int64_t fd) override;
  std::string FdInfo(int64_t fd) override;
  Client& client() override { return caller_.client(); }
  loader::Kernel kernel() override;

 private:
  TestCaller caller_;
};

/// The host's.
class HostSide final : public Side {
 public:
  HostSide();

  /// Whether this process may use bpf(2), and the kernel tells its types.
  bool IsThere() const;

  int64_t Bpf(uint32_t command, const void* attr, uint32_t size) override;
  int64_t Read(int64_t fd, void* to, size_t size) override;
  int64_t Close(int64_t fd) override;
  std::string FdInfo(int64_t fd) override;
  Client& client() override { return nobody_.client(); }
  loader::Kernel kernel() override;

 private:
  const Ref<btf::BtfObject> types_;
  TestCaller nobody_;
};

}  // namespace ebpf::oracle
