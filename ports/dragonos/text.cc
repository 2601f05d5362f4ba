// SPDX-License-Identifier: MIT
//
// Kernel text on DragonOS: mapped read-only, by 4 KiB pages, with CR0.WP set.
// It is written through pages of our own that are mapped to it meanwhile,
// writable and not executable, while no other CPU runs.
#include "core/platform/text.h"

#include "arch/x86_64/machine/icache.h"
#include "core/base/memory.h"
#include "core/base/noprobe.h"
#include "core/platform/exec.h"
#include "core/platform/features.h"
#include "ports/dragonos/exec_memory.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/page_walk.h"
#include "ports/dragonos/rendezvous.h"
#include "ports/dragonos/services.h"
#include "ports/dragonos/unprobeable.h"

EBPF_NOPROBE_RANGE(ebpf_dragonos_text_noprobe)

namespace {

using namespace ebpf::dragonos;

constexpr int kMinusIo = -5;
constexpr int kMinusFault = -14;
constexpr int kMinusBusy = -16;
constexpr int kMinusInvalid = -22;
constexpr int kMinusNotSupported = -95;

constexpr size_t kMaxWrite = 64;
/// The most bytes of executable memory that one rendezvous fills: some ten
/// microseconds.
constexpr size_t kMaxPiece = size_t{64} << 10;
constexpr size_t kAliasPages = kMaxPiece / kPageSize + 1;
/// A CPU that does not come in time may be a virtual one that does not run.
constexpr int kTries = 5;

struct Alias {
  uintptr_t virt = 0;
  uint64_t* entries[kAliasPages] = {};
};
constinit Alias alias;

void SetEntry(size_t page, uint64_t value) {
  __atomic_store_n(alias.entries[page], value, __ATOMIC_RELAXED);
  const uintptr_t virt = alias.virt + page * kPageSize;
  asm volatile("invlpg (%0)" : : "r"(virt) : "memory");
}

bool IsText(uintptr_t address, size_t size) {
  const dragonos_range text = dragonos_text();
  return address >= text.begin && address < text.end &&
         size <= text.end - address;
}

bool Overlaps(const dragonos_range& range, uintptr_t address, size_t size) {
  return address < range.end && address + size > range.begin;
}

/// Maps the pages of [to, to + size) at the alias.
bool MapAlias(uintptr_t to, size_t pages) {
  constexpr uint64_t kFlags = kEntryPresent | kEntryWritable | kEntryAccessed |
                              kEntryDirty | kEntryNoExecute;
  for (size_t page = 0; page < pages; ++page) {
    uint64_t phys = 0;
    if (!Translate((to & ~(kPageSize - 1)) + page * kPageSize, &phys)) {
      return false;
    }
    SetEntry(page, phys | kFlags);
  }
  return true;
}

void UnmapAlias(size_t pages) {
  for (size_t page = 0; page < pages; ++page) {
    SetEntry(page, 0);
  }
}

}  // namespace

namespace ebpf::dragonos {

bool PrepareTextAlias() {
  alias.virt = reinterpret_cast<uintptr_t>(dragonos_window(kAliasPages));
  if (alias.virt == 0 || !HasFourLevels()) {
    return false;
  }
  for (size_t page = 0; page < kAliasPages; ++page) {
    alias.entries[page] = PageEntry(alias.virt + page * kPageSize);
    if (alias.entries[page] == nullptr) {
      return false;
    }
  }
  return true;
}

}  // namespace ebpf::dragonos

namespace {

/// Byte by byte: what is written may be any function that copies but this one,
/// which takes no probe. Half a jump would be run.
EBPF_NOPROBE void Store(uintptr_t to, const uint8_t* bytes, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    reinterpret_cast<volatile uint8_t*>(to)[i] = bytes[i];
  }
}

