// SPDX-License-Identifier: MIT
//
// The host kernel's verifier, as the judge of programs that ours judges too.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/span.h"
#include "core/isa/insn.h"
#include "core/maps/map.h"

namespace ebpf::oracle {

struct HostVerdict {
  int error;  // errno, or 0: accepted
  std::string log;
};

/// Maps in the host's kernel, made like some of ours, and loads with them.
class HostVerifier {
 public:
  /// Makes a map for each of `maps`, which programs name by their index there.
  explicit HostVerifier(Span<Map* const> maps);
  ~HostVerifier();
  HostVerifier(const HostVerifier&) = delete;
  HostVerifier& operator=(const HostVerifier&) = delete;

  /// False: this process cannot use bpf(2) here; `reason()` tells why.
  bool usable() const { return reason_.empty(); }
  const std::string& reason() const { return reason_; }

  /// Loads `code` as a program of type `type` (Linux's number) and unloads it.
  /// `level` is the log's; 0: none. `flags`: BPF_F_* of bpf(2).
  HostVerdict Judge(const std::vector<isa::Insn>& code, uint32_t type,
                    bool gpl_compatible, uint32_t level = 1,
                    uint32_t attach_type = 0, uint32_t flags = 0);

  /// A verdict that takes longer is EAGAIN. 0, the default: no limit.
  void SetTimeLimit(unsigned milliseconds) { time_limit_ms_ = milliseconds; }

 private:
  /// The types of `code`'s functions, loaded, or -1.
  int LoadTypes(const std::vector<uint32_t>& functions);

  unsigned time_limit_ms_ = 0;
  std::vector<int> map_fds_;
  std::string reason_;
};

}  // namespace ebpf::oracle
