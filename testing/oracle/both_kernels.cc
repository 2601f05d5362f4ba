// SPDX-License-Identifier: MIT
//
// testing/oracle/both_kernels.h's implementation.
#include "testing/oracle/both_kernels.h"

#include <cerrno>
#include <fstream>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/syscall/bpf.h"
#include "core/syscall/file_calls.h"
#include "core/syscall/system.h"
#include "testing/oracle/host_types.h"

namespace ebpf::oracle {
namespace {

int64_t Errno(int64_t result) { return result < 0 ? -errno : result; }

int64_t HostBpf(uint32_t command, const void* attr, uint32_t size) {
  return Errno(syscall(SYS_bpf, command, attr, size));
}
int64_t HostClose(int fd) { return Errno(close(fd)); }

}  // namespace

int64_t OurSide::Bpf(uint32_t command, const void* attr, uint32_t size) {
  return ebpf::Bpf(client(), command,
                   client().Pointer(reinterpret_cast<uint64_t>(attr)), size);
}

int64_t OurSide::Read(int64_t fd, void* to, size_t size) {
  return ebpf::Read(client(), static_cast<int32_t>(fd),
                    client().Pointer(reinterpret_cast<uint64_t>(to)), size);
}

int64_t OurSide::Close(int64_t fd) { return caller_.CloseFd(fd); }

std::string OurSide::FdInfo(int64_t fd) {
  char text[1024];
  const int64_t size = DescribeFd(client(), static_cast<int32_t>(fd), text);
  return size < 0 ? std::string() : std::string(text, text + size);
}

loader::Kernel OurSide::kernel() {
  loader::Kernel kernel;
  kernel.btf = RunningSystem()->kernel.btf;
  return kernel;
}

HostSide::HostSide() : types_(ReadHostTypes()), nobody_(Origin::kKernel) {}

bool HostSide::IsThere() const {
  return geteuid() == 0 && types_ && HostBpf(0, nullptr, 0) != -EPERM;
}

int64_t HostSide::Bpf(uint32_t command, const void* attr, uint32_t size) {
  return HostBpf(command, attr, size);
}

int64_t HostSide::Read(int64_t fd, void* to, size_t size) {
  return Errno(read(static_cast<int>(fd), to, size));
}

int64_t HostSide::Close(int64_t fd) { return HostClose(static_cast<int>(fd)); }

std::string HostSide::FdInfo(int64_t fd) {
  std::ifstream file("/proc/self/fdinfo/" + std::to_string(fd));
  std::string line, text;
  for (int i = 0; std::getline(file, line); ++i) {
    text += i < 4 ? "" : line + "\n";  // pos, flags, mnt_id, ino
  }
  return text;
}

loader::Kernel HostSide::kernel() {
  loader::Kernel kernel;
  kernel.btf = types_ ? &types_->btf() : nullptr;
  kernel.bpf = HostBpf;
  kernel.close = HostClose;
  return kernel;
}

}  // namespace ebpf::oracle
