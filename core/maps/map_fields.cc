// SPDX-License-Identifier: MIT
//
// A type is searched member by member, into structs and arrays; what is special
// goes by its type's name, pointers by their type tag. The rules are Linux's
// (kernel.org Documentation/bpf/graph_ds_impl, kfuncs, and its errors).
#include "core/maps/map_fields.h"

#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"

namespace ebpf {
namespace {

using btf::Btf;
using btf::Kind;
using btf::Type;
using btf::TypeId;

struct Shape {
  MapFieldKind kind;
  const char* name;
  uint32_t size;
  uint32_t align;
};
constexpr Shape kShapes[] = {
    {MapFieldKind::kSpinLock, "bpf_spin_lock", 4, 4},
    {MapFieldKind::kTimer, "bpf_timer", 16, 8},
    {MapFieldKind::kWorkqueue, "bpf_wq", 16, 8},
    {MapFieldKind::kListHead, "bpf_list_head", 16, 8},
    {MapFieldKind::kListNode, "bpf_list_node", 24, 8},
    {MapFieldKind::kRbRoot, "bpf_rb_root", 16, 8},
    {MapFieldKind::kRbNode, "bpf_rb_node", 32, 8},
    {MapFieldKind::kRefCount, "bpf_refcount", 4, 4},
};
constexpr uint32_t kPointerSize = 8;

/// There is at most one of these.
constexpr FieldKinds kSingle =
    Bit(MapFieldKind::kSpinLock) | Bit(MapFieldKind::kTimer) |
    Bit(MapFieldKind::kWorkqueue) | Bit(MapFieldKind::kRefCount);
/// Only these may be in arrays.
constexpr FieldKinds kRepeatable =
    kKptrKinds | Bit(MapFieldKind::kListHead) | Bit(MapFieldKind::kRbRoot);
constexpr FieldKinds kRoots =
    Bit(MapFieldKind::kListHead) | Bit(MapFieldKind::kRbRoot);
/// Structs may hold structs of one type several times over; no more members are
/// looked at.
constexpr uint32_t kMaxVisits = 64 * 1024;

/// Types of the kernel whose objects it can destroy when a map goes.
constexpr const char* kDestroyed[] = {
    "task_struct",         "cgroup",           "bpf_cpumask", "bpf_crypto_ctx",
    "prog_test_ref_kfunc", "prog_test_member",
};

const Shape* ShapeNamed(StringView name) {
  for (const Shape& shape : kShapes) {
    if (name == StringView(shape.name)) {
      return &shape;
    }
  }
  return nullptr;
}

bool CanDestroy(StringView name) {
  for (const char* destroyed : kDestroyed) {
    if (name == StringView(destroyed)) {
      return true;
    }
  }
  return false;
}

/// One struct, or data section, that is being searched.
struct Level {
  TypeId type;
  uint32_t next;         // member
  uint32_t offset;       // of it in the value
  uint32_t first_field;  // how many had been found before it
  uint32_t count;        // of an array of such
  uint32_t size;         // of one
};

/// A member, or a variable of a data section.
struct Place {
  TypeId holder;      // the type that a decl tag on it stands on
  int32_t component;  // ... and which of its parts
  TypeId type;
  uint32_t offset;
  uint32_t expected_size;  // 0: not known
};

class Finder {
 public:
  Finder(const FieldQuery& query, Span<MapField> fields)
      : query_(query), btf_(*query.btf), fields_(fields) {}

  Result<uint32_t> Run();

 private:
  Status Enter(TypeId type, uint32_t offset, uint32_t count, uint32_t size);
  Status Leave();
  Result<Place> NextPlace(Level& level, const Type& type);
  Status Visit(const Place& place);
  Status VisitNamed(const Place& place, const Shape& shape, const Type& type,
                    uint32_t count);
  Status VisitPointer(const Place& place, const Type& type, uint32_t count);
  Status FindRoot(const Place& place, MapField& field);
  Status FindNode(StringView name, MapField& field);
  Status FindTarget(TypeId type, MapField& field);
  Status Add(const MapField& field, uint32_t count);
  Status Repeat(uint32_t first, uint32_t times, uint32_t size);
  void Sort();
  Status CheckAll();

