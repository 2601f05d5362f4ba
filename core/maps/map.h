// SPDX-License-Identifier: MIT
//
// What every kind of eBPF map offers to programs, helpers and bpf(2).
// core/maps/README.md tells how a map lives and dies, and how to add a kind.
#pragma once

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/maps/map_btf.h"
#include "core/maps/map_fields.h"
#include "core/maps/map_spec.h"
#include "core/memory/allocator.h"
#include "core/memory/counted_allocator.h"
#include "core/memory/ref_counted.h"
#include "core/sync/id_table.h"

namespace ebpf {

class Listener;
class ValueTimers;

/// A piece of a map's memory that user space may map.
struct MapPages {
  uint8_t* address;
  size_t size;  // a multiple of 4096
  /// The last `mirrored_size` bytes of it are mapped once more behind
  /// themselves (a ring's data).
  size_t mirrored_size;
  /// The mapping must never reach further, nor be written if it was mapped to
  /// be read: mremap and mprotect.
  bool sealed = false;
};

/// How bpf(2)'s batches go through a kind; each can what those before it can.
enum class Batches : uint8_t {
  kNone,     // not at all
  kFixed,    // by NextKey: lookups and updates, since nothing is ever deleted
  kByKey,    // by NextKey: deletions, too
  kByGroup,  // by CopyBatch, which can also take elements out
};

/// What Map::CopyBatch fills: room for `capacity` keys and values of
/// user_value_size(), one behind the other, of which `count` are filled.
struct MapBatch {
  Bytes keys;
  Bytes values;
  uint32_t capacity = 0;
  uint32_t count = 0;
};

/// An element in place.
struct MapElement {
  ConstBytes key;
  Bytes value;
};

/// Where somebody is who goes through a map that changes meanwhile, and who may
/// take any time: at the nth element of a group.
struct ElementPlace {
  uint32_t group = 0;
  uint32_t index = 0;
};

/// What Map::ForEach calls.
class ElementVisitor {
 public:
  /// An element, in place; false ends the walk. May change the map.
  virtual bool Visit(ConstBytes key, Bytes value) = 0;

 protected:
  ~ElementVisitor() = default;
};

/// Where an array's values are, for code that looks up by itself: the one under
/// key k (below `entry_count`) is `element_size` * k bytes behind `base`, or
/// for per-CPU kinds behind `blocks`[cpu].
struct ArrayLayout {
  const uint8_t* base = nullptr;
  const uint8_t* const* blocks = nullptr;
  uint32_t entry_count = 0;
  uint32_t element_size = 0;  // at most INT32_MAX
  /// What is there is not the value but the lookup's result.
  bool holds_results = false;
};

/// A lookup as programs call it, without a way through Map: the value's address
/// or 0. Context: any, in a read section.
using DirectLookup = uint64_t (*)(uint64_t map, uint64_t key, uint64_t,
                                  uint64_t, uint64_t);

/// A key/value store shared by programs and user space.
///
/// Each kind derives from `Map` in a file of its own (`hash_map.h`, ...). What
/// a kind lacks keeps the default here, `kNotSupportedLinux`. Callers have
/// matched key and value sizes with `spec()` already; kinds only assert them.
///
/// "Context: any" includes NMI and trap: no blocking, no allocation. The caller
/// is in a read section.
class Map : public RefCounted<Map>, public IdNode {
 public:
  const MapSpec& spec() const { return spec_; }

  /// What its values' BTF says, for the verifier; empty and null without BTF.
  MapFields fields() const { return types_ ? types_->fields() : MapFields(); }
  const MapBtf* types() const { return types_.get(); }
  Ref<MapBtf> ShareTypes() const { return types_; }
  /// Once, before anybody else knows the map.
  void SetTypes(Ref<MapBtf> types) {
    types_ = Move(types);
    FieldsKnown();
  }
  /// What it takes, elements that are free included; types are others'. 0 where
  /// nobody counts. Context: any.
  uint64_t memory_bytes() const {
    return memory_ == nullptr ? 0 : memory_->bytes();
  }
  /// Where all its memory comes from; once, before anybody else knows the map.
  void SetMemory(const CountedAllocator& memory) { memory_ = &memory; }
  /// Of a map of maps: what all that are put into it are like.
  virtual const Map* inner() const { return nullptr; }
  /// BPF_MAP_FREEZE: user space begins no write to it any more. Context: any.
  bool frozen() const { return frozen_.Load(kAcquire); }
  void Freeze() { frozen_.Store(true, kSeqCst); }
  /// Around each write of user space: false if the map is frozen, else EndWrite
  /// follows. Context: any.
  bool BeginWrite();
  void EndWrite() { writers_.FetchSub(1, kRelease); }
  /// Frozen, and each write that had begun before is done: only programs change
  /// it from now on. Context: any.
  bool settled() const;

