// SPDX-License-Identifier: MIT
//
// core/helpers/value_text.h's implementation.
//
// Linux walks a value by functions that call each other and keep what they are
// at in one state; the texts show that state, oddities included, so it is kept
// here as well: what is inside of an array has no names, until an inner array
// ends. A struct or array in another one is walked twice, the first time
// without writing, to find out whether anything in it would be shown.
//
// Instead of calls there is a stack of levels, one for each struct or array
// that has begun.
#include "core/helpers/value_text.h"

#include "core/base/memory.h"
#include "core/helpers/value_name.h"
#include "core/helpers/value_window.h"

namespace ebpf {
namespace {

using btf::Btf;
using btf::Kind;
using btf::Type;
using btf::TypeId;

/// The addresses that Linux uses for errors; printed as they are.
constexpr uint64_t kFirstErrorAddress = ~uint64_t{0} - 4094;

/// Linux cuts what stands in front of a value.
constexpr size_t kMaxName = 79;

/// As Linux's isprint, which takes Latin-1 for text.
constexpr bool IsText(uint8_t c) {
  return (c >= 0x20 && c <= 0x7e) || c >= 0xa0;
}

/// A struct, union or array that has begun.
struct Level {
  TypeId declared = 0;  // with typedefs and qualifiers
  TypeId type = 0;      // without
  uint64_t address = 0;
  uint32_t next = 0;  // member or element
  btf::NameOffset member = 0;
  bool is_first_of_two = false;
};

class ValueText {
 public:
  ValueText(TextWriter& to, const Btf& btf, uint64_t flags,
            const PointerKey& key, const ValueWindow& window)
      : to_(to), btf_(btf), flags_(flags), key_(key), window_(window) {}

  Status Run(TypeId type, uint64_t address) {
    EBPF_TRY(Show(type, address, 0));
    for (uint32_t steps = 0; depth_ != 0; ++steps) {
      if (steps == kMaxValueSteps) {
        return Status::kTooBig;
      }
      EBPF_TRY(Step(levels_[depth_ - 1]));
    }
    return status_;
  }

 private:
  bool Has(uint64_t flag) const { return (flags_ & flag) != 0; }
  bool writes() const { return looks_from_ == 0; }

  Status Show(TypeId declared, uint64_t address, uint32_t bit);
  Status ShowNumber(const Type& type, uint64_t address, uint32_t bit);
  void ShowInteger(const Type& type, uint64_t address, uint32_t bit);
  void ShowByte(uint8_t byte, bool is_signed);
  void ShowBits(const uint8_t* bytes, uint32_t bit, uint32_t bits);
  void ShowEnum(const Type& type, uint64_t address);
  void ShowPointer(uint64_t address);
  void ShowPlain(uint64_t value, bool is_signed);
  void ShowHex(uint64_t high, uint64_t low);

  Status Begin(TypeId declared, TypeId type, uint64_t address);
  bool Open(Level& level);
  Status Step(Level& level);
  Status StepArray(Level& level, const Type& type);
  Status StepStruct(Level& level, const Type& type);
  Status Close(Level& level, char bracket);
  Status Leave(Level& level);

  /// Begins a value: its bytes, or null where they cannot be read.
  const uint8_t* Start(TypeId declared, Kind kind, uint64_t address,
                       uint64_t size);
  void End() {
    declared_ = 0;
    kind_ = Kind::kVoid;
  }
  /// What stands before a value; false: it is not to be written.
  bool BeginValue(bool is_zero);
  void EndLine();
  void PutIndent();
  void PutName();
  void PutNewline() {
    if (!Has(kTextCompact)) {
      to_.Put('\n');
    }
  }

  TextWriter& to_;
  const Btf& btf_;
  const uint64_t flags_;
  const PointerKey& key_;
  ValueWindow window_;
  Status status_ = Status::kOk;

  // Linux's state.
  TypeId declared_ = 0;
  Kind kind_ = Kind::kVoid;
  btf::NameOffset member_ = 0;
  bool in_array_ = false;
  bool as_text_ = false;     // an array of bytes
  bool text_ended_ = false;  // by a zero
  /// Where a walk without writing began, plus one; 0: it writes.
  uint32_t looks_from_ = 0;
  uint32_t deepest_shown_ = 0;

