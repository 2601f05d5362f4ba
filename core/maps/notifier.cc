// SPDX-License-Identifier: MIT
//
// core/maps/notifier.h's implementation.
#include "core/maps/notifier.h"

#include "core/sync/read_section.h"

namespace ebpf {

void Notifier::Add(Listener& listener) {
  const MutexGuard guard(mutex_);
  listeners_.PushBack(listener);
  // A full fence: the listener looks for something to read after it was added,
  // and a writer looks for listeners after it has written (Notify). One of them
  // sees the other.
  listener_count_.FetchAdd(1, kSeqCst);
  ThreadFence(kSeqCst);
  if (in_sections_) {
    WaitForReaders();
  }
}

void Notifier::Remove(Listener& listener) {
  const MutexGuard guard(mutex_);
  listeners_.Remove(listener);
  listener_count_.FetchSub(1, kRelaxed);
}

void Notifier::Notify() {
  // Comes after what the caller wrote; pairs with the fence in Add.
  if (listener_count_.Load(kSeqCst) != 0) {
    work_.Request();
  }
}

void Notifier::Run(void* self) {
  auto& notifier = *static_cast<Notifier*>(self);
  const MutexGuard guard(notifier.mutex_);
  for (Listener& listener : notifier.listeners_) {
    listener.OnReadable();
  }
}

}  // namespace ebpf
