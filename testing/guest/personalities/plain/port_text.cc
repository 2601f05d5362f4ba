// SPDX-License-Identifier: MIT
//
// The plain port's core/platform/text.h: an alias for text, and executable
// memory below RAM, within a branch's reach of it.
#include "arch/aarch64/machine/icache.h"
#include "core/base/memory.h"
#include "core/base/noprobe.h"
#include "core/platform/exec.h"
#include "core/platform/symbols.h"
#include "core/platform/text.h"
#include "core/symbols/symbol_table.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/spin_lock.h"
#include "testing/guest/personalities/plain/port.h"
#include "testing/guest/personalities/plain/rendezvous.h"

extern "C" {
extern const char guest_text_begin[];
extern const char guest_text_end[];
extern const char guest_noprobe_begin[];
extern const char guest_noprobe_end[];
extern const char plain_trap_entry[];
extern const char plain_trap_end[];
extern const uint8_t guest_symbols_begin[];
extern const uint8_t guest_symbols_end[];
}

namespace {

using guest::kPageSize;

constexpr int kMinusNoMemory = -12;  // -ENOMEM
constexpr int kMinusFault = -14;     // -EFAULT
constexpr int kMinusInvalid = -22;   // -EINVAL

// Addresses that the machine's devices have, and nobody has mapped.
constexpr uintptr_t kExecBegin = 0x3e000000;
constexpr size_t kExecPages = 1024;
constexpr uintptr_t kAlias = 0x3f000000;

struct ExecRange {
  size_t first_page = 0;
  size_t pages = 0;  // 0: nobody's
  uint8_t* frames = nullptr;
};
constinit ExecRange ranges[64] = {};
constinit guest::SpinLock ranges_lock;

constinit ebpf::SymbolTable symbols;

uintptr_t AddressOf(const char* symbol) {
  return reinterpret_cast<uintptr_t>(symbol);
}

bool IsWithin(uintptr_t begin, size_t size, uintptr_t outer_begin,
              uintptr_t outer_end) {
  return begin >= outer_begin && begin <= outer_end &&
         size <= outer_end - begin;
}

bool Overlaps(uintptr_t begin, size_t size, const char* from, const char* to) {
  return begin < AddressOf(to) && begin + size > AddressOf(from);
}

/// Where [to, to + size) of executable memory can be written; null if it is no
/// such memory. Others only change ranges that they own.
uint8_t* WritableExec(uintptr_t to, size_t size) {
  for (const ExecRange& range : ranges) {
    const uintptr_t begin = kExecBegin + range.first_page * kPageSize;
    if (range.pages != 0 &&
        IsWithin(to, size, begin, begin + range.pages * kPageSize)) {
      return range.frames + (to - begin);
    }
  }
  return nullptr;
}

bool IsFree(size_t first_page, size_t pages) {
  for (const ExecRange& range : ranges) {
    if (first_page < range.first_page + range.pages &&
        first_page + pages > range.first_page) {
      return false;
    }
  }
  return true;
}

/// An entry for `pages` pages, marked taken; null if there is none.
ExecRange* TakeRange(size_t pages) {
  guest::SpinLockGuard guard(ranges_lock);
  for (ExecRange& range : ranges) {
    if (range.pages != 0) {
      continue;
    }
    for (size_t first = 0; first + pages <= kExecPages; ++first) {
      if (IsFree(first, pages)) {
        range.first_page = first;
        range.pages = pages;
        return &range;
      }
    }
    return nullptr;
  }
  return nullptr;
}

void GiveRange(ExecRange& range) {
  guest::SpinLockGuard guard(ranges_lock);
  range = {};
}

bool IsReachable(uintptr_t begin, size_t size, uintptr_t near, uint64_t reach) {
  const uintptr_t last = begin + size - 1;
  const uint64_t below = near > begin ? near - begin : 0;
  const uint64_t above = last > near ? last - near : 0;
  return below < reach && above < reach;
}

/// machine::Unmap() flushes this CPU's TLB only. The others have run what was
/// there, and must not find it when something else is mapped there.
void FlushTlbOfAll(uintptr_t begin, size_t pages) {
  asm volatile("dsb ishst" : : : "memory");
  for (size_t i = 0; i < pages; ++i) {
    const uint64_t page = (begin / kPageSize + i) & ((uint64_t{1} << 44) - 1);
    asm volatile("tlbi vaae1is, %0" : : "r"(page) : "memory");
  }
  asm volatile("dsb ish; isb" : : : "memory");
}

/// Whole instructions where there are some, and no probe may stand here: what
/// is written may be an instruction of any other function that copies, and half
/// of it would be run.
EBPF_NOPROBE void Store(uintptr_t to, const uint8_t* bytes, size_t size) {
  for (; size >= 4 && to % 4 == 0; to += 4, bytes += 4, size -= 4) {
    *reinterpret_cast<volatile uint32_t*>(to) =
        uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8 |
        uint32_t{bytes[2]} << 16 | uint32_t{bytes[3]} << 24;
  }
  for (; size > 0; --size) {
    *reinterpret_cast<volatile uint8_t*>(to++) = *bytes++;
  }
}

bool WriteText(uintptr_t to, const void* bytes, size_t size) {
  const uintptr_t offset = to % kPageSize;
  const size_t mapped = offset + size > kPageSize ? 2 * kPageSize : kPageSize;
  // Text is mapped at its physical address.
  if (!guest::machine::Map(kAlias, to - offset, mapped,
                           guest::machine::kWrite)) {
    return false;
  }
  Store(kAlias + offset, static_cast<const uint8_t*>(bytes), size);
  guest::machine::Unmap(kAlias, mapped);
  return true;
}

bool Answer(const ebpf::Result<ebpf::Symbol>& found, ebpf_symbol* symbol) {
  if (!found.ok()) {
    return false;
  }
  *symbol = {found->address, found->size, found->name.data(),
             found->name.size()};
  return true;
}

}  // namespace