/// Writes at most kMaxPiece of text or executable memory. In a rendezvous.
int Write(uintptr_t to, const void* bytes, size_t size) {
  const uintptr_t offset = to % kPageSize;
  const size_t pages = (offset + size + kPageSize - 1) / kPageSize;
  const bool mapped = MapAlias(to, pages);
  if (mapped && size <= kMaxWrite) {
    Store(alias.virt + offset, static_cast<const uint8_t*>(bytes), size);
  } else if (mapped) {
    ebpf::CopyBytes(reinterpret_cast<void*>(alias.virt + offset), bytes, size);
  }
  UnmapAlias(pages);
  if (!mapped) {
    return kMinusFault;
  }
  ebpf::x86_64::FlushInsnCache(to, size);
  ebpf::x86_64::SyncInsnStream();
  const bool same = memcmp(reinterpret_cast<const void*>(to), bytes, size) == 0;
  return same ? 0 : kMinusIo;
}

struct Piece {
  uintptr_t to;
  const uint8_t* bytes;
  size_t size;
};

int WritePiece(void* argument) {
  const auto& piece = *static_cast<const Piece*>(argument);
  return Write(piece.to, piece.bytes, piece.size);
}

int StopAndWrite(Piece& piece) {
  int result = 0;
  int status = kMinusBusy;
  for (int i = 0; i < kTries && status == kMinusBusy; ++i) {
    status = ebpf_port_stop_machine(WritePiece, &piece, &result);
  }
  return status != 0 ? status : result;
}

}  // namespace

extern "C" {

int ebpf_port_text_write(uintptr_t to, const void* bytes, size_t size) {
  if (size == 0 || size > kMaxWrite) {
    return kMinusInvalid;
  }
  if (!InRendezvous() || alias.entries[kAliasPages - 1] == nullptr) {
    return kMinusBusy;
  }
  if (!IsText(to, size) && !IsExecMemory(to, size)) {
    return kMinusFault;
  }
  return Write(to, bytes, size);
}

// A piece in each rendezvous, so that nobody runs while there is a writable
// mapping. And for the addresses' sake: where code has been replaced by other
// code, the manual asks each CPU for a serialising instruction between learning
// of it and running it. The other CPUs execute one as they leave the
// rendezvous; which of them may have run, or fetched ahead, what was here
// before, nobody knows. [intel/vol3: Handling Self- and Cross-Modifying Code]
int ebpf_port_exec_write(void* to, const void* bytes, size_t size) {
  const auto begin = reinterpret_cast<uintptr_t>(to);
  if (size == 0 || !IsExecMemory(begin, size)) {
    return kMinusFault;
  }
  if (alias.entries[kAliasPages - 1] == nullptr) {
    return kMinusNotSupported;
  }
  for (size_t done = 0; done < size;) {
    Piece piece = {begin + done, static_cast<const uint8_t*>(bytes) + done,
                   ebpf::Min(size - done, kMaxPiece)};
    const int status = StopAndWrite(piece);
    if (status != 0) {
      return status;
    }
    done += piece.size;
  }
  return 0;
}

bool ebpf_port_may_override(uintptr_t function) {
  return dragonos_error_injectable(function);
}

uint32_t ebpf_port_features(void) {
  return EBPF_PORT_OVERRIDE | EBPF_PORT_STACKS | EBPF_PORT_TIMERS;
}

bool ebpf_port_may_probe(uintptr_t address, size_t size) {
  if (size == 0 || !IsText(address, size) || IsUnprobeable(address, size)) {
    return false;
  }
  for (size_t i = 0;; ++i) {
    const dragonos_range range = dragonos_no_probe(i);
    if (range.begin == range.end) {
      return true;
    }
    if (Overlaps(range, address, size)) {
      return false;
    }
  }
}

// The kernel's target has no red zone.
bool ebpf_port_may_detour(uintptr_t address, size_t size) {
  for (size_t i = 0;; ++i) {
    const dragonos_range place = dragonos_odd_place(i);
    if (place.begin == place.end) {
      return true;
    }
    if (Overlaps(place, address, size)) {
      return false;
    }
  }
}

// ebpf_breakpoint_entry.
uint32_t ebpf_port_trap_stub() {
  return EBPF_TRAP_STUB_SETS_SP | EBPF_TRAP_STUB_LEAVES_GAP;
}

}  // extern "C"
