// SPDX-License-Identifier: MIT
//
// core/platform/text.h on Hermit: text that the loader has mapped writable.
#include "core/platform/text.h"

#include "core/base/noprobe.h"
#include "core/platform/cpu.h"
#include "core/platform/exec.h"
#include "core/platform/symbols.h"
#include "core/platform/text_pool.h"
#include "ports/hermit/cpus.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"
#include "ports/hermit/symbols.h"

namespace {

constexpr int kMinusFault = -14;         // -EFAULT
constexpr int kMinusInvalid = -22;       // -EINVAL
constexpr int kMinusNotSupported = -95;  // -EOPNOTSUPP
constexpr size_t kMaxWrite = 64;
constexpr size_t kPageSize = 4096;

/// Whole instructions where there are some: each changes in one store, should
/// an NMI-like trap fetch it meanwhile. Takes no probe: what is written may be
/// an instruction of any other function that copies.
EBPF_NOPROBE void Store(uintptr_t to, const uint8_t* bytes, size_t size) {
  while (size >= 4 && to % 4 == 0) {
    const uint32_t word = uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8 |
                          uint32_t{bytes[2]} << 16 | uint32_t{bytes[3]} << 24;
    *reinterpret_cast<volatile uint32_t*>(to) = word;
    to += 4;
    bytes += 4;
    size -= 4;
  }
  for (; size > 0; --size) {
    *reinterpret_cast<volatile uint8_t*>(to++) = *bytes++;
  }
}

/// Whether all of [address, address + size) lies in one function.
bool IsInOneFunction(uintptr_t address, size_t size) {
  ebpf_symbol symbol = {};
  return ebpf_port_symbol_by_address(address, &symbol) &&
         size <= symbol.size - (address - symbol.address);
}

/// The kernel's part of a breakpoint's way.
bool IsOnTheTrapsWay(uintptr_t address, size_t size) {
  // ebpf_port_cpu_id calls that.
  return ebpf::hermit::TouchesFunction(
             address, size, reinterpret_cast<uintptr_t>(&ebpf_hermit_cpu_id)) ||
         ebpf::hermit::IsTrapCode(address, size);
}

}  // namespace

extern "C" {

// Where there is no other CPU to stop, masked interrupts keep other tasks away.
int ebpf_port_stop_machine(int (*function)(void* argument), void* argument,
                           int* result) {
  if (ebpf::hermit::cpu_count != 1) {
    return ebpf::hermit::StopOtherCpus(function, argument, result);
  }
  const uintptr_t interrupts = ebpf_port_irq_save();
  *result = function(argument);
  ebpf_port_irq_restore(interrupts);
  return 0;
}

int ebpf_port_text_write(uintptr_t to, const void* bytes, size_t size) {
  if (size == 0 || size > kMaxWrite) {
    return kMinusInvalid;
  }
  if (!ebpf::MayPatch(to, size, &ebpf::hermit::IsText)) {
    return kMinusFault;
  }
  // The bytes lie in at most two pages.
  if (!ebpf::hermit::MayWrite(to) || !ebpf::hermit::MayWrite(to + size - 1)) {
    return kMinusFault;
  }
  Store(to, static_cast<const uint8_t*>(bytes), size);
  ebpf::hermit::FlushInsns(to, size);
  return 0;
}

int ebpf_port_exec_write(void* to, const void* bytes, size_t size) {
  const auto address = reinterpret_cast<uintptr_t>(to);
  if (!ebpf::text_pool.IsTaken(address, size)) {
    return kMinusFault;
  }
  for (uintptr_t at = address; at < address + size; at += kPageSize) {
    if (!ebpf::hermit::MayWrite(at)) {
      return kMinusFault;
    }
  }
  Store(address, static_cast<const uint8_t*>(bytes), size);
  ebpf::hermit::FlushInsns(address, size);
  if (ebpf::hermit::cpu_count != 1) {
    ebpf::hermit::SyncInsnsElsewhere();
  }
  return 0;
}

bool ebpf_port_may_probe(uintptr_t address, size_t size) {
  return size != 0 && IsInOneFunction(address, size) &&
         !IsOnTheTrapsWay(address, size) &&
         !ebpf::text_pool.Touches(address, size);
}

// There is no exception table, and nothing else that changes text. Kernel and
// application keep no red zone (README.md).
bool ebpf_port_may_detour(uintptr_t /*address*/, size_t /*size*/) {
  return true;
}

// The end of any interrupt switches tasks: each has its pc where its interrupt
// saved it, or has given up the CPU by a call.
ebpf_preemption ebpf_port_preemption(void) { return EBPF_PREEMPTION_LISTED; }

// The other CPUs stand in an interrupt, this one is a task, and handlers of
// interrupts let no others in.
int ebpf_port_saved_pcs(void (*see)(void* argument, uintptr_t pc),
                        void* argument) {
  ebpf::hermit::ListInterrupted(see, argument);
  return ebpf_hermit_saved_pcs(see, argument) ? 0 : kMinusNotSupported;
}

}  // extern "C"
