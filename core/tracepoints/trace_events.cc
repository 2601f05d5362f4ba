// SPDX-License-Identifier: MIT
//
// The registry behind core/tracepoints/trace_event.h.
#include "core/base/thread_annotations.h"
#include "core/sync/mutex.h"
#include "core/tracepoints/trace_event.h"

namespace ebpf {
namespace {

constinit Mutex mutex;
constinit TraceEvent* first EBPF_GUARDED_BY(mutex) = nullptr;  // by rising id

/// What is held cannot go when the mutex is left.
TraceEventRef Hold(TraceEvent* event) EBPF_REQUIRES(mutex) {
  if (event != nullptr) {
    event->Hold();
  }
  return TraceEventRef::Adopt(event);
}

}  // namespace

Status TraceEvents::Add(TraceEvent& event) {
  const MutexGuard guard(mutex);
  // The lowest id that is free, at its place.
  TraceEvent** place = nullptr;
  uint32_t id = 1;
  for (TraceEvent** link = &first; *link != nullptr; link = &(*link)->next_) {
    const TraceEvent& other = **link;
    if (other.name() == event.name() && other.system() == event.system()) {
      return Status::kExists;
    }
    if (place == nullptr && other.id_ != id) {
      place = link;
    }
    if (place == nullptr) {
      ++id;
    }
  }
  if (id > UINT16_MAX) {
    return Status::kNoSpace;
  }
  if (place == nullptr) {
    place = &first;
    while (*place != nullptr) {
      place = &(*place)->next_;
    }
  }
  event.id_ = static_cast<uint16_t>(id);
  event.next_ = *place;
  *place = &event;
  return Status::kOk;
}

void TraceEvents::Remove(TraceEvent& event) {
  const MutexGuard guard(mutex);
  TakeOut(event);
}

Status TraceEvents::RemoveUnlessUsed(TraceEvent& event) {
  const MutexGuard guard(mutex);
  if (event.uses_ != 0) {
    return Status::kBusy;
  }
  event.is_going_ = true;
  TakeOut(event);
  return Status::kOk;
}

Status TraceEvents::RemoveProbesUnlessUsed() {
  const MutexGuard guard(mutex);
  for (const TraceEvent* event = first; event != nullptr;
       event = event->next_) {
    if (event->is_probe() && event->uses_ != 0) {
      return Status::kBusy;
    }
  }
  for (TraceEvent** link = &first; *link != nullptr;) {
    TraceEvent& event = **link;
    if (event.is_probe()) {
      event.is_going_ = true;
      *link = event.next_;
      event.next_ = nullptr;
    } else {
      link = &event.next_;
    }
  }
  return Status::kOk;
}

bool TraceEvents::Use(TraceEvent& event) {
  const MutexGuard guard(mutex);
  event.uses_ += !event.is_going_;
  return !event.is_going_;
}

void TraceEvents::Unuse(TraceEvent& event) {
  const MutexGuard guard(mutex);
  --event.uses_;
}

void TraceEvents::TakeOut(TraceEvent& event) {
  for (TraceEvent** link = &first; *link != nullptr; link = &(*link)->next_) {
    if (*link == &event) {
      *link = event.next_;
      event.next_ = nullptr;
      return;
    }
  }
}

TraceEventRef TraceEvents::Find(StringView system, StringView name) {
  const MutexGuard guard(mutex);
  for (TraceEvent* event = first; event != nullptr; event = event->next_) {
    if (event->name() == name && event->system() == system) {
      return Hold(event);
    }
  }
  return TraceEventRef();
}

TraceEventRef TraceEvents::FindById(uint32_t id) {
  const MutexGuard guard(mutex);
  for (TraceEvent* event = first; event != nullptr; event = event->next_) {
    if (event->id_ == id) {
      return Hold(event);
    }
  }
  return TraceEventRef();
}

TraceEventRef TraceEvents::Next(uint32_t id) {
  const MutexGuard guard(mutex);
  for (TraceEvent* event = first; event != nullptr; event = event->next_) {
    if (event->id_ > id) {
      return Hold(event);
    }
  }
  return TraceEventRef();
}

}  // namespace ebpf
