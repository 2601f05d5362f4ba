// SPDX-License-Identifier: MIT
//
// Who wants what is passed, by kind: all that comes and goes in the storm.
#pragma once

#include <stdint.h>

#include "core/capi/ebpf.h"
#include "testing/guest/clients/loaded_object.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/trace_storm/passes.h"

namespace guest::trace_storm {

/// Somebody at a place. What a CPU did not tell it was missed, and counted as
/// that.
class Watcher {
 public:
  virtual const char* name() const = 0;

  /// kBusy: a CPU did not come, and nothing has changed. Context: task, as all.
  virtual ebpf::Status Attach() = 0;
  virtual void Detach() = 0;
  /// Takes what has come so far, of what has no room for more.
  virtual void Drain() {}
  /// Of all times that it was attached, together.
  virtual uint64_t Hits(uint32_t cpu) = 0;
  virtual uint64_t Missed() { return 0; }
  /// How many of its hits may be counted after Detach, at most: each CPU may
  /// be between being told and counting.
  virtual uint32_t Late() const { return 0; }
  /// What it was told and cannot be.
  virtual uint64_t Wrong() const { return 0; }

  Place place() const { return place_; }
  uint64_t Sum();
  /// Whether there are more than `before` on each.
  bool OnEveryCpu(const uint64_t (&before)[kMaxCpus]);

 protected:
  explicit Watcher(Place place) : place_(place) {}
  ~Watcher() = default;

 private:
  const Place place_;
};

/// Wants the records, as a trace does.
class RecordWatcher final : public Watcher, private ebpf::RecordConsumer {
 public:
  explicit RecordWatcher(Place place) : Watcher(place) {}

  const char* name() const override { return "records"; }
  ebpf::Status Attach() override;
  void Detach() override;
  uint64_t Hits(uint32_t cpu) override;
  /// Of the tracepoint's, since it was attached.
  uint64_t Missed() override;
  uint64_t Wrong() const override;

 private:
  struct alignas(64) OfCpu {
    PassRecord record;
    ebpf::Atomic<uint64_t> hits{0};
    ebpf::Atomic<uint64_t> wrong{0};
  };

  void* Reserve(size_t size, const ebpf::EventPlace& place) override;
  void Commit(void* record, size_t size,
              const ebpf::EventPlace& place) override;

  OfCpu cpus_[kMaxCpus];
  ebpf::TraceEventRef event_;
  uint64_t missed_before_ = 0;
};

/// A program that counts, on the tracepoint's records or on its arguments.
class ProgramWatcher final : public Watcher {
 public:
  ProgramWatcher(Place place, bool is_raw);

  const char* name() const override { return is_raw_ ? "raw" : "program"; }
  /// kInvalid: it could not be loaded.
  ebpf::Status Attach() override;
  void Detach() override;
  uint64_t Hits(uint32_t cpu) override;
  uint64_t Missed() override;

 private:
  const char* ProgramName() const;

  const bool is_raw_;
  LoadedObject object_;
  int link_ = 0;
};

/// A perf event for each CPU that samples each pass into its buffer.
class SampleWatcher final : public Watcher {
 public:
  SampleWatcher(Place place, ebpf_client* client)
      : Watcher(place), client_(client) {}

  const char* name() const override { return "samples"; }
  ebpf::Status Attach() override;
  void Detach() override;
  void Drain() override;
  uint64_t Hits(uint32_t cpu) override;
  /// Samples that had no room.
  uint64_t Missed() override;
  uint64_t Wrong() const override { return wrong_; }

 private:
  struct OfCpu {
    int64_t fd = 0;
    ebpf_pages pages = {};
    uint64_t tail = 0;
    uint64_t seen = 0;
    uint64_t next = 0;  // no number is lower
    uint64_t lost = 0;  // as its records say
    uint64_t lost_by_count = 0;
    uint64_t counted = 0;
  };

  int64_t Open(uint32_t cpu);
  void DrainCpu(OfCpu& of, uint32_t cpu);
  void TakeSample(OfCpu& of, uint32_t cpu, uint64_t at);

  ebpf_client* const client_;
  OfCpu cpus_[kMaxCpus];
  uint64_t wrong_ = 0;
};

/// Wants the branch. Beside another one that does, what it was told is what was
/// told while it wanted it.
class KeyWatcher final : public Watcher {
 public:
  explicit KeyWatcher(Place place);

  const char* name() const override { return "key"; }
  uint32_t Late() const override;
  ebpf::Status Attach() override;
  void Detach() override;
  uint64_t Hits(uint32_t cpu) override;

 private:
  bool attached_ = false;
  uint64_t at_first_[kMaxCpus] = {};
  uint64_t at_the_end_[kMaxCpus] = {};
};

}  // namespace guest::trace_storm