  // For programs.

  /// The value under `key`, or `kNotFound`; for per-CPU kinds this CPU's. Its
  /// bytes stay valid until the caller's read section ends; others may change
  /// them. Context: any.
  virtual Result<Bytes> Lookup(ConstBytes key);

  /// Puts a copy of `value` under `key`; for per-CPU kinds this CPU's.
  /// kInvalid (mode), kExists, kNotFound, kTooBig (full), kBusy (the bucket is
  /// being changed by what this context interrupted). Context: any.
  virtual Status Update(ConstBytes key, ConstBytes value, UpdateMode mode);

  /// Removes `key`. A reader may still hold its value, which stays mapped but
  /// may be reused for another key at once (see README). Context: any.
  virtual Status Delete(ConstBytes key);

  /// Lookup of the value of `cpu`, for per-CPU kinds; kNotFound also where
  /// there is no such CPU. Context: any.
  virtual Result<Bytes> LookupOnCpu(ConstBytes key, uint32_t cpu);

  /// Of queues, stacks and filters: puts a value in, with Linux's flags of
  /// bpf_map_push_elem; takes the next one out; copies it (of a filter: says
  /// whether `value` was put in). kInvalid (flags), kTooBig (full), kNotFound
  /// (empty, and then `value` is zeros), kBusy. Context: any.
  virtual Status Push(ConstBytes value, uint64_t flags);
  virtual Status Pop(Bytes value);
  virtual Status Peek(Bytes value);

  /// Calls `visitor` for each element, for per-CPU kinds with this CPU's value;
  /// how many it was called for. Of elements that come or go meanwhile nothing
  /// is certain. Context: any.
  virtual Result<uint64_t> ForEach(ElementVisitor& visitor);

  /// The element at `place`, or the next one, which `place` then says; its
  /// index + 1 leads on. For per-CPU kinds with this CPU's value. That is no
  /// use of the element. kNotFound: there are no more. Context: any.
  virtual Result<MapElement> ElementAt(ElementPlace& place);

  /// Where the value under key 0 starts, for direct access by LD_IMM64
  /// (BPF_PSEUDO_MAP_VALUE), and its size; an array's with one entry.
  virtual Result<Bytes> DirectValue();

  /// What Lookup does, for programs that know the map when they are loaded:
  /// values at fixed places, or a function; by default neither. Context: task.
  virtual bool GetLayout(ArrayLayout& /*layout*/) const { return false; }
  virtual DirectLookup direct_lookup() const { return nullptr; }

  // For bpf(2).

  /// The bytes of a value as the system call moves it: `value_size`, or for
  /// per-CPU kinds round_up(value_size, 8) for each possible CPU.
  virtual size_t user_value_size() const { return spec_.value_size; }

  /// CopyValueOut is asked whether the value that it is given is there.
  virtual bool looks_up_values() const { return false; }

  /// Lookup and Update with values of user_value_size(), and Delete; they wait
  /// where a program would get kBusy. Context: task.
  virtual Status CopyValueOut(ConstBytes key, Bytes value);
  virtual Status UpdateFromUser(ConstBytes key, ConstBytes value,
                                UpdateMode mode);
  virtual Status DeleteFromUser(ConstBytes key);

  /// CopyValueOut and DeleteFromUser in one step: nobody else gets what is
  /// copied. Context: task.
  virtual Status TakeOut(ConstBytes key, Bytes value);

  virtual Batches batches() const { return Batches::kNone; }

