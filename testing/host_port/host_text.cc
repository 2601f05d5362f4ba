// SPDX-License-Identifier: MIT
//
// core/platform/text.h but for the rendezvous: alias mappings of memory files.
// The program's own text gets one when something is first written there.
#include "testing/host_port/host_text.h"

#include <atomic>
#include <errno.h>
#include <mutex>
#include <set>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include "core/base/assert.h"
#include "core/base/noprobe.h"
#include "core/platform/exec.h"
#include "core/platform/text.h"
#include "testing/host_port/allocation_failure.h"
#include "testing/host_port/host_registry.h"
#include "testing/host_port/host_symbols.h"
#include "testing/host_port/host_thread.h"

// The linker's: where the program's text is.
extern "C" const char __executable_start[];
extern "C" const char etext[];

namespace ebpf {
namespace {

constexpr size_t kPageSize = 4096;
// Before a HostText's code: UBSan looks for a signature before functions.
constexpr size_t kLeadIn = 64;

struct Region {
  uint64_t begin;
  size_t size;
  uint8_t* alias;
  bool is_kernel_text;  // and not ebpf_port_exec_alloc's
};

struct Regions {
  std::mutex mutex;
  std::vector<Region> regions;
  uint64_t exec_bytes = 0;
  std::set<uint64_t> overridable;
  std::set<uint64_t> not_followable;
};

Regions& TheRegions() {
  static Regions* regions = new Regions;
  return *regions;
}

std::atomic<ebpf_preemption> g_preemption{EBPF_PREEMPTION_NONE};
std::atomic<bool> g_may_detour{false};
std::atomic<uint32_t> g_trap_stub{EBPF_TRAP_STUB_SETS_SP |
                                  EBPF_TRAP_STUB_LEAVES_GAP};
std::atomic<uint64_t> g_fail_write{0};
std::atomic<bool> g_fail_writes_after{false};

size_t RoundUpToPage(size_t size) {
  return (size + kPageSize - 1) / kPageSize * kPageSize;
}

/// Maps `size` bytes of a new memory file, for execution at `at` (null:
/// anywhere) and for writing. False if there is no room there.
bool MapTwice(void* at, int flags, size_t size, const void* contents,
              Region& region) {
  const int fd = memfd_create("host_text", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, static_cast<off_t>(size)) != 0) {
    Panic("host_text: no memory file");
  }
  void* alias = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (alias == MAP_FAILED) {
    Panic("host_text: no alias mapping");
  }
  if (contents != nullptr) {
    memcpy(alias, contents, size);
  }
  void* text = mmap(at, size, PROT_READ | PROT_EXEC, MAP_SHARED | flags, fd, 0);
  close(fd);
  if (text == MAP_FAILED) {
    munmap(alias, size);
    return false;
  }
  region = {reinterpret_cast<uintptr_t>(text), size,
            static_cast<uint8_t*>(alias), false};
  return true;
}

void Unmap(const Region& region) {
  munmap(reinterpret_cast<void*>(region.begin), region.size);
  munmap(region.alias, region.size);
}

/// The mapping of this program's own text.
bool FindOwnText(uint64_t& begin, uint64_t& end) {
  const auto here = reinterpret_cast<uintptr_t>(&FindOwnText);
  FILE* maps = fopen("/proc/self/maps", "r");
  if (maps == nullptr) {
    return false;
  }
  char line[512];
  bool found = false;
  while (!found && fgets(line, sizeof(line), maps) != nullptr) {
    unsigned long from, to;
    found =
        sscanf(line, "%lx-%lx", &from, &to) == 2 && from <= here && here < to;
    begin = from;
    end = to;
  }
  fclose(maps);
  return found;
}

/// Replaces the program's text by a copy that has an alias.
void AdoptOwnText(Regions& all) {
  uint64_t begin = 0;
  uint64_t end = 0;
  Region region;
  if (!FindOwnText(begin, end) ||
      !MapTwice(reinterpret_cast<void*>(begin), MAP_FIXED, end - begin,
                reinterpret_cast<const void*>(begin), region)) {
    Panic("host_text: the program's text cannot be mapped");
  }
  region.is_kernel_text = true;
  all.regions.push_back(region);
}

Region* FindRegion(Regions& all, uint64_t address, size_t size) {
  for (Region& region : all.regions) {
    if (address >= region.begin && size <= region.size &&
        address - region.begin <= region.size - size) {
      return &region;
    }
  }
  return nullptr;
}

bool OwnTextContains(uint64_t address, size_t size) {
  static uint64_t begin = 0;
  static uint64_t end = 0;
  static const bool found = FindOwnText(begin, end);
  return found && address >= begin && address < end && size <= end - address;
}

void* AllocateExecutable(size_t size, uint64_t near, uint64_t reach) {
  Region region;
  if (MapTwice(nullptr, 0, size, nullptr, region)) {
    const uint64_t distance =
        region.begin > near ? region.begin + size - near : near - region.begin;
    if (distance < reach) {
      TheRegions().regions.push_back(region);
      return reinterpret_cast<void*>(region.begin);
    }
    Unmap(region);
  }
  constexpr uint64_t kStep = 1 << 16;
  const uint64_t start = near / kPageSize * kPageSize;
  for (uint64_t away = kStep; away + size < reach; away += kStep) {
    for (uint64_t at : {start + away, start - away}) {
      if (MapTwice(reinterpret_cast<void*>(at), MAP_FIXED_NOREPLACE, size,
                   nullptr, region)) {
        TheRegions().regions.push_back(region);
        return reinterpret_cast<void*>(region.begin);
      }
    }
  }
  return nullptr;
}

void ForgetRegion(Regions& all, uint64_t begin) {
  for (size_t i = 0; i < all.regions.size(); ++i) {
    if (all.regions[i].begin == begin) {
      // What runs there after all shall fault.
      Unmap(all.regions[i]);
      all.regions.erase(all.regions.begin() + static_cast<ptrdiff_t>(i));
      return;
    }
  }
  Panic("host_text: no such executable memory");
}

/// qemu-user, as far as one can tell: of other CPUs tests run nowhere else, and
/// of this one tools/build/cross.bzl says so.
bool RunsInQemu() {
#if defined(__x86_64__)
  static const bool qemu = getenv("EBPF_QEMU_USER") != nullptr;
  return qemu;
#else
  return true;
#endif
}

/// qemu-user does not see that code was changed by way of an alias, and takes
/// the clearing of caches for nothing; but what becomes writable it forgets.
void ForgetTranslations(uintptr_t address, size_t size) {
  const uintptr_t page = address / kPageSize * kPageSize;
  const size_t length = RoundUpToPage(address + size - page);
  auto* start = reinterpret_cast<void*>(page);
  mprotect(start, length, PROT_READ | PROT_WRITE);
  mprotect(start, length, PROT_READ | PROT_EXEC);
}

/// Writes to the program's text as long as that was not adopted: the text of
/// static keys, of which the port is not asked before. Allocates nothing.
bool WriteToImage(uintptr_t to, const void* bytes, size_t size) {
  if (to < reinterpret_cast<uintptr_t>(__executable_start) ||
      to + size > reinterpret_cast<uintptr_t>(etext)) {
    return false;
  }
  const uintptr_t page = to / kPageSize * kPageSize;
  const size_t length = RoundUpToPage(to + size - page);
  auto* start = reinterpret_cast<void*>(page);
  // What this runs may lie there, too.
  if (mprotect(start, length, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
    return false;
  }
  memcpy(reinterpret_cast<void*>(to), bytes, size);
  auto* begin = reinterpret_cast<char*>(to);
  __builtin___clear_cache(begin, begin + size);
  return mprotect(start, length, PROT_READ | PROT_EXEC) == 0;
}

bool TakeWriteFailure() {
  const uint64_t left = g_fail_write.load();
  if (left == 0) {
    return false;
  }
  // Writers are alone in their rendezvous.
  g_fail_write = left == 1 && g_fail_writes_after ? 1 : left - 1;
  return left == 1;
}

/// Where detours are, a kernel's text is not far from what their slots call.
void* WhereToMapText() {
  constexpr uintptr_t kFirst = size_t{256} << 20;
  constexpr uintptr_t kStep = size_t{1} << 20;
  constexpr unsigned kSteps = 512;
  static std::atomic<unsigned> count{0};
  if (!g_may_detour) {
    return nullptr;
  }
  const auto own = reinterpret_cast<uintptr_t>(&WhereToMapText);
  return reinterpret_cast<void*>((own + kFirst + count++ % kSteps * kStep) /
                                 kPageSize * kPageSize);
}

}  // namespace

HostText::HostText(const char* name, ConstBytes code)
    : size_(code.size()), mapped_size_(RoundUpToPage(kLeadIn + code.size())) {
  Regions& all = TheRegions();
  std::lock_guard<std::mutex> lock(all.mutex);
  Region region;
  if (!MapTwice(WhereToMapText(), 0, mapped_size_, nullptr, region)) {
    Panic("HostText: no room");
  }
  region.is_kernel_text = true;
  memset(region.alias, 0xcc, mapped_size_);
  memcpy(region.alias + kLeadIn, code.data(), code.size());
  all.regions.push_back(region);
  address_ = region.begin + kLeadIn;
  AddHostSymbol(name, address_, size_);
}

HostText::~HostText() {
  RemoveHostSymbol(address_);
  Regions& all = TheRegions();
  std::lock_guard<std::mutex> lock(all.mutex);
  ForgetRegion(all, address_ - kLeadIn);
}

void SetHostPreemption(ebpf_preemption preemption) {
  g_preemption = preemption;
}
void SetHostDetours(bool may) { g_may_detour = may; }

void SetHostTrapStub(uint32_t flags) { g_trap_stub = flags; }
void FailNthTextWrite(uint64_t n) {
  g_fail_writes_after = false;
  g_fail_write = n;
}
void FailTextWritesFrom(uint64_t n) {
  g_fail_writes_after = true;
  g_fail_write = n;
}

void SetHostFollowable(uint64_t function, bool may) {
  Regions& all = TheRegions();
  std::lock_guard<std::mutex> lock(all.mutex);
  if (may) {
    all.not_followable.erase(function);
  } else {
    all.not_followable.insert(function);
  }
}

void SetHostOverridable(uint64_t function, bool may) {
  Regions& all = TheRegions();
  std::lock_guard<std::mutex> lock(all.mutex);
  if (may) {
    all.overridable.insert(function);
  } else {
    all.overridable.erase(function);
  }
}

uint64_t HostExecBytes() {
  Regions& all = TheRegions();
  std::lock_guard<std::mutex> lock(all.mutex);
  return all.exec_bytes;
}

HostGuardedMemory::HostGuardedMemory(size_t size) : size_(RoundUpToPage(size)) {
  void* memory = mmap(nullptr, size_ + 2 * kPageSize, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    Panic("HostGuardedMemory: no room");
  }
  data_ = static_cast<uint8_t*>(memory) + kPageSize;
  mprotect(data_, size_, PROT_READ | PROT_WRITE);
}

HostGuardedMemory::~HostGuardedMemory() {
  munmap(data_ - kPageSize, size_ + 2 * kPageSize);
}

}  // namespace ebpf

