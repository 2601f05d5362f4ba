// SPDX-License-Identifier: MIT
//
// core/loader/object_btf.h's implementation.
//
// Types keep their ids: what is wrong is changed in place, in a copy, and what
// is missing (a name, a number, a variable of it) goes behind the last type.
#include "core/loader/object_btf.h"

#include "core/base/memory.h"
#include "core/loader/kconfig.h"

namespace ebpf::loader {
namespace {

// [kernel.org Documentation/bpf/btf]
struct Header {
  uint16_t magic;
  uint8_t version;
  uint8_t flags;
  uint32_t header_size;
  uint32_t type_offset;
  uint32_t type_size;
  uint32_t string_offset;
  uint32_t string_size;
};
static_assert(sizeof(Header) == 24);

struct TypeHeader {
  uint32_t name;
  uint32_t info;  // kind_flag, kind << 24, count
  uint32_t size_or_type;
};

struct IntRecord {
  TypeHeader type;
  uint32_t encoding;
};
struct VariableRecord {
  TypeHeader type;
  uint32_t linkage;
};
struct SectionRecord {
  uint32_t type;
  uint32_t offset;
  uint32_t size;
};
struct ParameterRecord {
  uint32_t name;
  uint32_t type;
};

constexpr char kDummyName[] = "extern_dummy";
constexpr uint32_t kDummySize = 4;

/// Each is looked for in the file; no object has so many.
constexpr uint32_t kMaxSections = 256;
constexpr uint32_t kGlobal = 1;

constexpr uint32_t Info(btf::Kind kind, uint32_t count) {
  return static_cast<uint32_t>(kind) << 24 | count;
}

/// Writes one object's.
class Maker {
 public:
  Maker(const ObjectFile& object, Vector<uint8_t>& blob, Allocator& allocator,
        TextWriter& log)
      : object_(object),
        btf_(*object.btf()),
        blob_(blob),
        places_(allocator),
        log_(log) {}

  Status Make() {
    EBPF_TRY(Copy());
    EBPF_TRY(FindPlaces());
    uint32_t sections = 0;
    for (btf::TypeId id = 1; id < btf_.type_count(); ++id) {
      const btf::Type type = EBPF_TRY(btf_.TypeAt(id));
      if (type.kind == btf::Kind::kDataSection) {
        if (++sections > kMaxSections) {
          log_.Put("BTF: too many data sections\n");
          return Status::kTooBig;
        }
        EBPF_TRY(FixSection(type));
      }
    }
    return Status::kOk;
  }

 private:
  /// A global symbol's place, by the variable or function that it is.
  struct Place {
    bool known;
    bool hidden;
    uint32_t section;
    uint32_t offset;
  };

  Status Copy();
  Status FindPlaces();
  Status FixSection(const btf::Type& section);
  Status FixExterns(const btf::Type& section, bool is_kconfig);
  Status FixFunction(btf::TypeId id);
  Status FixVariable(btf::TypeId id);
  void Sort(Bytes records, uint32_t count);

  /// Where in the new blob what is at `bytes` of the old one stands.
  uint8_t* At(const uint8_t* bytes) {
    return blob_.begin() + (bytes - object_.btf_bytes().data());
  }
  /// A type's header there. What follows it is at `type.tail`.
  TypeHeader HeaderOf(const btf::Type& type) {
    return LoadUnaligned<TypeHeader>(At(type.tail.data()) - sizeof(TypeHeader));
  }
  void SetHeader(const btf::Type& type, const TypeHeader& header) {
    CopyBytes(At(type.tail.data()) - sizeof(TypeHeader), &header,
              sizeof(header));
  }

