// SPDX-License-Identifier: MIT
//
// The maps of the crate kbpf-basic, as a column beside ours: the library of
// testing/benchmarks/kbpf, if it is there.
#pragma once

#include <string>

namespace ebpf::benchmarks {

class KbpfPeer {
 public:
  /// `library`: where it is; empty, or not to be loaded: there is none.
  explicit KbpfPeer(const std::string& library);
  KbpfPeer(const KbpfPeer&) = delete;
  KbpfPeer& operator=(const KbpfPeer&) = delete;

  bool there() const { return peer_ != nullptr; }
  /// Nanoseconds of one operation as the program `name` of
  /// testing/programs/map_costs.bpf.c does it; 0 where the crate cannot.
  double Cost(const std::string& name) const;

 private:
  void* peer_ = nullptr;
  double (*cost_)(void*, const char*) = nullptr;
};

}  // namespace ebpf::benchmarks
