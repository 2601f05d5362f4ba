// SPDX-License-Identifier: MIT
//
// A descriptor of a perf event.
#pragma once

#include "core/files/file.h"
#include "core/perf/perf_event.h"

namespace ebpf {

/// read(2) gives the count; ioctl(2) enables, disables, resets, and gives the
/// event its program; mmap(2) its buffer of samples.
class PerfEventFile final : public File {
 public:
  static Result<Ref<File>> Create(Ref<PerfEvent> event, Allocator& allocator);

  const char* name() const override { return "anon_inode:[perf_event]"; }
  PerfEventFile* AsPerfEvent() override { return this; }
  Result<size_t> Read(Client& client, CallerPtr to, size_t size) override;
  uint32_t Poll() override;
  Status Ioctl(Client& client, uint32_t command, uint64_t argument) override;
  Result<MapPages> Mmap(uint64_t offset, uint64_t size,
                        uint32_t protection) override;

  PerfEvent& event() { return *event_; }

 private:
  friend class Allocator;

  PerfEventFile(Ref<PerfEvent> event, Allocator& allocator)
      : event_(Move(event)), allocator_(allocator) {}
  void Destroy() override;

  Ref<PerfEvent> event_;
  Allocator& allocator_;
};

}  // namespace ebpf