  const FieldQuery& query_;
  const Btf& btf_;
  const Span<MapField> fields_;
  uint32_t count_ = 0;
  FieldKinds seen_ = 0;
  Level levels_[btf::kMaxTypeDepth];
  uint32_t depth_ = 0;
  uint32_t visits_ = 0;
};

Result<uint32_t> Finder::Run() {
  EBPF_TRY(Enter(query_.type, 0, 1, 0));
  while (depth_ > 0) {
    Level& level = levels_[depth_ - 1];
    const Type type = EBPF_TRY(btf_.TypeAt(level.type));
    if (!btf::IsComposite(type.kind) && type.kind != Kind::kDataSection) {
      return Status::kInvalid;
    }
    if (level.next == type.member_count) {
      EBPF_TRY(Leave());
      continue;
    }
    if (++visits_ > kMaxVisits) {
      return Status::kTooBig;
    }
    const Place place = EBPF_TRY(NextPlace(level, type));
    EBPF_TRY(Visit(place));
  }
  Sort();
  EBPF_TRY(CheckAll());
  return count_;
}

Status Finder::Enter(TypeId type, uint32_t offset, uint32_t count,
                     uint32_t size) {
  if (depth_ == btf::kMaxTypeDepth) {
    return Status::kTooBig;
  }
  levels_[depth_++] = Level{type, 0, offset, count_, count, size};
  return Status::kOk;
}

Status Finder::Leave() {
  const Level& level = levels_[--depth_];
  return level.count > 1 && count_ > level.first_field
             ? Repeat(level.first_field, level.count - 1, level.size)
             : Status::kOk;
}

Result<Place> Finder::NextPlace(Level& level, const Type& type) {
  const uint32_t index = level.next++;
  if (type.kind == Kind::kDataSection) {
    const btf::SectionVariable variable = Btf::VariableAt(type, index);
    const Type of = EBPF_TRY(btf_.TypeAt(variable.type));
    return Place{variable.type, btf::kWholeType, of.size_or_type,
                 variable.offset, variable.size};
  }
  const btf::Member member = Btf::MemberAt(type, index);
  if (member.bit_offset % 8 != 0) {
    // A bit field; nothing special is one.
    return Place{level.type, static_cast<int32_t>(index), 0, 0, 0};
  }
  const uint64_t offset = uint64_t{level.offset} + member.bit_offset / 8;
  if (offset > UINT32_MAX) {
    return Status::kInvalid;
  }
  return Place{level.type, static_cast<int32_t>(index), member.type,
               static_cast<uint32_t>(offset), 0};
}

Status Finder::Visit(const Place& place) {
  TypeId id = place.type;
  Type type = EBPF_TRY(btf_.TypeAt(id));
  uint64_t count = 1;
  for (uint32_t depth = 0; type.kind == Kind::kArray; ++depth) {
    if (depth == btf::kMaxTypeDepth) {
      return Status::kTooBig;
    }
    const btf::Array array = Btf::ArrayOf(type);
    count *= array.count;
    if (count > UINT32_MAX) {
      return Status::kTooBig;
    }
    id = array.element;
    type = EBPF_TRY(btf_.TypeAt(id));
  }
  if (count == 0) {
    return Status::kOk;
  }
  const uint32_t elements = static_cast<uint32_t>(count);
  const StringView name = EBPF_TRY(btf_.Name(type.name));
  const Shape* const shape = ShapeNamed(name);
  if (shape != nullptr && (query_.kinds & Bit(shape->kind)) != 0) {
    return VisitNamed(place, *shape, type, elements);
  }
  if (btf::IsComposite(type.kind)) {
    const bool expected =
        place.expected_size == 0 ||
        place.expected_size == uint64_t{type.size_or_type} * elements;
    return expected ? Enter(id, place.offset, elements, type.size_or_type)
                    : Status::kOk;
  }
  return VisitPointer(place, type, elements);
}

Status Finder::VisitNamed(const Place& place, const Shape& shape,
                          const Type& type, uint32_t count) {
  const FieldKinds bit = Bit(shape.kind);
  if ((bit & kSingle & seen_) != 0) {
    return Status::kTooBig;
  }
  seen_ |= bit;
  const bool expected = place.expected_size == 0 ||
                        place.expected_size == uint64_t{shape.size} * count;
  if (!expected || place.offset % shape.align != 0 ||
      !btf::IsComposite(type.kind) || type.size_or_type != shape.size) {
    return Status::kOk;
  }
  MapField field{};
  field.kind = shape.kind;
  field.offset = place.offset;
  field.size = shape.size;
  if ((bit & kRoots) != 0) {
    EBPF_TRY(FindRoot(place, field));
  }
  return Add(field, count);
}

/// A pointer with a tag that says what it may hold.
Status Finder::VisitPointer(const Place& place, const Type& type,
                            uint32_t count) {
  if ((query_.kinds & kKptrKinds) == 0 || place.offset % kPointerSize != 0) {
    return Status::kOk;
  }
  Type pointer = type;
  if (pointer.kind == Kind::kVolatile) {
    pointer = EBPF_TRY(btf_.TypeAt(pointer.size_or_type));
  }
  if (pointer.kind != Kind::kPointer) {
    return Status::kOk;
  }
  const Type tag = EBPF_TRY(btf_.TypeAt(pointer.size_or_type));
  if (tag.kind != Kind::kTypeTag) {
    return Status::kOk;
  }
  const Type below = EBPF_TRY(btf_.TypeAt(tag.size_or_type));
  const StringView name = EBPF_TRY(btf_.Name(tag.name));
  MapField field{};
  if (below.kind == Kind::kTypeTag) {
    return Status::kInvalid;
  }
  if (name == StringView("kptr_untrusted")) {
    field.kind = MapFieldKind::kUntrustedKptr;
  } else if (name == StringView("kptr")) {
    field.kind = MapFieldKind::kKptr;
  } else if (name == StringView("percpu_kptr")) {
    field.kind = MapFieldKind::kPerCpuKptr;
  } else {
    return Status::kInvalid;
  }
  field.offset = place.offset;
  field.size = kPointerSize;
  const TypeId target = EBPF_TRY(btf_.SkipModifiers(tag.size_or_type));
  EBPF_TRY(FindTarget(target, field));
  return Add(field, count);
}

Status Finder::FindTarget(TypeId target, MapField& field) {
  const Type type = EBPF_TRY(btf_.TypeAt(target));
  if (!btf::IsComposite(type.kind)) {
    return Status::kInvalid;
  }
  const StringView name = EBPF_TRY(btf_.Name(type.name));
  field.btf = &btf_;
  field.type_id = target;
  if (query_.kernel == nullptr) {
    return Status::kOk;
  }
  const Result<TypeId> found = query_.kernel->Find(type.kind, name);
  if (!found.ok()) {
    return Status::kOk;
  }
  if (field.kind == MapFieldKind::kKptr && !CanDestroy(name)) {
    return Status::kNotFound;
  }
  if (field.kind == MapFieldKind::kPerCpuKptr) {
    return Status::kInvalid;  // those are the program's own
  }
  field.btf = query_.kernel;
  field.type_id = *found;
  return Status::kOk;
}

/// "contains:TYPE:MEMBER" on a list or tree tells what is in it.
Status Finder::FindRoot(const Place& place, MapField& field) {
  constexpr StringView kContains = "contains:";
  TypeId tag = 0;
  for (;;) {
    const Result<TypeId> next = btf_.NextTag(place.holder, tag);
    if (!next.ok()) {
      return Status::kInvalid;
    }
    tag = *next;
    const Type type = EBPF_TRY(btf_.TypeAt(tag));
    const StringView text = EBPF_TRY(btf_.Name(type.name));
    if (Btf::TagComponent(type) != place.component ||
        !text.StartsWith(kContains)) {
      continue;
    }
    const StringView what = text.Substring(kContains.size());
    const size_t colon = what.Find(':');
    if (colon == what.size() || colon + 1 == what.size()) {
      return Status::kInvalid;
    }
    field.btf = &btf_;
    const Result<TypeId> found = btf_.Find(Kind::kStruct, what.First(colon));
    if (!found.ok()) {
      return found.status();
    }
    field.type_id = *found;
    return FindNode(what.Substring(colon + 1), field);
  }
}

/// The node in what a list or tree holds.
Status Finder::FindNode(StringView name, MapField& field) {
  const char* const wanted =
      field.kind == MapFieldKind::kListHead ? "bpf_list_node" : "bpf_rb_node";
  const Shape& shape = *ShapeNamed(wanted);
  const Type holder = EBPF_TRY(btf_.TypeAt(field.type_id));
  for (uint32_t i = 0; i < holder.member_count; ++i) {
    const btf::Member member = Btf::MemberAt(holder, i);
    const StringView member_name = EBPF_TRY(btf_.Name(member.name));
    if (!(member_name == name)) {
      continue;
    }
    const Type type = EBPF_TRY(btf_.TypeAt(member.type));
    const StringView type_name = EBPF_TRY(btf_.Name(type.name));
    const uint32_t offset = member.bit_offset / 8;
    if (!btf::IsComposite(type.kind) || !(type_name == StringView(wanted)) ||
        type.size_or_type != shape.size || member.bit_offset % 8 != 0 ||
        offset % shape.align != 0) {
      return Status::kInvalid;
    }
    field.node_offset = offset;
    return Status::kOk;
  }
  return Status::kNotFound;
}

Status Finder::Add(const MapField& field, uint32_t count) {
  if (count_ == fields_.size()) {
    return Status::kTooBig;
  }
  fields_[count_++] = field;
  return count > 1 ? Repeat(count_ - 1, count - 1, field.size) : Status::kOk;
}

/// The fields from `first` on are there `times` more, `size` bytes apart.
Status Finder::Repeat(uint32_t first, uint32_t times, uint32_t size) {
  const uint32_t found = count_ - first;
  if (uint64_t{found} * times > fields_.size() - count_) {
    return Status::kTooBig;
  }
  for (uint32_t i = first; i < first + found; ++i) {
    if ((Bit(fields_[i].kind) & kRepeatable) == 0) {
      return Status::kInvalid;
    }
  }
  for (uint32_t round = 1; round <= times; ++round) {
    for (uint32_t i = 0; i < found; ++i) {
      MapField field = fields_[first + i];
      const uint64_t offset = field.offset + uint64_t{round} * size;
      if (offset > UINT32_MAX) {
        return Status::kInvalid;
      }
      field.offset = static_cast<uint32_t>(offset);
      fields_[count_++] = field;
    }
  }
  return Status::kOk;
}

void Finder::Sort() {
  for (uint32_t i = 1; i < count_; ++i) {
    for (uint32_t k = i; k > 0 && fields_[k].offset < fields_[k - 1].offset;
         --k) {
      const MapField later = fields_[k - 1];
      fields_[k - 1] = fields_[k];
      fields_[k] = later;
    }
  }
}

Status Finder::CheckAll() {
  const MapFields fields(fields_.data(), count_);
  uint64_t end = 0;
  for (const MapField& field : fields) {
    if (uint64_t{field.offset} + field.size > query_.size) {
      return Status::kFault;
    }
    if (field.offset < end) {
      return Status::kExists;
    }
    end = uint64_t{field.offset} + field.size;
  }
  const bool has_lock = HasField(fields, Bit(MapFieldKind::kSpinLock));
  if (HasField(fields, kRoots) && !has_lock) {
    return Status::kInvalid;
  }
  // What is in two of them at once must count who holds it.
  const bool both = HasField(fields, Bit(MapFieldKind::kListNode)) &&
                    HasField(fields, Bit(MapFieldKind::kRbNode));
  return both && !HasField(fields, Bit(MapFieldKind::kRefCount))
             ? Status::kInvalid
             : Status::kOk;
}

// Linux's numbers of kinds of maps, as bits.
constexpr uint64_t Maps(uint32_t a) { return uint64_t{1} << a; }
template <typename... Rest>
constexpr uint64_t Maps(uint32_t a, Rest... rest) {
  return Maps(a) | Maps(rest...);
}
constexpr uint32_t kHash = 1, kArray = 2, kPerCpuHash = 5, kPerCpuArray = 6,
                   kLruHash = 9, kLruPerCpuHash = 10, kCgroupStorage = 19,
                   kSkStorage = 24, kInodeStorage = 28, kTaskStorage = 29,
                   kCgrpStorage = 32;
constexpr uint64_t kLocalStorages =
    Maps(kSkStorage, kInodeStorage, kTaskStorage, kCgrpStorage);

uint64_t MapsWith(MapFieldKind kind) {
  switch (kind) {
    case MapFieldKind::kSpinLock:
      return Maps(kHash, kArray, kCgroupStorage) | kLocalStorages;
    case MapFieldKind::kTimer:
    case MapFieldKind::kWorkqueue:
    case MapFieldKind::kListHead:
    case MapFieldKind::kRbRoot:
      return Maps(kHash, kLruHash, kArray);
    case MapFieldKind::kUntrustedKptr:
    case MapFieldKind::kKptr:
    case MapFieldKind::kPerCpuKptr:
    case MapFieldKind::kRefCount:
      return Maps(kHash, kPerCpuHash, kLruHash, kLruPerCpuHash, kArray,
                  kPerCpuArray) |
             kLocalStorages;
    case MapFieldKind::kListNode:
    case MapFieldKind::kRbNode:
      break;
  }
  return 0;
}

}  // namespace

Result<uint32_t> FindFields(const FieldQuery& query, Span<MapField> fields) {
  Finder finder(query, fields);
  return finder.Run();
}

Status CheckFields(uint32_t map_type, uint32_t flags, MapFields fields) {
  constexpr uint32_t kOneWay =
      linux_abi::kMapReadOnlyProg | linux_abi::kMapWriteOnlyProg;
  if (!fields.empty() && (flags & kOneWay) != 0) {
    return Status::kAccess;
  }
  for (const MapField& field : fields) {
    if (map_type >= 64 || (MapsWith(field.kind) >> map_type & 1) == 0) {
      return Status::kNotSupportedLinux;
    }
  }
  return Status::kOk;
}

const MapField* FieldAt(MapFields fields, FieldKinds kinds, uint64_t offset) {
  for (const MapField& field : fields) {
    if ((Bit(field.kind) & kinds) != 0 && field.offset == offset) {
      return &field;
    }
  }
  return nullptr;
}

bool HasField(MapFields fields, FieldKinds kinds) {
  for (const MapField& field : fields) {
    if ((Bit(field.kind) & kinds) != 0) {
      return true;
    }
  }
  return false;
}

const char* NameOf(MapFieldKind kind) {
  switch (kind) {
    case MapFieldKind::kSpinLock:
      return "bpf_spin_lock";
    case MapFieldKind::kTimer:
      return "bpf_timer";
    case MapFieldKind::kWorkqueue:
      return "bpf_wq";
    case MapFieldKind::kRefCount:
      return "bpf_refcount";
    case MapFieldKind::kUntrustedKptr:
    case MapFieldKind::kKptr:
      return "kptr";
    case MapFieldKind::kPerCpuKptr:
      return "percpu_kptr";
    case MapFieldKind::kListHead:
      return "bpf_list_head";
    case MapFieldKind::kListNode:
      return "bpf_list_node";
    case MapFieldKind::kRbRoot:
      return "bpf_rb_root";
    case MapFieldKind::kRbNode:
      return "bpf_rb_node";
  }
  return "field";
}

}  // namespace ebpf
