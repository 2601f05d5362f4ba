// SPDX-License-Identifier: MIT
//
// testing/linux_calls/kernel.h's two kernels.
#include "testing/linux_calls/kernel.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <linux/capability.h>
#include <list>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/objects/cgroup_programs.h"
#include "core/platform/task.h"
#include "testing/caller/test_caller.h"
#include "testing/host_port/host_cgroup.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_user.h"

namespace ebpf::linux_calls {
namespace {

/// What these tests know of Linux's answers is of this version and newer.
constexpr int kOldestMajor = 6;
constexpr int kOldestMinor = 6;

// nop; ret
constexpr uint8_t kProbed[] = {0x90, 0xc3};

class Ours final : public Kernel {
 public:
  Ours() : caller_(Origin::kUser), text_("linux_calls_probed", kProbed) {}
  ~Ours() override {
    SetHostCapabilities(~uint64_t{0});
    RemoveAllCgroups();
  }

  uint64_t Put(const void* from, size_t size) override {
    return caller_.Put(from, size);
  }
  void* At(uint64_t address) override { return caller_.At(address); }

  int64_t Bpf(uint32_t command, uint64_t attr, uint32_t size) override {
    return caller_.BpfAt(command, attr, size);
  }
  int64_t PerfEventOpen(uint64_t attr, int32_t pid, int32_t cpu,
                        int32_t group_fd, uint64_t flags) override {
    return ebpf::PerfEventOpen(client(), client().Pointer(attr), pid, cpu,
                               group_fd, flags);
  }
  int64_t Close(int64_t fd) override { return ebpf::Close(client(), Fd(fd)); }
  int64_t Read(int64_t fd, uint64_t to, uint64_t size) override {
    return ebpf::Read(client(), Fd(fd), client().Pointer(to), size);
  }
  int64_t Poll(int64_t fd) override { return ebpf::Poll(client(), Fd(fd)); }
  int64_t Ioctl(int64_t fd, uint32_t command, uint64_t argument) override {
    return ebpf::Ioctl(client(), Fd(fd), command, argument);
  }
  int64_t Mmap(int64_t fd, uint64_t offset, uint64_t size,
               uint32_t protection) override {
    MapPages pages;
    return ebpf::Mmap(client(), Fd(fd), offset, size, protection, &pages);
  }
  void SetRights(uint64_t mask) override { SetHostCapabilities(mask); }
  linux_abi::PerfEventAttr Probe() override {
    return caller_.Kprobe("linux_calls_probed");
  }
  uint32_t Process() override {
    uint32_t thread;
    uint32_t process;
    ebpf_port_task_ids(&thread, &process);
    return process;
  }
  int64_t Cgroup(int number) override { return kHostCgroupFd + number; }

 private:
  static int32_t Fd(int64_t fd) { return static_cast<int32_t>(fd); }
  Client& client() { return caller_.client(); }

  TestCaller caller_;
  HostText text_;
};

int64_t Errno(int64_t result) { return result < 0 ? -errno : result; }

[[gnu::noinline]] void HostProbed() { asm volatile("" ::: "memory"); }

class Host final : public Kernel {
 public:
  uint64_t Put(const void* from, size_t size) override {
    // A multiple of 8 bytes, as the other caller's memory.
    memory_.emplace_back(new uint64_t[size / 8 + 1]());
    if (from != nullptr) {
      memcpy(memory_.back().get(), from, size);
    }
    return reinterpret_cast<uint64_t>(memory_.back().get());
  }
  void* At(uint64_t address) override {
    return reinterpret_cast<void*>(address);
  }

  int64_t Bpf(uint32_t command, uint64_t attr, uint32_t size) override {
    return Errno(syscall(SYS_bpf, command, attr, size));
  }
  int64_t PerfEventOpen(uint64_t attr, int32_t pid, int32_t cpu,
                        int32_t group_fd, uint64_t flags) override {
    return Errno(syscall(SYS_perf_event_open, attr, pid, cpu, group_fd, flags));
  }
  int64_t Close(int64_t fd) override { return Errno(close(Fd(fd))); }
  int64_t Read(int64_t fd, uint64_t to, uint64_t size) override {
    return Errno(read(Fd(fd), At(to), size));
  }
  int64_t Poll(int64_t fd) override {
    pollfd one = {Fd(fd), POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM, 0};
    const int64_t result = Errno(poll(&one, 1, 0));
    return result < 0 ? result : one.revents;
  }
  int64_t Ioctl(int64_t fd, uint32_t command, uint64_t argument) override {
    return Errno(ioctl(Fd(fd), command, argument));
  }
  int64_t Mmap(int64_t fd, uint64_t offset, uint64_t size,
               uint32_t protection) override {
    void* mapped = mmap(nullptr, size, static_cast<int>(protection), MAP_SHARED,
                        Fd(fd), static_cast<off_t>(offset));
    if (mapped == MAP_FAILED) {
      return -errno;
    }
    munmap(mapped, size);
    return 0;
  }
  void SetRights(uint64_t mask) override {
    // The effective set of this thread; what is permitted stays.
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    syscall(SYS_capget, &header, data);
    data[0].effective = data[0].permitted & static_cast<uint32_t>(mask);
    data[1].effective = data[1].permitted & static_cast<uint32_t>(mask >> 32);
    syscall(SYS_capset, &header, data);
  }
  ~Host() override {
    SetRights(~uint64_t{0});
    for (auto group = groups_.rbegin(); group != groups_.rend(); ++group) {
      close(group->second);
      rmdir(group->first.c_str());  // and what is attached to it goes
    }
  }

