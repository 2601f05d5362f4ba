// SPDX-License-Identifier: MIT
//
// CoreRelocator::Describe of core/btf/core_relo.h: relocations in libbpf's
// words.
#include "core/btf/core_relo.h"

namespace ebpf::btf {
namespace {

StringView NameOf(CoreKind kind) {
  switch (kind) {
    case CoreKind::kFieldByteOffset:
      return "byte_off";
    case CoreKind::kFieldByteSize:
      return "byte_sz";
    case CoreKind::kFieldExists:
      return "field_exists";
    case CoreKind::kFieldSigned:
      return "signed";
    case CoreKind::kFieldLeftShift:
      return "lshift_u64";
    case CoreKind::kFieldRightShift:
      return "rshift_u64";
    case CoreKind::kTypeIdLocal:
      return "local_type_id";
    case CoreKind::kTypeIdTarget:
      return "target_type_id";
    case CoreKind::kTypeExists:
      return "type_exists";
    case CoreKind::kTypeMatches:
      return "type_matches";
    case CoreKind::kTypeSize:
      return "type_size";
    case CoreKind::kEnumValueExists:
      return "enumval_exists";
    case CoreKind::kEnumValue:
      return "enumval_value";
  }
  return "unknown";
}

StringView NameOf(Kind kind) {
  switch (kind) {
    case Kind::kStruct:
      return "struct";
    case Kind::kUnion:
      return "union";
    case Kind::kEnum:
      return "enum";
    case Kind::kEnum64:
      return "enum64";
    case Kind::kTypedef:
      return "typedef";
    case Kind::kInt:
      return "int";
    case Kind::kForward:
      return "fwd";
    case Kind::kPointer:
      return "ptr";
    case Kind::kArray:
      return "array";
    case Kind::kFunctionProto:
      return "func_proto";
    case Kind::kFunction:
      return "func";
    case Kind::kFloat:
      return "float";
    case Kind::kConst:
      return "const";
    case Kind::kVolatile:
      return "volatile";
    case Kind::kRestrict:
      return "restrict";
    default:
      return "type";
  }
}

StringView NameAt(const Btf& btf, NameOffset name) {
  return btf.Name(name).ValueOr(StringView("?"));
}

void PutValue(const Btf& btf, const CoreSpec::Step& step, TextWriter& out) {
  const Result<Type> type = btf.TypeAt(step.type);
  out.Put("::").Put(NameAt(btf, step.name)).Put(" = ");
  if (type.ok()) {
    const uint64_t value = Btf::EnumValueAt(*type, step.index).value;
    if (type->kind_flag) {
      out.PutSigned(static_cast<int64_t>(value));
    } else {
      out.PutUnsigned(value);
    }
  }
}

void PutField(const Btf& btf, const CoreSpec& spec, TextWriter& out) {
  for (uint32_t i = 0; i < spec.step_count; ++i) {
    const CoreSpec::Step& step = spec.steps[i];
    if (step.is_named) {
      out.Put(".").Put(NameAt(btf, step.name));
    } else if (i > 0 || step.index > 0) {
      out.Put("[").PutUnsigned(step.index).Put("]");
    }
  }
  out.Put(" (");
  for (uint32_t i = 0; i < spec.raw_count; ++i) {
    out.Put(i == 0 ? "" : ":").PutUnsigned(spec.raw[i]);
  }
  out.Put(" @ offset ").PutUnsigned(spec.bit_offset / 8);
  if (spec.bit_offset % 8 != 0) {
    out.Put(".").PutUnsigned(spec.bit_offset % 8);
  }
  out.Put(')');
}

}  // namespace

void CoreRelocator::Describe(const CoreRelocation& relocation,
                             TextWriter& out) {
  out.Put("<").Put(NameOf(relocation.kind)).Put("> [");
  out.PutUnsigned(relocation.type).Put("]");
  const Result<Type> type = local_.TypeAt(relocation.type);
  const Result<StringView> access = local_.Name(relocation.access);
  if (!type.ok() || !access.ok()) {
    return;
  }
  const StringView name = NameAt(local_, type->name);
  out.Put(" ").Put(NameOf(type->kind));
  out.Put(" ").Put(name.empty() ? StringView("<anon>") : name);
  if (!IsOk(ParseSpec(local_, relocation.kind, relocation.type, *access,
                      local_spec_))) {
    out.Put(" (").Put(*access).Put(")");
  } else if (IsEnumKind(relocation.kind)) {
    PutValue(local_, local_spec_.steps[0], out);
  } else if (IsFieldKind(relocation.kind)) {
    PutField(local_, local_spec_, out);
  }
}

}  // namespace ebpf::btf
