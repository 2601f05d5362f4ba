// SPDX-License-Identifier: MIT
//
// core/tracepoints/saved_cmdlines.h's implementation.
#include "core/tracepoints/saved_cmdlines.h"

#include "core/base/memory.h"
#include "core/base/string_view.h"

namespace ebpf {
namespace {

void Put(char (&comm)[kCommSize], StringView text) {
  FillBytes(comm, 0, kCommSize);
  CopyBytes(comm, text.data(), text.size());
}

}  // namespace

Result<SavedCmdlines*> SavedCmdlines::Create(size_t size,
                                             Allocator& allocator) {
  if (size == 0 || size > kMaxSize) {
    return Status::kInvalid;
  }
  size_t rounded = 1;
  while (rounded < size) {
    rounded *= 2;
  }
  const Span<Place> places = EBPF_TRY(allocator.NewArray<Place>(rounded));
  Result<SavedCmdlines*> cmdlines =
      allocator.New<SavedCmdlines>(places, allocator);
  if (!cmdlines.ok()) {
    allocator.DeleteArray(places);
    return cmdlines;
  }
  const Status status = (*cmdlines)->last_.Allocate(allocator);
  if (!IsOk(status)) {
    (*cmdlines)->Destroy();
    return status;
  }
  return cmdlines;
}

void SavedCmdlines::Destroy() {
  Allocator& allocator = allocator_;
  allocator.DeleteArray(places_);
  allocator.Delete(this);
}

/// Another CPU may have noted it.
[[gnu::noinline, gnu::cold]] void SavedCmdlines::NoteOther(uint32_t pid,
                                                           uint64_t time) {
  Place& place = PlaceOf(pid);
  if (place.pid.Load(kRelaxed) != pid ||
      time - place.time.Load(kRelaxed) >= kFreshNs) {
    Save(place, pid, time);
  }
}

void SavedCmdlines::Save(Place& place, uint32_t pid, uint64_t time) {
  uint32_t turn = place.turn.Load(kRelaxed);
  // Acquires: pairs with the release below. So what is written here comes after
  // the odd turn, for who reads.
  if ((turn & 1) != 0 ||
      !place.turn.CompareExchange(turn, turn + 1, kAcquire)) {
    return;  // somebody else is writing it, perhaps one that this interrupted
  }
  ThreadFence(kRelease);  // pairs with the fence in Read
  char comm[kCommSize];
  CurrentComm(comm);
  uint64_t words[kWords];
  CopyBytes(words, comm, sizeof(comm));
  place.pid.Store(pid, kRelaxed);
  place.time.Store(time, kRelaxed);
  for (size_t i = 0; i < kWords; ++i) {
    place.comm[i].Store(words[i], kRelaxed);
  }
  place.turn.Store(turn + 2, kRelease);  // pairs with the acquire in Read
}

/// Whose name it is, or 0.
uint32_t SavedCmdlines::Read(const Place& place, char (&comm)[kCommSize]) {
  const uint32_t turn = place.turn.Load(kAcquire);  // pairs with Save's release
  const uint32_t pid = place.pid.Load(kRelaxed);
  uint64_t words[kWords];
  for (size_t i = 0; i < kWords; ++i) {
    words[i] = place.comm[i].Load(kRelaxed);
  }
  ThreadFence(kAcquire);  // pairs with the fence in Save
  if ((turn & 1) != 0 || place.turn.Load(kRelaxed) != turn) {
    return 0;
  }
  CopyBytes(comm, words, sizeof(comm));
  return pid;
}

void SavedCmdlines::Find(uint32_t pid, char (&comm)[kCommSize]) const {
  if (pid == 0) {
    Put(comm, "<idle>");
  } else if (Read(PlaceOf(pid), comm) != pid) {
    Put(comm, "<...>");
  }
}

bool SavedCmdlines::At(size_t index, uint32_t* pid,
                       char (&comm)[kCommSize]) const {
  *pid = Read(places_[index], comm);
  return *pid != 0;
}

}  // namespace ebpf
