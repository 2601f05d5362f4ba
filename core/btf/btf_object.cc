// SPDX-License-Identifier: MIT
//
// core/btf/btf_object.h's implementation.
#include "core/btf/btf_object.h"

#include "core/base/bits.h"
#include "core/base/memory.h"
#include "core/memory/buffer.h"

namespace ebpf::btf {
namespace {

/// Decl tags are few: some for each function and map.
constexpr size_t kTypesPerTagHead = 16;

constinit IdTable<BtfObject> btf_ids;

}  // namespace

IdTable<BtfObject>& BtfIds() { return btf_ids; }

Result<Ref<BtfObject>> BtfObject::Create(ConstBytes bytes, Allocator& allocator,
                                         Ref<BtfObject> base) {
  const uint32_t count = EBPF_TRY(Btf::CountTypes(bytes));
  const size_t heads = RoundUpToPowerOfTwo(count);
  const size_t tag_heads = RoundUpToPowerOfTwo(count / kTypesPerTagHead);
  Buffer<uint8_t> copy(allocator);
  Buffer<uint32_t> index(allocator);
  Buffer<TypeId> name_heads_of(allocator);
  Buffer<TypeId> tag_heads_of(allocator);
  Buffer<TypeId> next(allocator);
  EBPF_TRY(copy.Allocate(bytes.size()));
  EBPF_TRY(index.Allocate(count));
  EBPF_TRY(name_heads_of.Allocate(heads));
  EBPF_TRY(tag_heads_of.Allocate(tag_heads));
  EBPF_TRY(next.Allocate(count));
  CopyBytes(copy.span().data(), bytes.data(), bytes.size());
  const Btf btf = EBPF_TRY(
      Btf::Open(copy.span(), index.span(), base ? &base->btf() : nullptr));
  Parts parts;
  parts.bytes = copy.span();
  parts.index = index.span();
  parts.tables.name_heads = name_heads_of.span();
  parts.tables.tag_heads = tag_heads_of.span();
  parts.tables.next = next.span();
  BtfObject* object =
      EBPF_TRY(allocator.New<BtfObject>(allocator, parts, btf, Move(base)));
  (void)copy.Take();
  (void)index.Take();
  (void)name_heads_of.Take();
  (void)tag_heads_of.Take();
  (void)next.Take();
  return Ref<BtfObject>::Adopt(object);
}

BtfObject::BtfObject(Allocator& allocator, const Parts& parts, const Btf& btf,
                     Ref<BtfObject> base)
    : allocator_(allocator),
      bytes_(parts.bytes),
      index_(parts.index),
      tables_(parts.tables),
      btf_(btf),
      base_(Move(base)) {
  btf_.BuildTables(tables_);
}

size_t BtfObject::memory_size() const {
  return sizeof(*this) + bytes_.size() +
         sizeof(uint32_t) * (index_.size() + tables_.name_heads.size() +
                             tables_.tag_heads.size() + tables_.next.size());
}

void BtfObject::Destroy() {
  Allocator& allocator = allocator_;
  allocator.DeleteArray(bytes_);
  allocator.DeleteArray(index_);
  allocator.DeleteArray(tables_.name_heads);
  allocator.DeleteArray(tables_.tag_heads);
  allocator.DeleteArray(tables_.next);
  allocator.Delete(this);
}

}  // namespace ebpf::btf
