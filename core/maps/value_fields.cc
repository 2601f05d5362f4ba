// SPDX-License-Identifier: MIT
//
// core/maps/value_fields.h's implementation.
#include "core/maps/value_fields.h"

#include "core/base/assert.h"
#include "core/base/bits.h"
#include "core/base/memory.h"
#include "core/maps/program_object.h"
#include "core/maps/shared_bytes.h"
#include "core/maps/value_lock.h"
#include "core/maps/value_timer.h"

namespace ebpf::value_fields {
namespace {

ValueLock& LockOf(MapFields fields, uint8_t* value) {
  for (const MapField& field : fields) {
    if (field.kind == MapFieldKind::kSpinLock) {
      return *reinterpret_cast<ValueLock*>(value + field.offset);
    }
  }
  EBPF_ASSERT(false);  // callers checked that there is one
  return *reinterpret_cast<ValueLock*>(value);
}

/// Calls `copy` for [begin, end) in pieces that are aligned to 8, or are one
/// word of 4 (a lock is no larger).
template <typename Copy>
void ForAlignedPieces(size_t begin, size_t end, const Copy& copy) {
  if (begin % 8 != 0 && begin < end) {
    const size_t middle = Min(end, begin + 4);
    copy(begin, middle);
    begin = middle;
  }
  if (begin < end) {
    copy(begin, end);
  }
}

/// The same for what is between the special fields.
template <typename Copy>
void ForEachPiece(MapFields fields, size_t size, const Copy& copy) {
  size_t at = 0;
  for (const MapField& field : fields) {
    ForAlignedPieces(at, field.offset, copy);
    at = field.offset + field.size;
  }
  ForAlignedPieces(at, size, copy);
}

/// What a referenced pointer leads to, if it does: an object that a program
/// made, since nothing here makes others.
void DropObject(uint8_t* slot) {
  auto& pointer = *reinterpret_cast<Atomic<void*>*>(slot);
  if (pointer.Load(kRelaxed) == nullptr) {
    return;
  }
  // Acquires what is in the object: pairs with bpf_kptr_xchg.
  void* const object = pointer.Exchange(nullptr, kAcqRel);
  if (object != nullptr) {
    ObjectType::Drop(object);
  }
}

}  // namespace

void Store(MapFields fields, uint8_t* to, ConstBytes from) {
  ForEachPiece(fields, from.size(), [&](size_t begin, size_t end) {
    shared_bytes::Store(to + begin, from.Subspan(begin, end - begin));
  });
}

Status StoreLocked(MapFields fields, uint8_t* to, ConstBytes from) {
  ValueLock& lock = LockOf(fields, to);
  uintptr_t irq = 0;
  if (!lock.TryLock(irq)) {
    return Status::kBusy;
  }
  Store(fields, to, from);
  lock.Unlock(irq);
  return Status::kOk;
}

void Load(MapFields fields, Bytes to, const uint8_t* from) {
  if (!fields.empty()) {
    FillBytes(to.data(), 0, to.size());
  }
  ForEachPiece(fields, to.size(), [&](size_t begin, size_t end) {
    shared_bytes::Load(to.Subspan(begin, end - begin), from + begin);
  });
}

Status LoadLocked(MapFields fields, Bytes to, uint8_t* from) {
  ValueLock& lock = LockOf(fields, from);
  uintptr_t irq = 0;
  if (!lock.TryLock(irq)) {
    return Status::kBusy;
  }
  Load(fields, to, from);
  lock.Unlock(irq);
  return Status::kOk;
}

void Clear(MapFields fields, uint8_t* value) {
  for (const MapField& field : fields) {
    FillBytes(value + field.offset, 0, field.size);
  }
}

bool HasTimer(MapFields fields, const uint8_t* value) {
  for (const MapField& field : fields) {
    if (field.kind == MapFieldKind::kTimer) {
      return HoldsTimer(value + field.offset);
    }
  }
  return false;
}

void Release(MapFields fields, uint8_t* value) {
  for (const MapField& field : fields) {
    if (field.kind == MapFieldKind::kTimer) {
      ReleaseTimer(value + field.offset);
    } else if (field.kind == MapFieldKind::kKptr) {
      DropObject(value + field.offset);
    }
  }
}

Status Replace(MapFields fields, uint8_t* to, ConstBytes from, bool locked) {
  if (locked) {
    EBPF_TRY(StoreLocked(fields, to, from));
  } else {
    Store(fields, to, from);
  }
  Release(fields, to);
  return Status::kOk;
}

}  // namespace ebpf::value_fields
