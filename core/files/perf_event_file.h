// SPDX-License-Identifier: MIT
//
// A descriptor of a perf event.
#pragma once

#include "core/base/thread_annotations.h"
#include "core/files/file.h"
#include "core/files/reader_waker.h"
#include "core/perf/perf_event.h"
#include "core/perf/sampled_event.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// PERF_EVENT_IOC_SET_OUTPUT: `event`'s samples go where those of `to` go.
/// kInvalid where they cannot. Context: task.
Status RedirectOutput(PerfEvent& event, PerfEvent& to);

/// read(2) gives the count; ioctl(2) enables, disables, resets, says what is
/// sampled and where to, and gives the event its program; mmap(2) its buffer of
/// samples.
class PerfEventFile final : public File {
 public:
  /// `read_format`: what read(2) gives besides the count.
  static Result<Ref<File>> Create(Ref<PerfEvent> event, uint64_t read_format,
                                  Allocator& allocator);

  const char* name() const override { return "anon_inode:[perf_event]"; }
  PerfEventFile* AsPerfEvent() override { return this; }
  Result<size_t> Read(Client& client, CallerPtr to, size_t size) override;
  uint32_t Poll() override;
  /// kNotSupported as long as it is not mapped, too.
  Status WakeReaders(void* file) override;
  Status Ioctl(Client& client, uint32_t command, uint64_t argument) override;
  Result<MapPages> Mmap(Client& client, uint64_t offset, uint64_t size,
                        uint32_t protection) override;

  PerfEvent& event() { return *event_; }

 private:
  friend class Allocator;

  PerfEventFile(Ref<PerfEvent> event, uint64_t read_format,
                Allocator& allocator)
      : event_(Move(event)), read_format_(read_format), allocator_(allocator) {}
  void Destroy() override;

  Status Sampling(Client& client, SampledEvent& event, uint32_t command,
                  uint64_t argument);
  Status SetProgram(Client& client, uint64_t argument);
  Status SetFilter(Client& client, uint64_t argument);
  Status ListPrograms(Client& client, uint64_t argument);

  Ref<PerfEvent> event_;
  const uint64_t read_format_;
  Allocator& allocator_;
  Mutex mutex_;
  Ref<PerfRing> ring_ EBPF_GUARDED_BY(mutex_);  // that wakes, or null
  ReaderWaker waker_;                           // by that
};

}  // namespace ebpf
