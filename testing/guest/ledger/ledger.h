// SPDX-License-Identifier: MIT
//
// A book about code that changes. QEMU has no instruction cache that could
// forget; the ledger stands in for the worst one there can be. README.md tells
// how.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace guest::ledger {

/// What has to happen to new code, in this order.
enum class Step : uint8_t {
  kWrite,       // the bytes are in memory
  kClean,       // and where instructions are fetched from (AArch64)
  kInvalidate,  // and no instruction cache has what was before (AArch64)
  kSync,        // and this CPU has fetched nothing before all that
};

/// What was found wrong: the first step that code on `cpu` lacks.
struct Violation {
  Step step;
  uint32_t cpu;
  uintptr_t address;
};

/// Whether [address, address + size), which was written through core/platform,
/// went through all steps as far as this CPU goes; else a violation is
/// reported, and the answer is false. Large code is looked at in places.
/// Context: any but a trap that found the ledger at work; stays on its CPU.
bool CheckRun(uintptr_t address, size_t size);

/// Calls `report` for violations from now on; null: they are the guest's end.
void SetReport(void (*report)(const Violation& violation));

/// Code whose steps somebody has not gone through yet. 0 when all CPUs have had
/// an interrupt since the last write, or a violation has been reported.
size_t OpenEntries();

/// Bytes of executable memory that the port has given to core.
size_t ExecBytes();

/// Calls `visit` with each piece of it. Context: task; nobody allocates or
/// frees meanwhile.
void ForEachExec(void (*visit)(void* argument, uintptr_t begin, size_t size),
                 void* argument);

// --- Careless ports, played by what the ledger puts around the real one -----

/// Ways to be careless.
enum class Carelessness : uint8_t {
  kNone,
  kForgetWrite,
  kForgetClean,
  kForgetInvalidate,
  kForgetSync,             // on the CPUs of the mask
  kInvalidateBeforeClean,  // each step happens, but not in order
  kSyncBeforeInvalidate,   // on the CPUs of the mask, likewise
  kSyncBeforeWrite,        // on the CPUs of the mask, likewise
};

/// From now on the port is careless so.
void SetCarelessness(Carelessness carelessness, uint32_t cpu_mask);

/// Whether this CPU type has that step.
bool HasStep(Step step);

}  // namespace guest::ledger
