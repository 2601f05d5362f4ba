// SPDX-License-Identifier: MIT
//
// A descriptor that keeps the statistics of all programs on while it is open.
#pragma once

#include "core/files/file.h"
#include "core/program/program.h"

namespace ebpf {

class StatsFile final : public File {
 public:
  static Result<Ref<File>> Create(Allocator& allocator);

  const char* name() const override { return "anon_inode:bpf-stats"; }

 private:
  friend class Allocator;

  explicit StatsFile(Allocator& allocator) : allocator_(allocator) {}
  void Destroy() override { allocator_.Delete(this); }

  Allocator& allocator_;
  RunTimes times_;
};

}  // namespace ebpf
