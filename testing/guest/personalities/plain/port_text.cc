// SPDX-License-Identifier: MIT
//
// The plain port's core/platform/text.h but for executable memory.
#include "core/platform/errors.h"
#include "core/platform/features.h"
#include "core/platform/text.h"
#include "core/symbols/blob_symbols.h"
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
extern const char plain_trap_entry[];
extern const char plain_trap_end[];
extern const uint8_t guest_symbols_begin[];
extern const uint8_t guest_symbols_end[];
}

namespace {

using guest::kPageSize;

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
  const bool opened =
      ebpf::OpenBlobSymbols(ebpf::ConstBytes(guest_symbols_begin, size));
  return PrepareAlias() && opened;
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
    return ebpf::kMinusInvalid;
  }
  // Text is mapped at its physical address.
  const bool is_text = IsWithin(to, size, AddressOf(guest_text_begin),
                                AddressOf(guest_text_end));
  const uintptr_t phys = is_text ? to : guest::plain::PhysOfExec(to, size);
  if (phys == 0) {
    return ebpf::kMinusFault;
  }
  if (!guest::plain::WriteThroughAlias(phys, bytes, size)) {
    return ebpf::kMinusNoMemory;
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
         !Overlaps(address, size, plain_trap_entry, plain_trap_end);
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

}  // extern "C"
