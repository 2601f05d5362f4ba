// SPDX-License-Identifier: MIT
//
// core/platform/nofault.h: where nobody handles faults, the host's kernel
// copies and tells how far it came.
#include "testing/host_port/host_nofault.h"

#include <atomic>
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/platform/errors.h"
#include "core/platform/nofault.h"

namespace {
// Of a process, all that it may have mapped but the first page.
constexpr ebpf_address_range kProcess = {4096, (uintptr_t{1} << 47) - 1};
ebpf_address_range g_ranges[EBPF_MAX_NOFAULT_RANGES] = {kProcess};
size_t g_range_count = 1;
std::atomic<ebpf::HostNofaultCopy> g_copy{nullptr};
}  // namespace

namespace ebpf {

void SetHostNofaultRanges(std::initializer_list<ebpf_address_range> ranges) {
  g_range_count = 0;
  for (const ebpf_address_range& range : ranges) {
    g_ranges[g_range_count++] = range;
  }
}

void SetHostNofaultCopy(HostNofaultCopy copy) { g_copy = copy; }

void ResetHostNofaultRanges() { SetHostNofaultRanges({kProcess}); }

}  // namespace ebpf

extern "C" size_t ebpf_port_nofault_ranges(
    ebpf_address_range (*ranges)[EBPF_MAX_NOFAULT_RANGES]) {
  for (size_t i = 0; i < g_range_count; ++i) {
    (*ranges)[i] = g_ranges[i];
  }
  return g_range_count;
}

/// A function of its own: the other way then saves no register, and what a
/// fault does to them is seen.
[[gnu::noinline]] static bool AskTheHost(void* to, uintptr_t from,
                                         size_t size) {
  const int saved_errno = errno;
  const iovec local = {to, size};
  const iovec remote = {reinterpret_cast<void*>(from), size};
  const ssize_t copied = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
  errno = saved_errno;
  return size == 0 || copied == static_cast<ssize_t>(size);
}

extern "C" bool ebpf_port_read_nofault(void* to, uintptr_t from, size_t size) {
  const ebpf::HostNofaultCopy copy = g_copy;
  return copy != nullptr ? copy(to, from, size) : AskTheHost(to, from, size);
}

extern "C" int ebpf_port_write_nofault(uintptr_t to, const void* from,
                                       size_t size) {
  const auto address = reinterpret_cast<void*>(to);
  if (const ebpf::HostNofaultCopy copy = g_copy) {
    return copy(address, reinterpret_cast<uintptr_t>(from), size)
               ? 0
               : ebpf::kMinusFault;
  }
  const int saved_errno = errno;
  const iovec local = {const_cast<void*>(from), size};
  const iovec remote = {address, size};
  const ssize_t copied = process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
  errno = saved_errno;
  return size == 0 || copied == static_cast<ssize_t>(size) ? 0
                                                           : ebpf::kMinusFault;
}