  const ObjectFile& object_;
  const btf::Btf& btf_;
  Vector<uint8_t>& blob_;
  Buffer<Place> places_;  // by type id
  TextWriter& log_;
  uint32_t dummy_name_ = 0;
  btf::TypeId dummy_int_ = 0;
  btf::TypeId dummy_variable_ = 0;
};

template <typename T>
Status AppendRecord(Vector<uint8_t>& blob, const T& record) {
  return blob.Append(Span<const uint8_t>(
      reinterpret_cast<const uint8_t*>(&record), sizeof(record)));
}

Status Maker::Copy() {
  const ConstBytes bytes = object_.btf_bytes();
  Header header = LoadUnaligned<Header>(bytes.data());
  const size_t body = header.header_size;
  const ConstBytes strings =
      bytes.Subspan(body + header.string_offset, header.string_size);
  // The types, at the same offsets as in the old blob; then ours; the strings.
  const size_t types_end = body + header.type_offset + header.type_size;
  EBPF_TRY(blob_.Append(bytes.First(types_end)));
  dummy_name_ = header.string_size;
  dummy_int_ = btf_.type_count();
  dummy_variable_ = dummy_int_ + 1;
  const IntRecord number = {{dummy_name_, Info(btf::Kind::kInt, 0), kDummySize},
                            kDummySize * 8};
  const VariableRecord variable = {
      {dummy_name_, Info(btf::Kind::kVariable, 0), dummy_int_}, kGlobal};
  EBPF_TRY(AppendRecord(blob_, number));
  EBPF_TRY(AppendRecord(blob_, variable));
  header.type_size += sizeof(number) + sizeof(variable);
  header.string_offset = static_cast<uint32_t>(blob_.size() - body);
  header.string_size += sizeof(kDummyName);
  EBPF_TRY(blob_.Append(strings));
  EBPF_TRY(AppendRecord(blob_, kDummyName));
  CopyBytes(blob_.begin(), &header, sizeof(header));
  return Status::kOk;
}

Status Maker::FindPlaces() {
  EBPF_TRY(places_.Allocate(btf_.type_count()));
  const elf::ElfReader& elf = object_.elf();
  for (uint32_t i = 0; i < elf.symbol_count(); ++i) {
    const Result<elf::Symbol> symbol = elf.SymbolAt(i);
    if (!symbol.ok() || symbol->section == elf::kUndefined ||
        symbol->value > UINT32_MAX) {
      continue;
    }
    const bool is_function = symbol->type == elf::kSymbolFunction;
    if (!is_function && symbol->type != elf::kSymbolObject) {
      continue;
    }
    const Result<StringView> name = elf.NameOf(*symbol);
    if (!name.ok()) {
      continue;
    }
    const Result<btf::TypeId> id = btf_.Find(
        is_function ? btf::Kind::kFunction : btf::Kind::kVariable, *name);
    if (!id.ok()) {
      continue;
    }
    const bool hidden = symbol->visibility == elf::kVisibilityHidden ||
                        symbol->visibility == elf::kVisibilityInternal;
    if (symbol->bind != 0) {
      places_[*id] = {true, hidden, symbol->section,
                      static_cast<uint32_t>(symbol->value)};
    }
    if (is_function && hidden) {
      const btf::Type type = EBPF_TRY(btf_.TypeAt(*id));
      TypeHeader header = HeaderOf(type);
      header.info = Info(btf::Kind::kFunction, 0);  // static
      SetHeader(type, header);
    }
  }
  return Status::kOk;
}

Status Maker::FixSection(const btf::Type& section) {
  const StringView name = EBPF_TRY(btf_.Name(section.name));
  if (name == ".ksyms" || name == kKconfigName) {
    return FixExterns(section, name == kKconfigName);
  }
  uint8_t* records = At(section.tail.data());
  uint32_t size = HeaderOf(section).size_or_type;
  for (uint32_t i = 1; size == 0 && i < object_.elf().section_count(); ++i) {
    const Result<elf::Section> in_file = object_.elf().SectionAt(i);
    if (in_file.ok() && in_file->name == name && in_file->size <= UINT32_MAX) {
      size = static_cast<uint32_t>(in_file->size);
    }
  }
  TypeHeader header = HeaderOf(section);
  header.size_or_type = size;
  SetHeader(section, header);
  for (uint32_t i = 0; i < section.member_count; ++i) {
    const btf::SectionVariable entry = btf::Btf::VariableAt(section, i);
    if (entry.type < btf_.type_count() && places_[entry.type].known) {
      const SectionRecord record = {entry.type, places_[entry.type].offset,
                                    entry.size};
      CopyBytes(records + i * sizeof(record), &record, sizeof(record));
    }
  }
  Sort(Bytes(records, section.member_count * sizeof(SectionRecord)),
       section.member_count);
  return Status::kOk;
}

void Maker::Sort(Bytes records, uint32_t count) {
  // Compilers emit them nearly in order.
  const auto load = [&](uint32_t at) {
    return LoadUnaligned<SectionRecord>(records.data() +
                                        size_t{at} * sizeof(SectionRecord));
  };
  const auto store = [&](uint32_t at, const SectionRecord& record) {
    CopyBytes(records.data() + size_t{at} * sizeof(record), &record,
              sizeof(record));
  };
  // A heap sort: the file may be hostile, and stay so.
  const auto sink = [&](uint32_t root, uint32_t end) {
    const SectionRecord moved = load(root);
    for (uint32_t child = 2 * root + 1; child < end; child = 2 * root + 1) {
      if (child + 1 < end && load(child + 1).offset > load(child).offset) {
        ++child;
      }
      if (load(child).offset <= moved.offset) {
        break;
      }
      store(root, load(child));
      root = child;
    }
    store(root, moved);
  };
  for (uint32_t root = count / 2; root > 0; --root) {
    sink(root - 1, count);
  }
  for (uint32_t end = count; end > 1; --end) {
    const SectionRecord largest = load(0);
    store(0, load(end - 1));
    store(end - 1, largest);
    sink(0, end - 1);
  }
}

Status Maker::FixExterns(const btf::Type& section, bool is_kconfig) {
  uint32_t end = 0;
  for (uint32_t i = 0; i < section.member_count; ++i) {
    const btf::SectionVariable entry = btf::Btf::VariableAt(section, i);
    const btf::Type type = EBPF_TRY(btf_.TypeAt(entry.type));
    SectionRecord record = {dummy_variable_, end, kDummySize};
    if (type.kind == btf::Kind::kFunction) {
      EBPF_TRY(FixFunction(entry.type));
    } else if (type.kind == btf::Kind::kVariable) {
      EBPF_TRY(FixVariable(entry.type));
      record.type = entry.type;
      if (is_kconfig) {
        record.offset = EBPF_TRY(KconfigOffset(btf_, entry.type));
        record.size = EBPF_TRY(btf_.SizeOf(type.size_or_type));
      }
    } else {
      log_.Put("BTF: an extern is neither function nor variable\n");
      return Status::kInvalid;
    }
    end = record.offset + record.size;
    CopyBytes(At(section.tail.data()) + i * sizeof(record), &record,
              sizeof(record));
  }
  TypeHeader header = HeaderOf(section);
  header.size_or_type = end;
  SetHeader(section, header);
  return Status::kOk;
}

Status Maker::FixFunction(btf::TypeId id) {
  const btf::Type function = EBPF_TRY(btf_.TypeAt(id));
  TypeHeader header = HeaderOf(function);
  header.info = Info(btf::Kind::kFunction, kGlobal);
  SetHeader(function, header);
  const btf::Type prototype = EBPF_TRY(btf_.TypeAt(function.size_or_type));
  if (prototype.kind != btf::Kind::kFunctionProto) {
    return Status::kInvalid;
  }
  for (uint32_t i = 0; i < prototype.member_count; ++i) {
    const btf::Parameter parameter = btf::Btf::ParamAt(prototype, i);
    if (parameter.name == 0 && parameter.type != 0) {
      const ParameterRecord record = {dummy_name_, parameter.type};
      CopyBytes(At(prototype.tail.data()) + i * sizeof(record), &record,
                sizeof(record));
    }
  }
  return Status::kOk;
}

Status Maker::FixVariable(btf::TypeId id) {
  const btf::Type variable = EBPF_TRY(btf_.TypeAt(id));
  const btf::Type type = EBPF_TRY(btf_.Resolve(variable.size_or_type));
  CopyBytes(At(variable.tail.data()), &kGlobal, sizeof(kGlobal));
  if (EBPF_TRY(btf_.Name(variable.name)).empty()) {
    return Status::kInvalid;
  }
  // In ".ksyms" each is as wide as the dummy, whatever it is in the kernel.
  const Result<uint32_t> option = KconfigOffset(btf_, id);
  if (type.kind == btf::Kind::kVoid || !option.ok()) {
    TypeHeader header = HeaderOf(variable);
    header.size_or_type = dummy_int_;
    SetHeader(variable, header);
  }
  return Status::kOk;
}

}  // namespace

Status MakeKernelBtf(const ObjectFile& object, Vector<uint8_t>& blob,
                     Allocator& allocator, TextWriter& log) {
  return Maker(object, blob, allocator, log).Make();
}

}  // namespace ebpf::loader
