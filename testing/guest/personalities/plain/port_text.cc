// SPDX-License-Identifier: MIT
//
// The plain port's core/platform/text.h but for executable memory, and its
// core/platform/symbols.h.
#include "core/platform/features.h"
#include "core/platform/text.h"
#include "core/symbols/port_symbols.h"
#include "testing/guest/kernel/injectable.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/plain/cpu.h"
#include "testing/guest/personalities/plain/port.h"
#include "testing/guest/personalities/plain/port_alias.h"
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

constinit ebpf::SymbolTable symbols;

constinit bool lists_saved_pcs = true;

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
  return PrepareAlias() && opened.ok();
}

void ListSavedPcs(bool list) { lists_saved_pcs = list; }

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
  // Text is mapped at its physical address.
  const bool is_text = IsWithin(to, size, AddressOf(guest_text_begin),
                                AddressOf(guest_text_end));
  const uintptr_t phys = is_text ? to : guest::plain::PhysOfExec(to, size);
  if (phys == 0) {
    return kMinusFault;
  }
  if (!guest::plain::WriteThroughAlias(phys, bytes, size)) {
    return kMinusNoMemory;
  }
  guest::plain::FlushInsnCache(to, size);
  return 0;
}

uint32_t ebpf_port_features(void) {
  return EBPF_PORT_OVERRIDE | EBPF_PORT_STACKS | EBPF_PORT_TIMERS;
}

bool ebpf_port_may_override(uintptr_t function) {
  return guest::IsErrorInjectable(function);
}

bool ebpf_port_may_probe(uintptr_t address, size_t size) {
  return size != 0 &&
         IsWithin(address, size, AddressOf(guest_text_begin),
                  AddressOf(guest_text_end)) &&
         !Overlaps(address, size, plain_trap_entry, plain_trap_end) &&
         !Overlaps(address, size, guest_noprobe_begin, guest_noprobe_end);
}

// Where a fault goes on is behind a return, in the middle of no window.
bool ebpf_port_may_detour(uintptr_t /*address*/, size_t /*size*/) {
  return true;
}

// The guest kernel preempts kernel code where a test says so, and knows where.
ebpf_preemption ebpf_port_preemption(void) { return EBPF_PREEMPTION_LISTED; }

int ebpf_port_saved_pcs(void (*see)(void* argument, uintptr_t pc),
                        void* argument) {
  if (!lists_saved_pcs) {
    return 0;
  }
  guest::ForEachInterruption(see, argument);
  return 0;
}

uint32_t ebpf_port_trap_stub(void) {
  return EBPF_TRAP_STUB_SETS_SP | EBPF_TRAP_STUB_LEAVES_GAP;
}

bool ebpf_port_symbol_by_name(const char* name, size_t name_size,
                              ebpf_symbol* symbol) {
  return ebpf::GiveSymbol(symbols.FindByName(ebpf::StringView(name, name_size)),
                          symbol);
}

bool ebpf_port_symbol_by_address(uintptr_t address, ebpf_symbol* symbol) {
  return ebpf::GiveSymbol(symbols.FindByAddress(address), symbol);
}

bool ebpf_port_symbol_next(uint64_t* position, ebpf_symbol* symbol) {
  return ebpf::GiveNextSymbol(symbols, position, symbol);
}

size_t ebpf_port_symbol_name(const ebpf_symbol* symbol, char* to, size_t size) {
  return ebpf::GiveSymbolName(symbols, *symbol, to, size);
}

}  // extern "C"
