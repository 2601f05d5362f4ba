// SPDX-License-Identifier: MIT
//
// testing/host_port/failed_allocations.h's implementation.
#include "testing/host_port/failed_allocations.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <execinfo.h>
#include <mutex>
#include <set>

extern "C" const char __executable_start[];  // NOLINT: the linker's name

namespace ebpf::host {
namespace {

constexpr int kMaxDepth = 96;

struct Notes {
  const char* file = getenv("EBPF_FAILED_ALLOCATIONS");
  std::mutex mutex;
  std::set<uintptr_t> callers;

  void Write() {
    FILE* out = fopen(file, "a");
    if (out == nullptr) {
      return;
    }
    for (const uintptr_t address : callers) {
      fprintf(out, "0x%lx\n", static_cast<unsigned long>(address));
    }
    fclose(out);
  }
};

Notes& TheNotes() {
  static Notes* notes = [] {
    auto* made = new Notes;
    if (made->file != nullptr) {
      atexit([] { TheNotes().Write(); });
    }
    return made;
  }();
  return *notes;
}

}  // namespace

void NoteFailedAllocation() {
  Notes& notes = TheNotes();
  if (notes.file == nullptr) {
    return;
  }
  void* callers[kMaxDepth];
  const int count = backtrace(callers, kMaxDepth);
  const std::lock_guard<std::mutex> lock(notes.mutex);
  for (int i = 0; i < count; ++i) {
    // The call itself, not what follows.
    notes.callers.insert(reinterpret_cast<uintptr_t>(callers[i]) - 1 -
                         reinterpret_cast<uintptr_t>(__executable_start));
  }
}

}  // namespace ebpf::host