extern "C" {

int ebpf_port_text_write(uintptr_t to, const void* bytes, size_t size) {
  using namespace ebpf;
  if (!host::TextSupported()) {
    return -EOPNOTSUPP;
  }
  if (!host::InRendezvous()) {
    Panic("ebpf_port_text_write: outside of a rendezvous");
  }
  if (size == 0 || size > 64) {
    Panic("ebpf_port_text_write: bad size");
  }
  if (TakeWriteFailure()) {
    return -EIO;
  }
  // The other CPUs stand still and this one held no lock: no mutex, which one
  // of them may hold.
  Regions& all = TheRegions();
  Region* region = FindRegion(all, to, size);
  if (region == nullptr) {
    return WriteToImage(to, bytes, size) ? 0 : -EFAULT;
  }
  memcpy(region->alias + (to - region->begin), bytes, size);
  return 0;
}

void* ebpf_port_exec_alloc(size_t size, uintptr_t near, uint64_t reach) {
  using namespace ebpf;
  host::RequireTaskContext("ebpf_port_exec_alloc");
  if (!host::TextSupported() || host::TakeAllocationFailure()) {
    return nullptr;
  }
  Regions& all = TheRegions();
  std::lock_guard<std::mutex> lock(all.mutex);
  void* memory = AllocateExecutable(RoundUpToPage(size), near, reach);
  all.exec_bytes += memory != nullptr ? size : 0;
  return memory;
}

void ebpf_port_exec_free(void* memory, size_t size) {
  using namespace ebpf;
  host::RequireTaskContext("ebpf_port_exec_free");
  Regions& all = TheRegions();
  std::lock_guard<std::mutex> lock(all.mutex);
  ForgetRegion(all, reinterpret_cast<uintptr_t>(memory));
  all.exec_bytes -= size;
}

int ebpf_port_exec_write(void* to, const void* bytes, size_t size) {
  using namespace ebpf;
  host::RequireTaskContext("ebpf_port_exec_write");
  if (!host::TextSupported()) {
    return -EOPNOTSUPP;
  }
  if (TakeWriteFailure()) {
    return -EIO;
  }
  Regions& all = TheRegions();
  std::lock_guard<std::mutex> lock(all.mutex);
  const auto address = reinterpret_cast<uintptr_t>(to);
  const Region* region = FindRegion(all, address, size);
  if (size == 0 || region == nullptr || region->is_kernel_text) {
    return -EFAULT;
  }
  memcpy(region->alias + (address - region->begin), bytes, size);
  // Where caches need it, by Linux for all CPUs.
  auto* begin = static_cast<char*>(to);
  __builtin___clear_cache(begin, begin + size);
  if (RunsInQemu()) {
    ForgetTranslations(address, size);
  }
  return 0;
}

bool ebpf_port_may_follow(uintptr_t function) {
  ebpf::Regions& all = ebpf::TheRegions();
  std::lock_guard<std::mutex> lock(all.mutex);
  return all.not_followable.count(function) == 0;
}

bool ebpf_port_may_override(uintptr_t function) {
  ebpf::Regions& all = ebpf::TheRegions();
  std::lock_guard<std::mutex> lock(all.mutex);
  return all.overridable.count(function) != 0;
}

bool ebpf_port_may_detour(uintptr_t address, size_t size) {
  return ebpf::g_may_detour && ebpf_port_may_probe(address, size);
}

bool ebpf_port_may_probe(uintptr_t address, size_t size) {
  using namespace ebpf;
  if (!host::TextSupported()) {
    return false;
  }
  Regions& all = TheRegions();
  std::lock_guard<std::mutex> lock(all.mutex);
  if (const Region* region = FindRegion(all, address, size)) {
    return region->is_kernel_text;
  }
  if (!OwnTextContains(address, size)) {
    return false;
  }
  AdoptOwnText(all);
  return true;
}

ebpf_preemption ebpf_port_preemption(void) { return ebpf::g_preemption; }

uint32_t ebpf_port_trap_stub(void) { return ebpf::g_trap_stub; }

}  // extern "C"
