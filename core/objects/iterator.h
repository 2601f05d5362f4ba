// SPDX-License-Identifier: MIT
//
// What iterators show: the kinds of object that a program can be run for one by
// one, and a walk through those that there are.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/btf/btf.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"
#include "core/program/program.h"

namespace ebpf {

/// What a program gets for an object, behind its struct bpf_iter_meta: as many
/// words as its function has arguments.
struct IteratorArguments {
  static constexpr size_t kMax = 3;
  uint64_t words[kMax] = {};
};

/// A walk through objects, which an open file keeps. Objects that come or go
/// meanwhile may be seen or not; none is seen twice but one that Leave left.
/// Context: task; one call at a time.
class ObjectWalk {
 public:
  /// Finds the object that is next, and holds it until Advance or Leave; false:
  /// there are no more, just now.
  virtual bool Find() = 0;
  /// What a program gets for the object that Find found, to be run in the read
  /// section in which this is called; false: it is gone, and not to be shown.
  virtual bool Show(IteratorArguments& arguments) = 0;
  /// What a program gets at the end, with no object.
  virtual void ShowEnd(IteratorArguments& /*arguments*/) {}
  /// Lets the object go. Find finds what comes behind it.
  virtual void Advance() = 0;
  /// Lets it go, and Find finds it again, or what comes behind it if it is gone
  /// by then.
  virtual void Leave() = 0;

  /// Ends the walk, and frees it.
  virtual void Delete() = 0;

 protected:
  ~ObjectWalk() = default;
};

/// What a walk is made of.
struct WalkOrigin {
  /// The types that programs know objects by; they outlive the walk.
  const btf::Btf& kernel;
  /// For kIsOfMap: the map.
  Ref<Map> map;
};

/// A kind of object that is walked through.
struct IteratorTarget {
  /// As Linux calls it: "bpf_map"; programs are attached to the function
  /// bpf_iter_<name>.
  const char* name;
  /// The walk is through a map, which whoever makes the link names.
  bool is_of_map;
  /// Programs that sleep may be attached. (Linux: where the walk can wait.)
  bool may_sleep;
  Result<ObjectWalk*> (*begin)(const WalkOrigin& origin, Allocator& allocator);

  /// Whether a new link may be made with it.
  bool Accepts(const Program& program) const {
    return may_sleep || !program.parts().sleepable;
  }
};

/// The target that a program for an iterator (attach type BPF_TRACE_ITER) was
/// loaded for, by its function in `kernel`; null: there is none.
const IteratorTarget* FindIteratorTarget(const Program& program,
                                         const btf::Btf& kernel);

/// Whether a program may look at the elements of `map`: kInvalid, a kind that
/// has no iterator; kAccess, it reads more of a key or a value than there is.
Status CheckElementsFor(const Program& program, const Map& map);

// The walks: IteratorTarget::begin. kNoMemory.
Result<ObjectWalk*> WalkMaps(const WalkOrigin& origin, Allocator& allocator);
Result<ObjectWalk*> WalkPrograms(const WalkOrigin& origin,
                                 Allocator& allocator);
Result<ObjectWalk*> WalkLinks(const WalkOrigin& origin, Allocator& allocator);
Result<ObjectWalk*> WalkElements(const WalkOrigin& origin,
                                 Allocator& allocator);

}  // namespace ebpf
