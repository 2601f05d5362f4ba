// SPDX-License-Identifier: MIT
//
// Text changes as transactions: verify, write, read back, in one rendezvous.
#include "core/probes/text_patch.h"

#include "core/base/memory.h"
#include "core/platform/text.h"

namespace ebpf {
namespace {

const uint8_t* TextAt(uint64_t address) {
  return reinterpret_cast<const uint8_t*>(address);
}

int Negative(Status status) { return -static_cast<int>(status); }

/// The compiler must not think that it knows what the text holds.
bool Holds(const TextPatch& patch, const uint8_t* bytes) {
  const volatile uint8_t* text = TextAt(patch.address);
  for (unsigned i = 0; i < patch.size; ++i) {
    if (text[i] != bytes[i]) {
      return false;
    }
  }
  return true;
}

int WriteOne(const TextPatch& patch) {
  const int status =
      ebpf_port_text_write(patch.address, patch.bytes, patch.size);
  if (status != 0) {
    return status;
  }
  return Holds(patch, patch.bytes) ? 0 : Negative(Status::kIo);
}

/// Puts the first `count` patches back. Fresh memory has nothing to go back to.
void Undo(Span<const TextPatch> patches, size_t count) {
  while (count-- > 0) {
    const TextPatch& patch = patches[count];
    if (patch.expected != nullptr) {
      // What could be written a moment ago can be written again; if not, there
      // is no more that we could do.
      (void)ebpf_port_text_write(patch.address, patch.expected, patch.size);
    }
  }
}

}  // namespace

bool TextHolds(const TextPatch& patch) { return Holds(patch, patch.bytes); }

int ApplyWhereStopped(Span<const TextPatch> patches) {
  for (const TextPatch& patch : patches) {
    if (patch.expected != nullptr && !Holds(patch, patch.expected)) {
      return Negative(Status::kIo);
    }
  }
  for (size_t i = 0; i < patches.size(); ++i) {
    const int status = WriteOne(patches[i]);
    if (status != 0) {
      Undo(patches, i + 1);
      return status;
    }
  }
  return 0;
}

constinit Atomic<uint64_t> text_patch_count{0};

// Releases nothing: the trap only compares the numbers.
void CountTextChange() { text_patch_count.FetchAdd(1, kRelaxed); }

Status ApplyTextPatches(Span<const TextPatch> patches) {
  CountTextChange();
  int result = 0;
  const int stopped = ebpf_port_stop_machine(
      [](void* argument) {
        return ApplyWhereStopped(
            *static_cast<const Span<const TextPatch>*>(argument));
      },
      &patches, &result);
  return static_cast<Status>(-(stopped != 0 ? stopped : result));
}

}  // namespace ebpf
