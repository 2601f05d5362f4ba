// SPDX-License-Identifier: MIT
//
// The breakpoints of many sites, written or taken away together.
#pragma once

#include <stddef.h>

#include "core/base/status.h"
#include "core/probes/probe_site.h"
#include "core/probes/text_patch.h"

namespace ebpf {

/// Collects changes of one direction, and makes them in as few rendezvous as
/// there may be: one for each kMaxTextPatches. What is collected is applied
/// before the direction changes. Context of all: task, under the registry's
/// mutex.
class SitePatches : public NonCopyable {
 public:
  constexpr SitePatches() = default;

  /// Adds a site; nothing where it is so already, or was added. May apply what
  /// was added before, and says how that went: a site to be disarmed is added
  /// all the same.
  Status Arm(ProbeSite& site) { return Add(site, true); }
  Status Disarm(ProbeSite& site) { return Add(site, false); }

  /// Makes what was added happen; ApplyTextPatches' errors. Sites that could
  /// not be armed are not, all of this rendezvous; of those that are disarmed
  /// one whose text is not as it should be does not hinder the others.
  Status Apply();

  /// Apply, unless a CPU did not come to what was last (`status`, of Arm or
  /// Disarm): then what was added is forgotten.
  void Finish(Status status);

 private:
  void Drop();
  Status Add(ProbeSite& site, bool arm);
  Status ApplyTo(size_t first, size_t count);
  void AddPatches(ProbeSite& site);
  void LookAfterFailure(ProbeSite& site);

  bool arm_ = false;
  size_t site_count_ = 0;
  size_t collected_ = 0;    // patches that the sites need
  size_t patch_count_ = 0;  // of those in `patches_`
  ProbeSite* sites_[kMaxTextPatches] = {};
  TextPatch patches_[kMaxTextPatches] = {};
};

}  // namespace ebpf
