// SPDX-License-Identifier: MIT
//
// Kernel text on Alien: read-only leaves of up to 2 MiB, one CPU.
#include "core/platform/text.h"

#include "arch/riscv64/machine/icache.h"
#include "arch/riscv64/machine/system_registers.h"
#include "core/base/memory.h"
#include "core/base/noprobe.h"
#include "core/base/types.h"
#include "core/platform/exec.h"
#include "core/platform/features.h"
#include "machine/interrupts.h"
#include "ports/alien/exec_memory.h"
#include "ports/alien/exec_pool.h"
#include "ports/alien/kernel.h"
#include "ports/alien/text_alias.h"
#include "ports/alien/unprobeable.h"

EBPF_NOPROBE_RANGE(ebpf_alien_text)

namespace {

constexpr size_t kPageSize = 4096;
constexpr int kMinusNoMemory = -12;      // -ENOMEM
constexpr int kMinusFault = -14;         // -EFAULT
constexpr int kMinusInvalid = -22;       // -EINVAL
constexpr int kMinusNotSupported = -95;  // -EOPNOTSUPP

/// A page of c.ebreak.
struct Breakpoints {
  uint8_t bytes[kPageSize];
  constexpr Breakpoints() : bytes{} {
    for (size_t i = 0; i < kPageSize; i += 2) {
      bytes[i] = 0x02;
      bytes[i + 1] = 0x90;
    }
  }
};
constexpr Breakpoints kBreakpoints;

/// Two pages of addresses, mapped to the text that is being written and to
/// nothing otherwise. The leaf that the text itself is mapped with stays as it
/// is: it may hold 2 MiB of the kernel, which must not become writable.
constinit uintptr_t alias = 0;

uintptr_t AddressOf(const char* symbol) {
  return reinterpret_cast<uintptr_t>(symbol);
}

bool IsText(uintptr_t address, size_t size) {
  return address >= AddressOf(stext) && address < AddressOf(etext) &&
         size <= AddressOf(etext) - address;
}

bool OverlapsTrampoline(uintptr_t address, size_t size) {
  const uintptr_t page = AddressOf(strampoline);
  return address < page + kPageSize && address + size > page;
}

/// Maps `pages` pages from `text` on at the alias, writable. Kernel text is at
/// its physical address.
bool MapAlias(uintptr_t text, size_t pages) {
  constexpr uint32_t kFlags = ALIEN_MAP_VALID | ALIEN_MAP_READ |
                              ALIEN_MAP_WRITE | ALIEN_MAP_ACCESSED |
                              ALIEN_MAP_DIRTY;
  if (!alien_map_region(alias, text, pages * kPageSize, kFlags)) {
    return false;
  }
  for (size_t page = 0; page < pages; ++page) {
    ebpf::riscv64::FlushTranslation(alias + page * kPageSize);
  }
  return true;
}

void UnmapAlias(size_t pages) {
  alien_unmap_region(alias, pages * kPageSize);
  for (size_t page = 0; page < pages; ++page) {
    ebpf::riscv64::FlushTranslation(alias + page * kPageSize);
  }
}

/// Byte by byte: what is written may be an instruction of any copying function
/// but of this one, which takes no probe. Half an instruction would be run.
EBPF_NOPROBE void Store(uintptr_t to, const uint8_t* bytes, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    reinterpret_cast<volatile uint8_t*>(to)[i] = bytes[i];
  }
}

/// Writes [to, to + size), inside two pages of text; false without memory.
bool WriteText(uintptr_t to, const uint8_t* bytes, size_t size) {
  const uintptr_t offset = to % kPageSize;
  const size_t pages = offset + size > kPageSize ? 2 : 1;
  if (alias == 0 || !MapAlias(to - offset, pages)) {
    return false;
  }
  Store(alias + offset, bytes, size);
  UnmapAlias(pages);
  return true;
}

/// Writes to the pool in the kernel's text, a page at a time; nothing else runs
/// while there is a writable mapping. False without memory.
bool WritePool(uintptr_t to, const uint8_t* bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    const uintptr_t at = to + done;
    const size_t piece = ebpf::Min(size - done, kPageSize - at % kPageSize);
    const uintptr_t interrupts = ebpf::machine::MaskInterrupts();
    const bool written = WriteText(at, bytes + done, piece);
    ebpf::machine::RestoreInterrupts(interrupts);
    if (!written) {
      return false;
    }
    done += piece;
  }
  return true;
}

