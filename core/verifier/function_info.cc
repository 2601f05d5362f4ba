// SPDX-License-Identifier: MIT
//
// Linux's rules, in its order, so that the first of several mistakes is the one
// that it names, too.
#include "core/verifier/function_info.h"

#include "core/helpers/prototype.h"
#include "core/verifier/structure.h"

namespace ebpf::verifier {
namespace {

Result<btf::Type> FunctionOf(const btf::Btf& btf, uint32_t type_id) {
  const btf::Type type = EBPF_TRY(btf.TypeAt(type_id));
  if (type.kind != btf::Kind::kFunction) {
    return Status::kInvalid;
  }
  return type;
}

Result<btf::Type> PrototypeOf(const btf::Btf& btf, uint32_t type_id) {
  const btf::Type function = EBPF_TRY(FunctionOf(btf, type_id));
  const btf::Type prototype = EBPF_TRY(btf.TypeAt(function.size_or_type));
  if (prototype.kind != btf::Kind::kFunctionProto) {
    return Status::kInvalid;
  }
  return prototype;
}

struct Uses {
  bool packet_loads;  // LD_ABS, LD_IND
  bool tail_calls;
};

Uses UsesOf(const Verification& v, const Subprogram& subprogram) {
  Uses uses{};
  for (uint32_t i = subprogram.start; i < subprogram.end; ++i) {
    isa::DecodedInsn insn;
    if ((v.infos[i].flags & InsnInfo::kSecondSlot) == 0 &&
        isa::Decode(v.insns, i, insn) == isa::DecodeError::kNone) {
      uses.packet_loads |= insn.info().family == isa::Family::kLegacy;
      uses.tail_calls |=
          insn.op == isa::Op::kCallHelper && insn.imm == helper_id::tail_call;
    }
  }
  return uses;
}

/// Functions of the program may be left by a failing LD_ABS or by a tail call,
/// with a number as their result.
Status CheckReturns(Verification& v, uint32_t number) {
  const Uses uses = UsesOf(v, v.subprograms[number]);
  if (!uses.packet_loads && !uses.tail_calls) {
    return Status::kOk;
  }
  const btf::Btf& btf = *v.options.btf;
  const btf::Type prototype =
      EBPF_TRY(PrototypeOf(btf, v.subprograms[number].type));
  if (btf.IsScalar(prototype.size_or_type)) {
    return Status::kOk;
  }
  return v.Reject(uses.packet_loads ? Message::kLoadAbsReturn
                                    : Message::kTailCallReturn);
}

bool HasName(const btf::Btf& btf, uint32_t offset) {
  return btf.Name(offset).ok();
}

Status CheckLine(Verification& v, uint32_t number) {
  const LineInfo& line = v.options.lines[number];
  const uint32_t before =
      number == 0 ? 0 : v.options.lines[number - 1].insn_offset;
  if ((number != 0 && line.insn_offset <= before) ||
      line.insn_offset >= v.insns.size()) {
    return v.Reject(Message::kLineOffset, number, line.insn_offset, before,
                    static_cast<uint64_t>(v.insns.size()));
  }
  if (v.insns[line.insn_offset].opcode == 0) {
    return v.Reject(Message::kLineInsn, number);
  }
  const btf::Btf& btf = *v.options.btf;
  if (!HasName(btf, line.line_offset) || !HasName(btf, line.file_name_offset)) {
    return v.Reject(Message::kLineName, number);
  }
  return Status::kOk;
}

}  // namespace

Status CheckFunctionRecords(Verification& v) {
  const Span<const FunctionInfo> records = v.options.functions;
  if (v.options.btf == nullptr) {
    return records.empty() ? Status::kOk : Status::kInvalid;
  }
  for (uint32_t i = 0; i < records.size(); ++i) {
    const FunctionInfo& record = records[i];
    if (i == 0 && record.insn_offset != 0) {
      return v.Reject(Message::kFunctionFirst, record.insn_offset);
    }
    if (i != 0 && record.insn_offset <= records[i - 1].insn_offset) {
      return v.Reject(Message::kFunctionOrder, record.insn_offset,
                      records[i - 1].insn_offset);
    }
    if (!PrototypeOf(*v.options.btf, record.type_id).ok()) {
      return v.Reject(Message::kFunctionType, record.type_id);
    }
  }
  return Status::kOk;
}

Status CheckFunctionInfo(Verification& v) {
  const Span<const FunctionInfo> records = v.options.functions;
  if (records.empty()) {
    return Status::kOk;
  }
  if (records.size() != v.subprograms.size()) {
    return v.Reject(Message::kFunctionCount);
  }
  for (uint32_t i = 0; i < records.size(); ++i) {
    Subprogram& subprogram = v.subprograms[i];
    if (subprogram.start != records[i].insn_offset) {
      return v.Reject(Message::kFunctionLayout);
    }
    subprogram.type = records[i].type_id;
    const btf::Type function =
        EBPF_TRY(FunctionOf(*v.options.btf, subprogram.type));
    subprogram.is_global =
        btf::Btf::LinkageOf(function) == btf::Linkage::kGlobal;
    if (i != 0) {
      EBPF_TRY(CheckReturns(v, i));
    }
  }
  return Status::kOk;
}

Status CheckLineInfo(Verification& v) {
  if (v.options.lines.empty()) {
    return Status::kOk;
  }
  if (v.options.btf == nullptr) {
    return Status::kInvalid;
  }
  const uint32_t functions = static_cast<uint32_t>(v.subprograms.size());
  uint32_t begun = 0;
  for (uint32_t i = 0; i < v.options.lines.size(); ++i) {
    EBPF_TRY(CheckLine(v, i));
    const uint32_t offset = v.options.lines[i].insn_offset;
    if (begun == functions) {
      continue;
    }
    if (offset == v.subprograms[begun].start) {
      ++begun;
    } else if (v.subprograms[begun].start < offset) {
      return v.Reject(Message::kLineMissing, begun);
    }
  }
  return begun == functions
             ? Status::kOk
             : v.Reject(Message::kLinesMissing, functions - begun, begun);
}

const char* FunctionName(const Verification& v, uint32_t subprogram) {
  const uint32_t type_id = v.subprograms[subprogram].type;
  if (type_id == 0) {
    return "";
  }
  const Result<btf::Type> function = FunctionOf(*v.options.btf, type_id);
  if (!function.ok()) {
    return "";
  }
  const Result<StringView> name = v.options.btf->Name(function->name);
  return name.ok() ? name->data() : "";
}

Result<btf::Type> FunctionPrototype(const Verification& v,
                                    uint32_t subprogram) {
  const uint32_t type_id = v.subprograms[subprogram].type;
  if (type_id == 0) {
    return Status::kNotFound;
  }
  return PrototypeOf(*v.options.btf, type_id);
}

}  // namespace ebpf::verifier