  /// Structs and arrays that have begun.
  uint32_t depth_ = 0;
  Level levels_[kMaxValueDepth];
};

const uint8_t* ValueText::Start(TypeId declared, Kind kind, uint64_t address,
                                uint64_t size) {
  declared_ = declared;
  kind_ = kind;
  if (!IsOk(status_)) {
    return nullptr;
  }
  const uint8_t* const bytes = window_.At(address, size);
  status_ = bytes == nullptr ? Status::kFault : Status::kOk;
  return bytes;
}

bool ValueText::BeginValue(bool is_zero) {
  if (is_zero && !Has(kTextZeros) && depth_ != 0) {
    return false;
  }
  deepest_shown_ = Max(deepest_shown_, depth_);
  if (writes()) {
    PutIndent();
    PutName();
  }
  return writes();
}

void ValueText::PutIndent() {
  for (uint32_t i = 0; !Has(kTextCompact) && i < depth_; ++i) {
    to_.Put(' ');
  }
}

void ValueText::PutName() {
  if (!in_array_) {
    const StringView member =
        member_ == 0 ? "" : btf_.Name(member_).ValueOr(StringView(""));
    char name[kMaxName];
    TextWriter writer(name, sizeof(name));
    PutValueName(writer, btf_, declared_, member, !Has(kTextNoNames));
    to_.Put(writer.text());
  }
}

void ValueText::EndLine() {
  if (depth_ != 0) {
    to_.Put(Has(kTextCompact) && kind_ == Kind::kUnion ? '|' : ',');
  }
  PutNewline();
}

/// Writes a value, or begins a struct or array. `bit`: where the value begins
/// in its first byte.
Status ValueText::Show(TypeId declared, uint64_t address, uint32_t bit) {
  const TypeId id = EBPF_TRY(btf_.SkipModifiers(declared));
  const Type type = EBPF_TRY(btf_.TypeAt(id));
  if (btf::IsComposite(type.kind) || type.kind == Kind::kArray) {
    return Begin(declared, id, address);
  }
  declared_ = declared;
  EBPF_TRY(ShowNumber(type, address, bit));
  End();
  return Status::kOk;
}

Status ValueText::ShowNumber(const Type& type, uint64_t address, uint32_t bit) {
  switch (type.kind) {
    case Kind::kInt:
      ShowInteger(type, address, bit);
      return Status::kOk;
    case Kind::kEnum:
    case Kind::kEnum64:
      ShowEnum(type, address);
      return Status::kOk;
    case Kind::kPointer:
      ShowPointer(address);
      return Status::kOk;
    case Kind::kDataSection:
      return Status::kInvalid;
    default:
      if (writes()) {
        to_.Put("<unsupported kind:")
            .PutUnsigned(static_cast<unsigned>(type.kind))
            .Put('>');
      }
      return Status::kOk;
  }
}

void ValueText::ShowInteger(const Type& type, uint64_t address, uint32_t bit) {
  const btf::Integer integer = Btf::IntegerOf(type);
  const uint8_t* const bytes =
      Start(declared_, type.kind, address, type.size_or_type);
  if (bytes == nullptr) {
    return;
  }
  const bool is_signed = (integer.encoding & btf::Integer::kSigned) != 0;
  const uint32_t first_bit = bit + integer.bit_offset;
  switch (first_bit == 0 ? integer.bits : 0) {
    case 128:
      ShowHex(LoadUnaligned<uint64_t>(bytes + 8),
              LoadUnaligned<uint64_t>(bytes));
      break;
    case 64:
      ShowPlain(LoadUnaligned<uint64_t>(bytes), is_signed);
      break;
    case 32:
      ShowPlain(is_signed ? static_cast<uint64_t>(
                                int64_t{LoadUnaligned<int32_t>(bytes)})
                          : LoadUnaligned<uint32_t>(bytes),
                is_signed);
      break;
    case 16:
      ShowPlain(is_signed ? static_cast<uint64_t>(
                                int64_t{LoadUnaligned<int16_t>(bytes)})
                          : LoadUnaligned<uint16_t>(bytes),
                is_signed);
      break;
    case 8:
      ShowByte(bytes[0], is_signed);
      break;
    default:
      if (first_bit + integer.bits <= 8 * ValueWindow::kMaxIntegerBytes) {
        ShowBits(bytes + first_bit / 8, first_bit % 8, integer.bits);
      }
      break;
  }
}

void ValueText::ShowByte(uint8_t byte, bool is_signed) {
  if (as_text_) {
    if (text_ended_ || byte == 0) {
      text_ended_ = true;
      return;
    }
    if (IsText(byte)) {
      if (BeginValue(false)) {
        to_.Put('\'');
        to_.Put(static_cast<char>(byte));
        to_.Put('\'');
        EndLine();
      }
      return;
    }
  }
  ShowPlain(is_signed
                ? static_cast<uint64_t>(int64_t{static_cast<int8_t>(byte)})
                : byte,
            is_signed);
}

/// Bits of a word whose first byte is `bytes`, which Linux counts from its
/// lowest on machines like all of ours.
void ValueText::ShowBits(const uint8_t* bytes, uint32_t bit, uint32_t bits) {
  if (bits == 0 || bits > 128) {
    return;  // no value that BTF can have
  }
  uint8_t copy[17] = {};
  CopyBytes(copy, bytes, (bit + bits + 7) / 8);
  uint64_t low = LoadUnaligned<uint64_t>(copy);
  uint64_t high = LoadUnaligned<uint64_t>(copy + 8);
  if (bit != 0) {
    low = low >> bit | high << (64 - bit);
    high = high >> bit | uint64_t{copy[16]} << (64 - bit);
  }
  high &= bits <= 64 ? 0 : ~uint64_t{0} >> (128 - bits);
  low &= bits >= 64 ? ~uint64_t{0} : ~uint64_t{0} >> (64 - bits);
  ShowHex(high, low);
}

void ValueText::ShowEnum(const Type& type, uint64_t address) {
  const bool wide = type.kind == Kind::kEnum64;
  const uint8_t* const bytes =
      Start(declared_, type.kind, address, type.size_or_type);
  if (bytes == nullptr) {
    return;
  }
  const uint64_t value =
      wide ? LoadUnaligned<uint64_t>(bytes)
      : type.kind_flag
          ? static_cast<uint64_t>(int64_t{LoadUnaligned<int32_t>(bytes)})
          : LoadUnaligned<uint32_t>(bytes);
  for (uint32_t i = 0; i < type.member_count; ++i) {
    const btf::EnumValue known = Btf::EnumValueAt(type, i);
    if (known.value == value) {
      if (BeginValue(false)) {
        to_.Put(btf_.Name(known.name).ValueOr(StringView("")));
        EndLine();
      }
      return;
    }
  }
  ShowPlain(value, type.kind_flag);
}

void ValueText::ShowPointer(uint64_t address) {
  const uint8_t* const bytes =
      Start(declared_, Kind::kPointer, address, sizeof(uint64_t));
  if (bytes == nullptr) {
    return;
  }
  const uint64_t value = LoadUnaligned<uint64_t>(bytes);
  const bool plain =
      Has(kTextRawPointers) || value == 0 || value >= kFirstErrorAddress;
  if (BeginValue(value == 0)) {
    to_.Put("0x").PutHex(plain ? value : PointerId(key_, value), 16);
    EndLine();
  }
}

void ValueText::ShowPlain(uint64_t value, bool is_signed) {
  if (BeginValue(value == 0)) {
    is_signed ? to_.PutSigned(static_cast<int64_t>(value))
              : to_.PutUnsigned(value);
    EndLine();
  }
}

void ValueText::ShowHex(uint64_t high, uint64_t low) {
  if (BeginValue((high | low) == 0)) {
    to_.Put("0x");
    if (high != 0) {
      to_.PutHex(high).PutHex(low, 16);
    } else {
      to_.PutHex(low);
    }
    EndLine();
  }
}

Status ValueText::Begin(TypeId declared, TypeId type, uint64_t address) {
  if (depth_ == kMaxValueDepth) {
    return Status::kTooBig;
  }
  Level& level = levels_[depth_];
  level = {declared, type, address, 0, member_, false};
  if (depth_ != 0 && !Has(kTextZeros) && writes()) {
    level.is_first_of_two = true;
    looks_from_ = depth_ + 1;
    deepest_shown_ = 0;
  }
  return Open(level) ? Status::kOk : Leave(level);
}

/// Writes the begin of the level behind the last one, and makes it the last;
/// false: it cannot be read.
bool ValueText::Open(Level& level) {
  const Result<Type> type = btf_.TypeAt(level.type);
  if (type->kind == Kind::kArray) {
    // Linux takes any one byte for a character: BTF seldom says which are.
    const Result<Type> element = btf_.Resolve(Btf::ArrayOf(*type).element);
    as_text_ = element.ok() && element->kind == Kind::kInt &&
               element->size_or_type == 1;
    text_ended_ = false;
  }
  const uint64_t size = btf_.SizeOf(level.type).ValueOr(0);
  if (Start(level.declared, type->kind, level.address, size) == nullptr) {
    return false;
  }
  level.next = 0;
  if (writes()) {
    PutIndent();
    PutName();
    PutNewline();
  }
  ++depth_;
  return true;
}

Status ValueText::Step(Level& level) {
  const Type type = EBPF_TRY(btf_.TypeAt(level.type));
  return type.kind == Kind::kArray ? StepArray(level, type)
                                   : StepStruct(level, type);
}

Status ValueText::StepArray(Level& level, const Type& type) {
  const btf::Array array = Btf::ArrayOf(type);
  if (level.next != 0) {
    in_array_ = false;
  }
  if (level.next >= array.count || text_ended_) {
    as_text_ = text_ended_ = false;
    return Close(level, ']');
  }
  const uint32_t size = EBPF_TRY(btf_.SizeOf(array.element));
  in_array_ = true;
  member_ = 0;
  return Show(array.element, level.address + uint64_t{level.next++} * size, 0);
}

Status ValueText::StepStruct(Level& level, const Type& type) {
  if (level.next != 0) {
    member_ = 0;
  }
  if (level.next >= type.member_count) {
    return Close(level, '}');
  }
  const btf::Member member = Btf::MemberAt(type, level.next++);
  member_ = member.name;
  const uint64_t address = level.address + member.bit_offset / 8;
  const uint32_t bit = member.bit_offset % 8;
  if (member.bit_size == 0) {
    return Show(member.type, address, bit);
  }
  const Type holder = EBPF_TRY(btf_.TypeAt(member.type));
  const uint64_t size = btf_.SizeOf(member.type).ValueOr(0);
  const uint8_t* const bytes = Start(member.type, holder.kind, address, size);
  if (bytes != nullptr) {
    ShowBits(bytes, bit, member.bit_size);
  }
  End();
  return Status::kOk;
}

Status ValueText::Close(Level& level, char bracket) {
  --depth_;
  if (writes()) {
    PutIndent();
    to_.Put(bracket);
    EndLine();
  }
  End();
  return Leave(level);
}

/// Goes back to what `level` is in, or once more through it to write.
Status ValueText::Leave(Level& level) {
  if (!level.is_first_of_two) {
    return Status::kOk;
  }
  level.is_first_of_two = false;
  member_ = level.member;
  looks_from_ = 0;
  if (deepest_shown_ > depth_) {
    (void)Open(level);
  }
  return Status::kOk;
}

}  // namespace

Status PutValue(TextWriter& to, const Btf& btf, TypeId type, uint64_t address,
                uint64_t flags, const PointerKey& key) {
  const ValueWindow window(address, btf.SizeOf(type).ValueOr(0));
  ValueText text(to, btf, flags, key, window);
  return text.Run(type, address);
}

}  // namespace ebpf
