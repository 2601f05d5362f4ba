// SPDX-License-Identifier: MIT
//
// libebpf_host.so: the C face of the host port.
#include "testing/host_library/ebpf_host.h"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/capi/ebpf.h"
#include "core/memory/allocator.h"
#include "core/syscall/system.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace {

/// A function, and its name, which the symbol table points to.
struct Function {
  Function(const char* given, ebpf::ConstBytes code)
      : name(given), text(name.c_str(), code) {}
  std::string name;
  ebpf::HostText text;
};

/// What is there between start and stop.
struct Host {
  ebpf::HostTraps traps;
  std::vector<std::unique_ptr<Function>> functions;
  ebpf_client* client = nullptr;
};

Host* host = nullptr;

constexpr int64_t kNotStarted = -38;  // ENOSYS

uint64_t AddressOf(const void* pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

}  // namespace

#pragma GCC visibility push(default)

extern "C" {

int ebpf_host_start(bool interpret) {
  if (host != nullptr) {
    return -17;  // EEXIST
  }
  ebpf_options options = {};
  options.interpret = interpret;
  const int result = ebpf_init(
      reinterpret_cast<const ebpf_machine*>(&ebpf::HostMachineOps()), &options);
  if (result != 0) {
    return result;
  }
  ebpf_client* client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  if (client == nullptr) {
    ebpf_exit();
    return -12;  // ENOMEM
  }
  host = new Host;
  host->client = client;
  return 0;
}

void ebpf_host_stop(void) {
  if (host == nullptr) {
    return;
  }
  ebpf_client_delete(host->client);
  ebpf_exit();
  delete host;
  host = nullptr;
}

uint64_t ebpf_host_allocated_bytes(void) { return ebpf::PortAllocatedBytes(); }

int64_t ebpf_host_bpf(uint32_t command, void* attr, uint32_t size) {
  return host == nullptr
             ? kNotStarted
             : ebpf_bpf(host->client, command, AddressOf(attr), size);
}

int64_t ebpf_host_perf_event_open(void* attr, int32_t pid, int32_t cpu,
                                  int32_t group_fd, uint64_t flags) {
  return host == nullptr ? kNotStarted
                         : ebpf_perf_event_open(host->client, AddressOf(attr),
                                                pid, cpu, group_fd, flags);
}

int64_t ebpf_host_close(int32_t fd) {
  return host == nullptr ? kNotStarted : ebpf_close(host->client, fd);
}

int64_t ebpf_host_dup(int32_t fd) {
  return host == nullptr ? kNotStarted : ebpf_dup(host->client, fd);
}

int64_t ebpf_host_read(int32_t fd, void* to, uint64_t size) {
  return host == nullptr ? kNotStarted
                         : ebpf_read(host->client, fd, AddressOf(to), size);
}

int64_t ebpf_host_poll(int32_t fd) {
  return host == nullptr ? kNotStarted : ebpf_poll(host->client, fd);
}

int64_t ebpf_host_ioctl(int32_t fd, uint32_t command, uint64_t argument) {
  return host == nullptr ? kNotStarted
                         : ebpf_ioctl(host->client, fd, command, argument);
}

int64_t ebpf_host_mmap(int32_t fd, uint64_t offset, uint64_t size,
                       uint32_t protection, void** address) {
  if (host == nullptr) {
    return kNotStarted;
  }
  ebpf_pages pages;
  const int64_t result =
      ebpf_mmap(host->client, fd, offset, size, protection, &pages);
  if (result == 0) {
    *address = pages.address;
  }
  return result;
}

const char* ebpf_host_fd_name(int32_t fd) {
  const char* name = nullptr;
  return host != nullptr && ebpf_fd_name(host->client, fd, &name) == 0
             ? name
             : nullptr;
}

int64_t ebpf_host_fd_info(int32_t fd, char* text, size_t size) {
  if (host == nullptr || size == 0) {
    return host == nullptr ? kNotStarted : -22;  // EINVAL
  }
  memset(text, 0, size);
  return ebpf_fd_info(host->client, fd, text, size - 1);
}

int64_t ebpf_host_pin_mkdir(const char* path) {
  return host == nullptr ? kNotStarted
                         : ebpf_pin_mkdir(host->client, AddressOf(path));
}

int64_t ebpf_host_pin_unlink(const char* path) {
  return host == nullptr ? kNotStarted
                         : ebpf_pin_unlink(host->client, AddressOf(path));
}

int64_t ebpf_host_pin_rmdir(const char* path) {
  return host == nullptr ? kNotStarted
                         : ebpf_pin_rmdir(host->client, AddressOf(path));
}

uint64_t ebpf_host_add_function(const char* name, const void* code,
                                size_t size) {
  if (host == nullptr || size == 0) {
    return 0;
  }
  host->functions.push_back(std::make_unique<Function>(
      name, ebpf::ConstBytes(static_cast<const uint8_t*>(code), size)));
  return host->functions.back()->text.address();
}

size_t ebpf_host_trace_read(char* to, size_t size) {
  return host == nullptr ? 0 : ebpf_trace_read(to, size);
}

}  // extern "C"

#pragma GCC visibility pop
