// SPDX-License-Identifier: MIT
//
// core/maps/program_object.h's implementation.
#include "core/maps/program_object.h"

#include "core/base/bits.h"
#include "core/maps/map_fields.h"
#include "core/maps/shared_bytes.h"

namespace ebpf {
namespace {

/// Programs may hold as many as memory allows.
constexpr uint64_t kMaxObjects = uint64_t{1} << 32;
/// Linux's largest object of bpf_mem_alloc.
constexpr uint32_t kMaxSize = 4096;

/// From so many references on nobody counts: the object stays for good, as in
/// Linux. The verifier relies on it that who has one can have another.
constexpr uint32_t kUncounted = uint32_t{1} << 31;

constexpr FieldKinds kSupported =
    Bit(MapFieldKind::kSpinLock) | Bit(MapFieldKind::kRefCount);

}  // namespace

Status ObjectType::Check(const btf::Btf& btf, btf::TypeId id,
                         const btf::Btf* kernel, uint32_t& count_offset) {
  const btf::Type type = EBPF_TRY(btf.TypeAt(id));
  const uint32_t size = EBPF_TRY(btf.SizeOf(id));
  if (type.kind != btf::Kind::kStruct) {
    return Status::kInvalid;
  }
  if (size > kMaxSize) {
    return Status::kTooBig;
  }
  MapField fields[kMaxFields];
  const uint32_t count = EBPF_TRY(
      FindFields(FieldQuery{&btf, id, kObjectKinds, size, kernel}, fields));
  count_offset = kNoCount;
  for (const MapField& field : MapFields(fields, count)) {
    if ((Bit(field.kind) & kSupported) == 0) {
      return Status::kNotSupportedLinux;
    }
    if (field.kind == MapFieldKind::kRefCount) {
      count_offset = field.offset;
    }
  }
  return Status::kOk;
}

Result<ObjectType*> ObjectType::Create(const btf::Btf& btf, btf::TypeId id,
                                       const btf::Btf* kernel,
                                       Allocator& allocator) {
  uint32_t count_offset;
  EBPF_TRY(Check(btf, id, kernel, count_offset));
  const uint32_t size = EBPF_TRY(btf.SizeOf(id));
  auto* made = EBPF_TRY(allocator.New<ObjectType>(
      id, AlignUp<uint32_t>(size, 8), count_offset, allocator));
  ElementCache::Shape blocks;
  blocks.block_size = sizeof(Header) + made->size_;
  blocks.align = 16;
  blocks.max_taken = kMaxObjects;
  blocks.retired = &Destroy;
  blocks.context = made;
  Result<Ref<ElementCache>> cache = ElementCache::Create(blocks, allocator);
  if (!cache.ok()) {
    allocator.Delete(made);
    return cache.status();
  }
  made->cache_ = Move(*cache);
  return made;
}

void ObjectType::Release() {
  // Releases what this user did; the last one acquires what all did.
  if (users_.FetchSub(1, kAcqRel) == 1) {
    cache_->Retire();
  }
}

void ObjectType::Destroy(void* self) {
  auto* type = static_cast<ObjectType*>(self);
  type->cache_->Close();
  Allocator& allocator = type->allocator_;
  allocator.Delete(type);
}

void* ObjectType::New() {
  auto* header = static_cast<Header*>(cache_->Take());
  if (header == nullptr) {
    return nullptr;
  }
  users_.FetchAdd(1, kRelaxed);  // the program is one already
  auto* object = reinterpret_cast<uint8_t*>(header + 1);
  // Who found the last one here in a map may read it still.
  shared_bytes::Zero(object, size_);
  header->type = this;
  if (count_offset_ != kNoCount) {
    // Releases the zeros: pairs with the exchange in Acquire.
    CountOf(object).Store(1, kRelease);
  }
  return object;
}

/// One reference less.
bool ObjectType::IsLast(Atomic<uint32_t>& count) {
  uint32_t before = count.Load(kRelaxed);
  // Releases what this owner did; the last one acquires what all did.
  while (before < kUncounted &&
         !count.CompareExchange(before, before - 1, kAcqRel)) {
  }
  return before == 1;
}

void ObjectType::Drop(void* object) {
  Header& header = HeaderOf(object);
  ObjectType* const type = header.type;
  if (type->count_offset_ != kNoCount && !IsLast(type->CountOf(object))) {
    return;
  }
  type->cache_->Give(&header);
  type->Release();
}

bool ObjectType::Acquire(void* object) {
  Atomic<uint32_t>& count = HeaderOf(object).type->CountOf(object);
  uint32_t before = count.Load(kRelaxed);
  while (before != 0) {
    if (before >= kUncounted ||
        count.CompareExchange(before, before + 1, kAcquire)) {
      return true;
    }
  }
  return false;
}

}  // namespace ebpf
