// SPDX-License-Identifier: MIT
//
// A descriptor of a perf event.
#pragma once

#include "core/files/file.h"
#include "core/perf/kprobe_event.h"

namespace ebpf {

/// read(2) gives the count of hits; ioctl(2) enables, disables, resets, and
/// gives the event its program.
class PerfEventFile final : public File {
 public:
  static Result<Ref<File>> Create(Ref<KprobeEvent> event, Allocator& allocator);

  const char* name() const override { return "anon_inode:[perf_event]"; }
  PerfEventFile* AsPerfEvent() override { return this; }
  Result<size_t> Read(Client& client, CallerPtr to, size_t size) override;
  uint32_t Poll() override;
  Status Ioctl(Client& client, uint32_t command, uint64_t argument) override;

 private:
  friend class Allocator;

  PerfEventFile(Ref<KprobeEvent> event, Allocator& allocator)
      : event_(Move(event)), allocator_(allocator) {}
  void Destroy() override;

  Ref<KprobeEvent> event_;
  Allocator& allocator_;
};

}  // namespace ebpf
