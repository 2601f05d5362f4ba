// SPDX-License-Identifier: MIT
//
// Kernel text on x86-64: mapped read-only, by 4 KiB pages, with CR0.WP set.
// It is written through pages of our own that are mapped to it meanwhile,
// writable and not executable, while no other CPU runs.
#include "core/platform/text.h"

#include "arch/x86_64/machine/text_window.h"
#include "core/base/types.h"
#include "core/platform/exec.h"
#include "ports/dragonos/machine.h"
#include "ports/dragonos/text.h"
#include "ports/dragonos/x86_64/exec_memory.h"
#include "ports/dragonos/x86_64/kernel.h"
#include "ports/dragonos/x86_64/rendezvous.h"

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

bool PrepareTextWrites() {
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

// ebpf_breakpoint_entry.
uint32_t ebpf_port_trap_stub() {
  return EBPF_TRAP_STUB_SETS_SP | EBPF_TRAP_STUB_LEAVES_GAP;
}

}  // extern "C"