namespace guest::plain {

bool PrepareText() {
  const auto size =
      static_cast<size_t>(guest_symbols_end - guest_symbols_begin);
  auto opened =
      ebpf::SymbolTable::Open(ebpf::ConstBytes(guest_symbols_begin, size));
  if (opened.ok()) {
    symbols = *opened;
  }
  // The tables for the alias are made here, where there may be a need for
  // memory, and stay.
  const char same = guest_text_begin[0];
  return WriteText(AddressOf(guest_text_begin), &same, 1) && opened.ok();
}

}  // namespace guest::plain

extern "C" {

int ebpf_port_stop_machine(int (*function)(void* argument), void* argument,
                           int* result) {
  return guest::plain::StopMachine(function, argument, result);
}

int ebpf_port_text_write(uintptr_t to, const void* bytes, size_t size) {
  if (size == 0 || size > 64) {
    return kMinusInvalid;
  }
  if (IsWithin(to, size, AddressOf(guest_text_begin),
               AddressOf(guest_text_end))) {
    if (!WriteText(to, bytes, size)) {
      return kMinusNoMemory;
    }
  } else if (uint8_t* writable = WritableExec(to, size)) {
    ebpf::CopyBytes(writable, bytes, size);
  } else {
    return kMinusFault;
  }
  ebpf::aarch64::FlushInsnCache(to, size);
  return 0;
}

int ebpf_port_exec_write(void* to, const void* bytes, size_t size) {
  const auto address = reinterpret_cast<uintptr_t>(to);
  uint8_t* writable = WritableExec(address, size);
  if (writable == nullptr) {
    return kMinusFault;
  }
  ebpf::CopyBytes(writable, bytes, size);
  ebpf::aarch64::FlushInsnCache(address, size);
  // The other CPUs leave a rendezvous with an isb.
  int result = 0;
  const int status = guest::plain::StopMachine(
      [](void* /*argument*/) { return 0; }, nullptr, &result);
  return status;
}

void* ebpf_port_exec_alloc(size_t size, uintptr_t near, uint64_t reach) {
  const size_t pages = (size + kPageSize - 1) / kPageSize;
  if (size == 0 || pages > kExecPages) {
    return nullptr;
  }
  auto* frames = static_cast<uint8_t*>(guest::AllocatePages(pages));
  if (frames == nullptr) {
    return nullptr;
  }
  ExecRange* range = TakeRange(pages);
  const uintptr_t begin =
      range != nullptr ? kExecBegin + range->first_page * kPageSize : 0;
  if (range == nullptr || !IsReachable(begin, size, near, reach) ||
      !guest::machine::Map(begin, reinterpret_cast<uintptr_t>(frames),
                           pages * kPageSize, guest::machine::kExecute)) {
    if (range != nullptr) {
      GiveRange(*range);
    }
    guest::FreePages(frames, pages);
    return nullptr;
  }
  range->frames = frames;  // zeroes: each an undefined instruction
  ebpf::aarch64::FlushInsnCache(begin, pages * kPageSize);
  return reinterpret_cast<void*>(begin);
}

void ebpf_port_exec_free(void* memory, size_t /*size*/) {
  const size_t page =
      (reinterpret_cast<uintptr_t>(memory) - kExecBegin) / kPageSize;
  for (ExecRange& range : ranges) {
    if (range.pages != 0 && range.first_page == page) {
      const uintptr_t begin = kExecBegin + page * kPageSize;
      guest::machine::Unmap(begin, range.pages * kPageSize);
      FlushTlbOfAll(begin, range.pages);
      guest::FreePages(range.frames, range.pages);
      GiveRange(range);
      return;
    }
  }
}

bool ebpf_port_may_probe(uintptr_t address, size_t size) {
  return size != 0 &&
         IsWithin(address, size, AddressOf(guest_text_begin),
                  AddressOf(guest_text_end)) &&
         !Overlaps(address, size, plain_trap_entry, plain_trap_end) &&
         !Overlaps(address, size, guest_noprobe_begin, guest_noprobe_end);
}

// The guest kernel does not preempt kernel code.
ebpf_preemption ebpf_port_preemption(void) { return EBPF_PREEMPTION_NONE; }

uint32_t ebpf_port_trap_stub(void) {
  return EBPF_TRAP_STUB_SETS_SP | EBPF_TRAP_STUB_LEAVES_GAP;
}

bool ebpf_port_symbol_by_name(const char* name, size_t name_size,
                              ebpf_symbol* symbol) {
  return Answer(symbols.FindByName(ebpf::StringView(name, name_size)), symbol);
}

bool ebpf_port_symbol_by_address(uintptr_t address, ebpf_symbol* symbol) {
  return Answer(symbols.FindByAddress(address), symbol);
}

}  // extern "C"
