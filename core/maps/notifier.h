// SPDX-License-Identifier: MIT
//
// Telling tasks that there is something to read, from any context.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/intrusive_list.h"
#include "core/base/thread_annotations.h"
#include "core/base/types.h"
#include "core/maps/deferred_work.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// Who wants to know. It is removed before it dies.
class Listener : public ListNode<Listener> {
 public:
  /// There is something to read. Adds and removes no listeners.
  /// Context: task.
  virtual void OnReadable() = 0;

 protected:
  Listener() = default;
  ~Listener() = default;
};

/// The listeners of one thing that can be read, and the way to them: a probe
/// may be inside the scheduler, so a notice always goes through
/// ebpf_port_defer. Several notices may become one.
class Notifier : public NonCopyable {
 public:
  /// The owner outlives each notice, unless `keep_alive` is the owner: then a
  /// notice that is under way holds a reference of it.
  explicit Notifier(Keeper keep_alive) : work_(&Run, this, keep_alive) {}
  /// `in_sections`: who writes does so in a read section, and may say so by
  /// NotifyInSection. Then Add waits for those that are open.
  Notifier(Keeper keep_alive, bool in_sections)
      : in_sections_(in_sections), work_(&Run, this, keep_alive) {}

  /// Context: task. After Remove `listener` is not called any more.
  void Add(Listener& listener) EBPF_EXCLUDES(mutex_);
  void Remove(Listener& listener) EBPF_EXCLUDES(mutex_);

  /// Tells every listener, soon, that there is something to read. The caller
  /// has written it by a sequentially consistent operation, or has made a full
  /// fence since. Context: any.
  void Notify();

  /// The same, where the caller is in the read section in which it has written,
  /// by whatever. Costs a load. Context: any.
  void NotifyInSection() {
    // A section that does not see a listener was open when it came, so Add has
    // waited for it, and the listener sees what was written in it.
    if (__builtin_expect(listener_count_.Load(kRelaxed) != 0, 0)) {
      work_.Request();
    }
  }

 private:
  static void Run(void* self);

  const bool in_sections_ = false;
  DeferredWork work_;
  /// Spares those that nobody listens to the deferred call.
  Atomic<uint32_t> listener_count_{0};
  Mutex mutex_;
  IntrusiveList<Listener> listeners_ EBPF_GUARDED_BY(mutex_);
};

}  // namespace ebpf
