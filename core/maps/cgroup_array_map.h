// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_CGROUP_ARRAY: groups of tasks, to ask whether one is the running
// task's.
#pragma once

#include <stdint.h>

#include "core/base/status.h"
#include "core/maps/map.h"
#include "core/maps/object_array.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// A group that the port keeps for us.
class Cgroup final : public RefCounted<Cgroup> {
 public:
  /// The one behind the calling process's descriptor: kBadFd, kNoMemory.
  /// Context: task.
  static Result<Ref<Cgroup>> Get(int fd, Allocator& allocator);

  /// Whether the running task is under it. Context: any.
  bool HasCurrentTask() const;

  /// The port's, the same for the same group. Context: any.
  const void* handle() const { return handle_; }

 private:
  friend class RefCounted<Cgroup>;
  friend class Allocator;

  explicit Cgroup(Allocator& allocator) : allocator_(allocator) {}
  ~Cgroup() = default;
  void Destroy();

  Allocator& allocator_;
  void* handle_ = nullptr;
};

class CgroupArrayMap final : public Map {
 public:
  /// `map` as one of this kind; it is one. Context: any.
  static CgroupArrayMap& From(Map& map) {
    return static_cast<CgroupArrayMap&>(map);
  }

  /// The group at `index`, or null. Context: any, in a read section.
  const Cgroup* At(uint64_t index) const { return groups_.At(index); }

  /// Puts the group behind the calling process's descriptor in: kTooBig, and
  /// what Cgroup::Get says. Context: task, in no read section.
  Status Set(uint32_t index, int fd);

  /// kTooBig, kNotFound. Context: task, in no read section.
  Status Clear(uint32_t index);

  // Map. Programs and user space cannot look entries up.
  Status NextKey(ConstBytes key, Bytes next) override;

 private:
  friend class Allocator;
  friend Result<Ref<Map>> CreateCgroupArrayMap(const MapSpec& spec,
                                               Allocator& allocator);

  CgroupArrayMap(const MapSpec& spec, Allocator& allocator)
      : Map(spec), groups_(allocator), allocator_(allocator) {}
  ~CgroupArrayMap() = default;
  void UserReferencesGone() override { groups_.Clear(); }
  void Destroy() override;

  ObjectArray<Cgroup> groups_;
  Allocator& allocator_;
};

/// kInvalid, kNoMemory. Context: task.
Result<Ref<Map>> CreateCgroupArrayMap(const MapSpec& spec,
                                      Allocator& allocator);

}  // namespace ebpf
