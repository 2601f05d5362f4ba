// SPDX-License-Identifier: MIT
//
// A BTF that owns its memory: what a BTF descriptor, a program, a map and the
// kernel itself hold.
#pragma once

#include "core/btf/btf.h"
#include "core/memory/allocator.h"
#include "core/memory/ref_counted.h"
#include "core/sync/id_table.h"

namespace ebpf::btf {

/// A copy of a BTF blob with its index and its lookup tables, shared by
/// reference. It never changes. Context: any, but for Create and the last Ref
/// (task).
class BtfObject : public RefCounted<BtfObject>, public IdNode {
 public:
  /// Copies `bytes` and opens the copy, so that later questions stay inside
  /// whatever it says (Btf::Open); Validate (validate.h) judges it as
  /// BPF_BTF_LOAD does. `base`, where there is one, is kept. kInvalid where
  /// the blob is malformed, kNoMemory.
  static Result<Ref<BtfObject>> Create(ConstBytes bytes, Allocator& allocator,
                                       Ref<BtfObject> base = Ref<BtfObject>());

  const Btf& btf() const { return btf_; }
  /// The blob, without its base's.
  ConstBytes bytes() const { return bytes_; }
  const Ref<BtfObject>& base() const { return base_; }

  /// The bytes that one of this blob and its tables takes.
  size_t memory_size() const;

 private:
  friend class RefCounted<BtfObject>;
  friend class ebpf::Allocator;

  struct Parts {
    Bytes bytes;
    Span<uint32_t> index;
    LookupTables tables;
  };

  BtfObject(Allocator& allocator, const Parts& parts, const Btf& btf,
            Ref<BtfObject> base);
  ~BtfObject() = default;
  void Destroy();

  Allocator& allocator_;
  Bytes bytes_;
  Span<uint32_t> index_;
  LookupTables tables_;
  Btf btf_;
  Ref<BtfObject> base_;
};

/// Those that bpf(2) made. Context: any.
IdTable<BtfObject>& BtfIds();

}  // namespace ebpf::btf