  /// For Batches::kByGroup: appends the elements of
  /// whole groups to `batch`, taking them out of the map or not, and moves
  /// `cursor` (0 at the start) behind the last group. kNotFound: that was the
  /// end; kNoSpace: the next group has more elements than `capacity`.
  /// Context: task.
  virtual Status CopyBatch(uint32_t& cursor, MapBatch& batch, bool take);

  /// Writes to `next` the key after `key`; the first one if `key` is empty or
  /// not there. kNotFound at the end. Context: task.
  virtual Status NextKey(ConstBytes key, Bytes next);

  /// The pages behind [offset, offset + size) of an mmap with or without write
  /// access; kNotPermitted, kAccess, kInvalid, kNotSupportedLinux.
  /// Context: task.
  virtual Result<MapPages> Pages(uint64_t offset, uint64_t size, bool write);

  /// poll(2)'s bits that hold now. Default: kPollErr, of kinds that nobody can
  /// wait for. Context: task.
  virtual uint32_t Poll();

  /// The key of the element whose value this is, for kinds whose values may
  /// hold timers; `index` is room for one that stands nowhere. Context: any.
  virtual ConstBytes KeyOf(const uint8_t* value, uint32_t& index) const;

  /// Calls `listener` when the map becomes readable, until it is removed
  /// (notifier.h). Context: task.
  virtual Status AddListener(Listener& listener);
  virtual void RemoveListener(Listener& listener);

  /// Makes what the fields of its values need besides their bytes: timers.
  /// kNoMemory. Context: task, once, after SetTypes.
  Status PrepareFields(Allocator& allocator);
  ValueTimers* timers() const { return timers_; }

  /// Whether anybody but programs can reach the map. Context: any.
  bool has_users() const { return user_count() != 0; }
  uint32_t user_count() const { return user_references_.Load(kAcquire); }

  /// Counts who can reach the map besides programs: its files. With the last of
  /// these the kind is told (UserReferencesGone). Context: task.
  void AcquireUser() { user_references_.FetchAdd(1, kRelaxed); }
  /// `user` tells the one that goes from others.
  void ReleaseUser(const void* user) {
    UserGone(user);
    // Releases what this file's users did; the last one acquires what all did.
    if (user_references_.FetchSub(1, kAcqRel) == 1) {
      ReleaseTimers();
      UserReferencesGone();
    }
  }

 protected:
  explicit Map(const MapSpec& spec) : spec_(spec) {}
  ~Map();

 private:
  friend class RefCounted<Map>;

  /// As in Linux, timers end with the last way to the map but programs.
  void ReleaseTimers();

  /// SetTypes was called; fields() stay as they are. Context: task.
  virtual void FieldsKnown() {}

  /// A file of the map is closed: what was put in through it and shall not
  /// outlive it goes. Context: task, in no read section.
  virtual void UserGone(const void* /*user*/) {}

  /// Nobody but programs can reach the map any more. Context: task, in no read
  /// section.
  virtual void UserReferencesGone() {}

  /// Frees the map, a grace period after its last reference. Context: task.
  virtual void Destroy() = 0;

  const MapSpec spec_;
  Ref<MapBtf> types_;
  const CountedAllocator* memory_ = nullptr;
  ValueTimers* timers_ = nullptr;
  Atomic<uint32_t> user_references_{0};
  Atomic<bool> frozen_{false};
  Atomic<uint32_t> writers_{0};
};

/// The maps that bpf(2) made, once it knows all of them. Context: any.
IdTable<Map>& MapIds();

/// What a kind's Create function gives for the new `map` (a class derived from
/// Map): the map, or, where making its parts failed, that status, and the map
/// is deleted. Context: task.
template <typename Kind>
Result<Ref<Map>> AdoptIfOk(Kind* map, Status parts, Allocator& allocator) {
  if (!IsOk(parts)) {
    allocator.Delete(map);
    return parts;
  }
  return Ref<Map>::Adopt(map);
}

/// Makes the map that `spec` asks for, in memory from `allocator`. kInvalid
/// (unknown kind, sizes, flags), kTooBig, kNoMemory. Context: task.
Result<Ref<Map>> CreateMap(const MapSpec& spec, Allocator& allocator);
/// The same, of a map that knows its memory_bytes.
Result<Ref<Map>> CreateCountedMap(const MapSpec& spec, Allocator& allocator);

}  // namespace ebpf
