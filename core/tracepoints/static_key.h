// SPDX-License-Identifier: MIT
//
// Branches in the text that cost one no-op while nobody wants them: a jump is
// written there when somebody does. core/decisions/0004-static-keys.md tells
// how a branch is made, and how it gets into the table of all.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/status.h"
#include "core/machine/machine_ops.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// What all branches on one key follow: EBPF_STATIC_BRANCH(key) of
/// machine/static_branch.h. A key that is written down in another language is
/// this: zeros, 8 bytes.
///
/// Hidden, as what holds one has to be: its address is a constant to the
/// assembler then, however the code around it is compiled.
class [[gnu::visibility("hidden")]] StaticKey {
 public:
  constexpr StaticKey() = default;

  /// One more wants the branches taken, or one less does. The first and the
  /// last change the text, in one rendezvous for each kMaxTextPatches branches.
  ///
  /// Enable fails with all as it was. kNotSupported: not between InitStaticKeys
  /// and ExitStaticKeys, or no such machine; kOutOfRange: a branch leads
  /// farther than this CPU jumps; kBusy: a CPU did not come; kIo: somebody else
  /// has changed the text; what else ApplyTextPatches says.
  /// Context: task, interrupts on.
  Status Enable();
  /// Cannot fail for its caller: where the text cannot be changed now, the
  /// branches, or (if CPUs stopped coming in the middle) some of them, stay
  /// taken until the next change of this key. Who is told by a branch does not
  /// go by it alone. Context: as Enable.
  void Disable();

  /// Context: any.
  bool enabled() const { return users_.Load(kRelaxed) != 0; }

 private:
  Atomic<uint32_t> users_{0};  // written under the one mutex of all keys
  [[maybe_unused]] uint32_t reserved_ = 0;
};
static_assert(sizeof(StaticKey) == 8);

/// A branch, as EBPF_STATIC_BRANCH puts it into the section
/// `ebpf_static_sites`, which is read-only and needs no relocation at run time:
/// each offset is from where its field is.
struct StaticSite {
  int32_t code_offset;    // of the no-op
  int32_t target_offset;  // of where the jump goes
  int64_t key_offset;     // of the StaticKey

  uint64_t code() const { return From(code_offset); }
  uint64_t target() const { return From(target_offset); }
  uint64_t key() const { return From(key_offset); }

 private:
  template <typename Offset>
  static uint64_t From(const Offset& offset) {
    return reinterpret_cast<uintptr_t>(&offset) + static_cast<uint64_t>(offset);
  }
};
static_assert(sizeof(StaticSite) == 16 && alignof(StaticSite) == 8);

/// Finds all branches, 12 bytes of memory for each, and keeps probes off them;
/// after InitProbes. kNoMemory. Context: task, once, or again after the other.
Status InitStaticKeys(const machine::MachineOps& ops, Allocator& allocator);
/// No key is enabled any more. What could not be written before is tried once
/// more. Before ExitProbes. Context: task.
void ExitStaticKeys();

/// How many branches there are, of all keys or of one. Context: task.
size_t CountStaticSites();
size_t CountStaticSites(const StaticKey& key);

}  // namespace ebpf
