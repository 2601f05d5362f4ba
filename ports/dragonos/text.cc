// SPDX-License-Identifier: MIT
//
// Kernel text on DragonOS: mapped read-only, by 4 KiB pages, with CR0.WP set.
// It is written through pages of our own that are mapped to it meanwhile,
// writable and not executable, while no other CPU runs.
#include "core/platform/text.h"

#include "arch/x86_64/machine/text_window.h"
#include "core/base/types.h"
#include "core/platform/exec.h"
#include "core/platform/features.h"
#include "ports/dragonos/exec_memory.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/rendezvous.h"
#include "ports/dragonos/services.h"
#include "ports/dragonos/unprobeable.h"

namespace {

using namespace ebpf::dragonos;
using ebpf::x86_64::TextWindow;

constexpr int kMinusFault = -14;
constexpr int kMinusBusy = -16;
constexpr int kMinusInvalid = -22;
constexpr int kMinusNotSupported = -95;

/// A CPU that does not come in time may be a virtual one that does not run.
constexpr int kTries = 5;

constinit TextWindow window;

bool IsText(uintptr_t address, size_t size) {
  const dragonos_range text = dragonos_text();
  return address >= text.begin && address < text.end &&
         size <= text.end - address;
}

/// Whether any of those bytes is in one of the kernel's ranges.
bool IsInAny(dragonos_range (*range_at)(size_t index), uintptr_t address,
             size_t size) {
  for (size_t i = 0;; ++i) {
    const dragonos_range range = range_at(i);
    if (range.begin == range.end) {
      return false;
    }
    if (address < range.end && address + size > range.begin) {
      return true;
    }
  }
}

struct Piece {
  uintptr_t to;
  const uint8_t* bytes;
  size_t size;
};

int WritePiece(void* argument) {
  const auto& piece = *static_cast<const Piece*>(argument);
  return window.Write(piece.to, piece.bytes, piece.size);
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

namespace ebpf::dragonos {

bool PrepareTextAlias() {
  const void* const pages = dragonos_window(TextWindow::kPages);
  return window.Prepare(reinterpret_cast<uintptr_t>(pages),
                        dragonos_direct_map());
}

}  // namespace ebpf::dragonos

extern "C" {

int ebpf_port_text_write(uintptr_t to, const void* bytes, size_t size) {
  if (size == 0 || size > TextWindow::kMostInsns) {
    return kMinusInvalid;
  }
  if (!rendezvous.IsStopped() || !window.is_ready()) {
    return kMinusBusy;
  }
  if (!IsText(to, size) && !exec_memory.Contains(to, size)) {
    return kMinusFault;
  }
  return window.Write(to, bytes, size);
}

// A piece in each rendezvous, so that nobody runs while there is a writable
// mapping. And for the addresses' sake: where code has been replaced by other
// code, the manual asks each CPU for a serialising instruction between learning
// of it and running it. The other CPUs execute one as they leave the
// rendezvous; which of them may have run, or fetched ahead, what was here
// before, nobody knows. [intel/vol3: Handling Self- and Cross-Modifying Code]
int ebpf_port_exec_write(void* to, const void* bytes, size_t size) {
  const auto begin = reinterpret_cast<uintptr_t>(to);
  if (size == 0 || !exec_memory.Contains(begin, size)) {
    return kMinusFault;
  }
  if (!window.is_ready()) {
    return kMinusNotSupported;
  }
  for (size_t done = 0; done < size;) {
    Piece piece = {begin + done, static_cast<const uint8_t*>(bytes) + done,
                   ebpf::Min(size - done, TextWindow::kMost)};
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
  return size != 0 && IsText(address, size) && !IsUnprobeable(address, size) &&
         !IsInAny(&dragonos_no_probe, address, size);
}

// The kernel's target has no red zone.
bool ebpf_port_may_detour(uintptr_t address, size_t size) {
  return !IsInAny(&dragonos_odd_place, address, size);
}

// ebpf_breakpoint_entry.
uint32_t ebpf_port_trap_stub() {
  return EBPF_TRAP_STUB_SETS_SP | EBPF_TRAP_STUB_LEAVES_GAP;
}

}  // extern "C"