  uint32_t Process() override { return static_cast<uint32_t>(getpid()); }
  int64_t Cgroup(int number) override {
    std::string path = CgroupRoot();
    if (path.empty()) {
      return -1;
    }
    path += "/linux_calls_" + std::to_string(getpid());
    int fd = -1;
    const std::string digits = std::to_string(number);
    for (size_t level = 0; level <= digits.size(); ++level) {
      path += level == 0 ? "" : "/" + digits.substr(0, level);
      const auto known =
          std::find_if(groups_.begin(), groups_.end(),
                       [&](const auto& group) { return group.first == path; });
      if (known != groups_.end()) {
        fd = known->second;
        continue;
      }
      if (mkdir(path.c_str(), 0755) != 0) {
        return -1;
      }
      fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      groups_.emplace_back(path, fd);
    }
    return fd;
  }

  /// A uprobe: not every Linux has kprobes, and for these calls it is the same.
  linux_abi::PerfEventAttr Probe() override {
    linux_abi::PerfEventAttr attr{};
    std::ifstream("/sys/bus/event_source/devices/uprobe/type") >> attr.type;
    attr.size = sizeof(attr);
    attr.config1 = Kernel::Put("/proc/self/exe");
    attr.config2 = FileOffsetOf(reinterpret_cast<uint64_t>(&HostProbed));
    attr.flags = linux_abi::kPerfDisabled;
    return attr;
  }

 private:
  static int Fd(int64_t fd) { return static_cast<int>(fd); }

  /// Where a cgroup2 is mounted; empty: nowhere.
  static std::string CgroupRoot() {
    std::ifstream mounts("/proc/self/mounts");
    std::string device;
    std::string path;
    std::string kind;
    std::string rest;
    while (mounts >> device >> path >> kind && std::getline(mounts, rest)) {
      if (kind == "cgroup2") {
        return path;
      }
    }
    return "";
  }

  static uint64_t FileOffsetOf(uint64_t address) {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
      unsigned long begin = 0;
      unsigned long end = 0;
      unsigned long offset = 0;
      if (sscanf(line.c_str(), "%lx-%lx %*s %lx", &begin, &end, &offset) == 3 &&
          begin <= address && address < end) {
        return address - begin + offset;
      }
    }
    return 0;
  }

  std::list<std::unique_ptr<uint64_t[]>> memory_;
  std::vector<std::pair<std::string, int>> groups_;  // made, from the root down
};

}  // namespace

int64_t Kernel::CreateMap(uint32_t type, uint32_t key_size, uint32_t value_size,
                          uint32_t max_entries, uint32_t flags) {
  linux_abi::MapCreateAttr attr{};
  attr.map_type = type;
  attr.key_size = key_size;
  attr.value_size = value_size;
  attr.max_entries = max_entries;
  attr.map_flags = flags;
  return Call(linux_abi::kMapCreate, attr);
}

int64_t Kernel::Elem(uint32_t command, int64_t fd, uint64_t key, uint64_t value,
                     uint64_t flags) {
  linux_abi::MapElemAttr attr{};
  attr.map_fd = static_cast<uint32_t>(fd);
  attr.key = key;
  attr.value = value;
  attr.flags = flags;
  return Call(command, attr);
}

linux_abi::ProgLoadAttr Kernel::Program(uint32_t type,
                                        const std::vector<isa::Insn>& insns) {
  linux_abi::ProgLoadAttr attr{};
  attr.prog_type = type;
  attr.insn_cnt = static_cast<uint32_t>(insns.size());
  attr.insns = Put(insns);
  attr.license = Put("GPL");
  return attr;
}

std::unique_ptr<Kernel> OurKernel() { return std::make_unique<Ours>(); }

std::unique_ptr<Kernel> HostKernel(std::string& reason) {
  utsname name = {};
  int major = 0;
  int minor = 0;
  if (uname(&name) != 0 || sscanf(name.release, "%d.%d", &major, &minor) != 2 ||
      major < kOldestMajor || (major == kOldestMajor && minor < kOldestMinor)) {
    reason = std::string("the host's Linux is older than 6.6: ") + name.release;
    return nullptr;
  }
  auto host = std::make_unique<Host>();
  const int64_t map = host->CreateMap(linux_abi::kMapTypeHash, 4, 4, 1);
  if (map < 0) {
    reason =
        std::string("the host's bpf(2): ") + strerror(static_cast<int>(-map));
    return nullptr;
  }
  host->Close(map);
  return host;
}

}  // namespace ebpf::linux_calls