/// Other executable memory of ours is writable at the addresses of its frames.
void WriteFrames(uintptr_t to, const uint8_t* bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    const uintptr_t at = to + done;
    const size_t piece = ebpf::Min(size - done, kPageSize - at % kPageSize);
    ebpf::CopyBytes(reinterpret_cast<void*>(alien_query_kernel_space(at)),
                    bytes + done, piece);
    done += piece;
  }
}

/// Writes executable memory of either kind; false without memory.
bool WriteExec(uintptr_t to, const uint8_t* bytes, size_t size) {
  if (ebpf::alien::exec_pool.Touches(to, size)) {
    return WritePool(to, bytes, size);
  }
  WriteFrames(to, bytes, size);
  return true;
}

}  // namespace

namespace ebpf::alien {

void FillWithBreakpoints(uintptr_t begin, size_t size) {
  for (size_t done = 0; done < size; done += sizeof kBreakpoints.bytes) {
    const size_t piece = Min(size - done, sizeof kBreakpoints.bytes);
    if (!WriteExec(begin + done, kBreakpoints.bytes, piece)) {
      break;  // what is there stays
    }
  }
  riscv64::SyncInsnStream();
}

bool PrepareTextAlias() {
  alias = alien_alloc_kernel_free_region(2 * kPageSize);
  // The tables above the two pages are made here, where there may be a need
  // for memory, and stay.
  const uintptr_t text = AddressOf(stext) & ~(kPageSize - 1);
  if (!MapAlias(text, 2)) {
    return false;
  }
  UnmapAlias(2);
  return true;
}

}  // namespace ebpf::alien

extern "C" {

int ebpf_port_stop_machine(int (*function)(void* argument), void* argument,
                           int* result) {
  if (alien_cpu_num() != 1) {
    return kMinusNotSupported;  // Alien has no interrupt between CPUs
  }
  const uintptr_t interrupts = ebpf::machine::MaskInterrupts();
  *result = function(argument);
  ebpf::riscv64::SyncInsnStream();
  ebpf::machine::RestoreInterrupts(interrupts);
  return 0;
}

int ebpf_port_text_write(uintptr_t to, const void* bytes, size_t size) {
  if (size == 0 || size > 64) {
    return kMinusInvalid;
  }
  const bool in_pool = ebpf::alien::exec_pool.Touches(to, size);
  const bool exec_memory = ebpf::alien::IsExecMemory(to, size);
  const auto* source = static_cast<const uint8_t*>(bytes);
  if (in_pool ? exec_memory : IsText(to, size)) {
    if (!WriteText(to, source, size)) {
      return kMinusNoMemory;
    }
  } else if (exec_memory) {
    WriteFrames(to, source, size);
  } else {
    return kMinusFault;
  }
  ebpf::riscv64::SyncInsnStream();
  return 0;
}

int ebpf_port_exec_write(void* to, const void* bytes, size_t size) {
  const auto address = reinterpret_cast<uintptr_t>(to);
  if (size == 0 || !ebpf::alien::IsExecMemory(address, size)) {
    return kMinusFault;
  }
  if (!WriteExec(address, static_cast<const uint8_t*>(bytes), size)) {
    return kMinusNoMemory;
  }
  ebpf::riscv64::SyncInsnStream();  // of the one CPU
  return 0;
}

bool ebpf_port_may_override(uintptr_t function) {
  return alien_error_injectable(function);
}

uint32_t ebpf_port_features(void) {
  return EBPF_PORT_OVERRIDE | EBPF_PORT_STACKS | EBPF_PORT_TIMERS;
}

bool ebpf_port_may_probe(uintptr_t address, size_t size) {
  return size != 0 && IsText(address, size) &&
         !OverlapsTrampoline(address, size) &&
         !ebpf::alien::exec_pool.Touches(address, size) &&
         !ebpf::alien::IsUnprobeable(address) &&
         !ebpf::alien::IsUnprobeable(address + size - 1);
}

// There is no exception table, and nothing else that changes text.
bool ebpf_port_may_detour(uintptr_t /*address*/, size_t /*size*/) {
  return true;
}

// A timer interrupt over kernel code re-arms the timer and returns. Tasks that
// are switched away hold return addresses of the scheduler's callers only.
ebpf_preemption ebpf_port_preemption(void) { return EBPF_PREEMPTION_NONE; }

// The one CPU is the one that asks, in a task.
int ebpf_port_saved_pcs(void (* /*see*/)(void* argument, uintptr_t pc),
                        void* /*argument*/) {
  return 0;
}

// kernel_v.asm builds its frame right below the interrupted sp, and leaves by
// adding the frame's size to it.
uint32_t ebpf_port_trap_stub(void) { return 0; }

}  // extern "C"
