// SPDX-License-Identifier: MIT
//
// Walks through the objects of a table of ids: maps, programs, links.
#include "core/objects/iterator.h"
#include "core/objects/kernel_view.h"

namespace ebpf {
namespace {

uint64_t AddressOf(const void* pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

/// By rising id. What an object looks like is `Shown`'s to say: a type with
/// Hold, which takes what it needs besides, Fill, which returns the address of
/// the view, and Clear, which undoes Hold.
template <typename T, typename Shown>
class IdWalk final : public ObjectWalk {
 public:
  IdWalk(IdTable<T>& table, const btf::Btf& kernel, Allocator& allocator)
      : table_(table), shown_(kernel), allocator_(allocator) {}

  bool Find() override {
    if (object_) {
      return true;
    }
    Result<Ref<T>> found = table_.FindFrom(from_);
    if (!found.ok()) {
      return false;
    }
    object_ = *Move(found);
    from_ = object_->id();
    shown_.Hold(*object_);
    return true;
  }
  bool Show(IteratorArguments& arguments) override {
    arguments.words[0] = shown_.Fill(*object_);
    return true;
  }
  void Advance() override {
    ++from_;
    Leave();
  }
  void Leave() override {
    shown_.Clear();
    object_ = Ref<T>();
  }
  void Delete() override { allocator_.Delete(this); }

 private:
  IdTable<T>& table_;
  Shown shown_;
  Allocator& allocator_;
  uint32_t from_ = 1;
  Ref<T> object_;
};

struct ShownMap {
  explicit ShownMap(const btf::Btf& /*kernel*/) {}
  void Hold(const Map& /*map*/) {}
  uint64_t Fill(const Map& map) {
    kernel_view::Fill(map, view);
    return AddressOf(&view);
  }
  void Clear() {}

  kernel_view::MapView view;
};

struct ShownProgram {
  explicit ShownProgram(const btf::Btf& types) : kernel(types) {}
  void Hold(const Program& /*program*/) {}
  uint64_t Fill(const Program& program) {
    kernel_view::Fill(program, kernel, view);
    return AddressOf(&view.program);
  }
  void Clear() {}

  const btf::Btf& kernel;
  kernel_view::WholeProgram view;
};

struct ShownLink {
  explicit ShownLink(const btf::Btf& types) : kernel(types) {}
  /// Not later: links may get another program at any time.
  void Hold(const Link& link) { program = link.program(); }
  uint64_t Fill(const Link& link) {
    kernel_view::Fill(link, *program, kernel, view);
    return AddressOf(&view.link);
  }
  void Clear() { program = Ref<Program>(); }

  const btf::Btf& kernel;
  Ref<Program> program;
  kernel_view::WholeLink view;
};

template <typename T, typename Shown>
Result<ObjectWalk*> Begin(IdTable<T>& table, const WalkOrigin& origin,
                          Allocator& allocator) {
  IdWalk<T, Shown>* walk = EBPF_TRY(
      (allocator.New<IdWalk<T, Shown>>(table, origin.kernel, allocator)));
  return static_cast<ObjectWalk*>(walk);
}

}  // namespace

Result<ObjectWalk*> WalkMaps(const WalkOrigin& origin, Allocator& allocator) {
  return Begin<Map, ShownMap>(MapIds(), origin, allocator);
}

Result<ObjectWalk*> WalkPrograms(const WalkOrigin& origin,
                                 Allocator& allocator) {
  return Begin<Program, ShownProgram>(ProgramIds(), origin, allocator);
}

Result<ObjectWalk*> WalkLinks(const WalkOrigin& origin, Allocator& allocator) {
  return Begin<Link, ShownLink>(LinkIds(), origin, allocator);
}

}  // namespace ebpf
