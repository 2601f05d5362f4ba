// SPDX-License-Identifier: MIT
//
// arch/x86_64/machine/read_only_text.h's implementation.
#include "arch/x86_64/machine/read_only_text.h"

#include "arch/x86_64/machine/icache.h"
#include "core/base/memory.h"
#include "core/base/noprobe.h"
#include "core/base/types.h"
#include "core/platform/errors.h"
#include "core/platform/exec.h"
#include "core/platform/exec_runs.h"
#include "core/platform/log.h"
#include "core/platform/text.h"

namespace ebpf::x86_64 {
namespace {

/// A CPU that does not come in time may be a virtual one that does not run.
constexpr int kTries = 5;

constinit Rendezvous rendezvous(
    {[](uint32_t cpu) { return text_kernel.is_online(cpu); },
     [](uint32_t cpu) { text_kernel.interrupt(cpu); }, &ebpf_sync_insn_stream});

constinit TextWindow window;

/// What cannot be made writable again is lost: its next owner would fault.
void GivePages(void* pages, size_t count) {
  if (text_kernel.pages_protect(pages, count, true,
                                text_kernel.pages_are_executable) == 0) {
    text_kernel.pages_free(pages, count);
  }
}

void* TakePages(size_t count) {
  constexpr uint8_t kInt3 = 0xcc;
  void* const pages = text_kernel.pages_alloc(count);
  if (pages == nullptr) {
    return nullptr;
  }
  FillBytes(pages, kInt3, count * ExecRuns::kPageSize);
  if (text_kernel.pages_protect(pages, count, false, true) != 0) {
    GivePages(pages, count);
    return nullptr;
  }
  return pages;
}

constinit ExecRuns exec_memory({&TakePages, &GivePages});

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

bool PrepareReadOnlyText(uintptr_t window_at, uintptr_t direct_map) {
  return window.Prepare(window_at, direct_map);
}

EBPF_NOPROBE void JoinRendezvous() {
  rendezvous.Join();
  SyncInsnStream();
}

}  // namespace ebpf::x86_64

using namespace ebpf::x86_64;

extern "C" {

int ebpf_port_stop_machine(int (*function)(void* argument), void* argument,
                           int* result) {
  return text_kernel.may_stop() ? rendezvous.Stop(function, argument, result)
                                : ebpf::kMinusBusy;
}

int ebpf_port_text_write(uintptr_t to, const void* bytes, size_t size) {
  if (size == 0 || size > TextWindow::kMostInsns) {
    return ebpf::kMinusInvalid;
  }
  if (!rendezvous.IsStopped() || !window.is_ready()) {
    return ebpf::kMinusBusy;
  }
  if (!text_kernel.is_text(to, size) && !exec_memory.Contains(to, size)) {
    return ebpf::kMinusFault;
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
    return ebpf::kMinusFault;
  }
  if (!window.is_ready()) {
    return ebpf::kMinusNotSupported;
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

void* ebpf_port_exec_alloc(size_t size, uintptr_t near, uint64_t reach) {
  return exec_memory.Take(size, near, reach);
}

void ebpf_port_exec_free(void* memory, size_t size) {
  if (!exec_memory.Give(memory, size)) {
    ebpf_port_panic("ebpf: freed executable memory that is not ours");
  }
}

}  // extern "C"
