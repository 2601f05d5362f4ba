// SPDX-License-Identifier: MIT
//
// The plain port's executable memory: below RAM, within a branch's reach of
// text. Its frames are mapped nowhere else that could be written.
#include "core/base/types.h"
#include "core/platform/errors.h"
#include "core/platform/exec.h"
#include "core/platform/text.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/spin_lock.h"
#include "testing/guest/personalities/plain/cpu.h"
#include "testing/guest/personalities/plain/port.h"
#include "testing/guest/personalities/plain/port_alias.h"
#include "testing/guest/personalities/plain/rendezvous.h"

namespace {

using guest::kPageSize;

constexpr size_t kExecPages = 8192;
constexpr size_t kMaxPages = kExecPages / 2;  // 16 MiB
/// A CPU that does not come in time may be one whose host is busy.
constexpr int kTries = 5;

struct ExecRange {
  size_t first_page = 0;
  size_t pages = 0;  // 0: nobody's
  uintptr_t frames = 0;
};
constinit ExecRange ranges[64] = {};
constinit guest::SpinLock ranges_lock;
constinit bool exec_memory = true;

uintptr_t BeginOf(const ExecRange& range) {
  return guest::plain::kExecBegin + range.first_page * kPageSize;
}

/// The range that holds [to, to + size), or null. Others only change ranges
/// that they own.
const ExecRange* FindRange(uintptr_t to, size_t size) {
  for (const ExecRange& range : ranges) {
    const uintptr_t begin = BeginOf(range);
    const size_t bytes = range.pages * kPageSize;
    if (bytes != 0 && to >= begin && size <= bytes &&
        to - begin <= bytes - size) {
      return &range;
    }
  }
  return nullptr;
}

bool IsFree(size_t first_page, size_t pages) {
  for (const ExecRange& range : ranges) {
    if (first_page < range.first_page + range.pages &&
        first_page + pages > range.first_page) {
      return false;
    }
  }
  return true;
}

/// An entry for `pages` pages, marked taken; null if there is none.
ExecRange* TakeRange(size_t pages) {
  guest::SpinLockGuard guard(ranges_lock);
  for (ExecRange& range : ranges) {
    if (range.pages != 0) {
      continue;
    }
    for (size_t first = 0; first + pages <= kExecPages; ++first) {
      if (IsFree(first, pages)) {
        range.first_page = first;
        range.pages = pages;
        return &range;
      }
    }
    return nullptr;
  }
  return nullptr;
}

void GiveRange(ExecRange& range) {
  guest::SpinLockGuard guard(ranges_lock);
  range = {};
}

bool IsReachable(uintptr_t begin, size_t size, uintptr_t near, uint64_t reach) {
  const uintptr_t last = begin + size - 1;
  const uint64_t below = near > begin ? near - begin : 0;
  const uint64_t above = last > near ? last - near : 0;
  return below < reach && above < reach;
}

/// Changes how all CPUs may use RAM at its own address.
bool ProtectRam(uintptr_t begin, size_t pages, uint32_t protection) {
  const bool done =
      guest::machine::Map(begin, begin, pages * kPageSize, protection);
  guest::plain::FlushTlbOfAll(begin, pages);
  return done;
}

/// Takes the right to write the frames away and maps them at the range's
/// addresses, to be executed.
bool MapRange(const ExecRange& range) {
  if (!ProtectRam(range.frames, range.pages, guest::machine::kReadOnly)) {
    return false;
  }
  return guest::machine::Map(BeginOf(range), range.frames,
                             range.pages * kPageSize, guest::machine::kExecute);
}

void UnmapRange(const ExecRange& range) {
  guest::machine::Unmap(BeginOf(range), range.pages * kPageSize);
  guest::plain::FlushTlbOfAll(BeginOf(range), range.pages);
  if (!ProtectRam(range.frames, range.pages, guest::machine::kWrite)) {
    guest::Panic("the map of RAM cannot be changed back");
  }
}

struct Piece {
  uintptr_t to;
  const uint8_t* bytes;
  size_t size;
};

int WritePiece(void* argument) {
  const auto& piece = *static_cast<const Piece*>(argument);
  const uintptr_t phys = guest::plain::PhysOfExec(piece.to, piece.size);
  if (!guest::plain::WriteThroughAlias(phys, piece.bytes, piece.size)) {
    return ebpf::kMinusNoMemory;
  }
  guest::plain::FlushInsnCache(piece.to, piece.size);
  return 0;
}

int StopAndWrite(Piece& piece) {
  int result = 0;
  int status = ebpf::kMinusBusy;
  for (int i = 0; i < kTries && status == ebpf::kMinusBusy; ++i) {
    status = guest::plain::StopMachine(WritePiece, &piece, &result);
  }
  return status != 0 ? status : result;
}

}  // namespace

namespace guest::plain {

void SetExecMemory(bool there_is_some) { exec_memory = there_is_some; }

uintptr_t PhysOfExec(uintptr_t to, size_t size) {
  const ExecRange* range = FindRange(to, size);
  return range != nullptr ? range->frames + (to - BeginOf(*range)) : 0;
}

}  // namespace guest::plain

extern "C" {

void* ebpf_port_exec_alloc(size_t size, uintptr_t near, uint64_t reach) {
  const size_t pages = (size + kPageSize - 1) / kPageSize;
  if (!exec_memory || size == 0 || pages > kMaxPages) {
    return nullptr;
  }
  ExecRange* range = TakeRange(pages);
  if (range == nullptr) {
    return nullptr;
  }
  if (!IsReachable(BeginOf(*range), size, near, reach)) {
    GiveRange(*range);
    return nullptr;
  }
  // Zeroes: each an undefined instruction.
  void* frames = guest::AllocatePages(pages);
  if (frames == nullptr) {
    GiveRange(*range);
    return nullptr;
  }
  range->frames = reinterpret_cast<uintptr_t>(frames);
  if (!MapRange(*range)) {
    UnmapRange(*range);
    guest::FreePages(frames, pages);
    GiveRange(*range);
    return nullptr;
  }
  guest::plain::FlushInsnCache(BeginOf(*range), pages * kPageSize);
  return reinterpret_cast<void*>(BeginOf(*range));
}

void ebpf_port_exec_free(void* memory, size_t /*size*/) {
  const auto begin = reinterpret_cast<uintptr_t>(memory);
  for (ExecRange& range : ranges) {
    if (range.pages != 0 && BeginOf(range) == begin) {
      UnmapRange(range);
      guest::FreePages(reinterpret_cast<void*>(range.frames), range.pages);
      GiveRange(range);
      return;
    }
  }
}

// A piece in each rendezvous: nobody runs while there is a writable mapping,
// and nobody stands still for long. The other CPUs leave it with their
// instruction streams synchronised, after which they fetch what was written.
int ebpf_port_exec_write(void* to, const void* bytes, size_t size) {
  const auto begin = reinterpret_cast<uintptr_t>(to);
  if (!exec_memory) {
    return ebpf::kMinusNotSupported;
  }
  if (size == 0 || FindRange(begin, size) == nullptr) {
    return ebpf::kMinusFault;
  }
  for (size_t done = 0; done < size;) {
    Piece piece = {begin + done, static_cast<const uint8_t*>(bytes) + done,
                   ebpf::Min(size - done, guest::plain::kMaxAliasWrite)};
    const int status = StopAndWrite(piece);
    if (status != 0) {
      return status;
    }
    done += piece.size;
  }
  return 0;
}

}  // extern "C"
