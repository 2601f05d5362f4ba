// SPDX-License-Identifier: MIT
//
// Changes between breakpoint and jump, at sites that are armed.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/base/types.h"
#include "core/machine/probe_plan.h"
#include "core/probes/probe_site.h"
#include "core/probes/text_patch.h"

namespace ebpf {

/// Collects sites, and changes all in one rendezvous, in which the CPUs are
/// asked where they were as well: nobody comes to a window between the look
/// and the jump. Context of all: task, under the registry's mutex.
class DetourPatches : public NonCopyable {
 public:
  constexpr DetourPatches() = default;

  /// Adds a site if a detour's breakpoint stands there. May write jumps of what
  /// was added before; WriteJumps' result of those.
  size_t WantJump(ProbeSite& site);

  /// Writes the jumps of those that were added where nobody is inside of the
  /// window, nor on a way that leads into it; the others keep their
  /// breakpoints. How many those are; none is added any more.
  size_t WriteJumps();

  /// Takes back what stands of a site's detour, and gives it `plan`, which has
  /// the same breakpoint, and `slot`, if it needs one. The breakpoint stays.
  /// ApplyTextPatches' errors: nothing changed.
  static Status Revert(ProbeSite& site, const machine::ProbePlan& plan,
                       uint64_t slot);

 private:
  static constexpr size_t kMaxSites = kMaxTextPatches;

  struct Reversal {
    int Apply() const;

    ProbeSite& site;
    const machine::ProbePlan& plan;
    uint64_t slot;
    int result;
  };

  static void See(void* patches, uintptr_t pc);
  static void Decide(void* patches, bool listed);

  size_t site_count_ = 0;
  ProbeSite* sites_[kMaxSites] = {};
  bool is_entered_[kMaxSites] = {};  // somebody is in the window
  bool all_entered_ = false;         // or may be in any
  uint64_t lowest_ = 0;              // all windows are in [lowest_, highest_)
  uint64_t highest_ = 0;
};

}  // namespace ebpf
