// SPDX-License-Identifier: MIT
//
// An attachment as an object: what is attached stays so while there is a
// reference, and it can be found by id.
#pragma once

#include <stdint.h>

#include "core/linux_abi/bpf_objects.h"
#include "core/memory/ref_counted.h"
#include "core/perf/perf_event.h"
#include "core/program/program.h"
#include "core/sync/id_table.h"
#include "core/sync/mutex.h"

namespace ebpf {

class CgroupLink;
class IteratorLink;
class KprobeMultiLink;
class RawTracepointLink;

/// Each kind derives from it. Context: task.
class Link : public RefCounted<Link>, public IdNode {
 public:
  virtual linux_abi::LinkType type() const = 0;
  /// As Linux's fdinfo calls the type: "perf".
  virtual const char* type_name() const = 0;

  /// What it attaches now.
  Ref<Program> program() const;

  /// BPF_LINK_UPDATE: attaches another program in the place of this one, which
  /// must be `expected` unless that is null (kNotPermitted). kInvalid: not this
  /// program, or not this kind of link (the default).
  virtual Status Update(Ref<Program> program, const Program* expected);

  /// BPF_LINK_DETACH: attaches nothing any more, though it is there. Default:
  /// kNotSupported.
  virtual Status Detach();

  /// Null for the other kinds.
  virtual const CgroupLink* AsCgroup() const { return nullptr; }
  virtual const IteratorLink* AsIterator() const { return nullptr; }
  virtual const KprobeMultiLink* AsKprobeMulti() const { return nullptr; }
  virtual const RawTracepointLink* AsRawTracepoint() const { return nullptr; }

  /// Of a link to a perf event, what that is.
  virtual EventDescription Describe() const { return {}; }

 protected:
  explicit Link(Ref<Program> program) : program_(Move(program)) {}
  ~Link() = default;

  /// For Update, once the program was found to fit.
  Status Replace(Ref<Program> program, const Program* expected);

 private:
  friend class RefCounted<Link>;

  /// Detaches, and frees it.
  virtual void Destroy() = 0;

  mutable Mutex mutex_;
  Ref<Program> program_ EBPF_GUARDED_BY(mutex_);
};

/// Those that attach something. Context: any.
IdTable<Link>& LinkIds();

}  // namespace ebpf
