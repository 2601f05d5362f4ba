// SPDX-License-Identifier: MIT
//
// Branches in the text that cost one no-op while nobody wants them: a jump is
// written there when somebody does.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/status.h"

namespace ebpf {

/// What all branches on one key follow. A key that is written down in a table
/// of another language is this: zeros, 8 bytes.
class StaticKey {
 public:
  constexpr StaticKey() = default;

  /// One more wants the branches taken, or one less does. The first and the
  /// last change the text, in one rendezvous for each kMaxTextPatches sites:
  /// all of them or none. kBusy: a CPU did not come, or what ApplyTextPatches
  /// says; nothing has changed. Context: task, interrupts on.
  Status Enable();
  /// Cannot fail for its caller: where the text cannot be changed now, the
  /// branches stay taken, until the next change of this key.
  void Disable();

  /// Context: any.
  bool enabled() const { return users_.Load(kRelaxed) != 0; }

 private:
  Atomic<uint32_t> users_{0};
  uint32_t is_written_ = 0;  // under the one mutex of all keys
};
static_assert(sizeof(StaticKey) == 8);

/// A place in the text: what EBPF_STATIC_BRANCH (machine/static_branch.h) puts
/// into the section `ebpf_static_sites`, read-only and with no relocation at
/// run time. Offsets are from the field's own address.
struct StaticSite {
  int32_t code;    // the no-op's address
  int32_t target;  // where the jump goes
  int64_t key;     // the StaticKey's address
};
static_assert(sizeof(StaticSite) == 16);

}  // namespace ebpf
