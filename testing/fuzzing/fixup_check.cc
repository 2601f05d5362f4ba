// SPDX-License-Identifier: MIT
//
// Chance is found by running the same program twice.
#include "testing/fuzzing/fixup_check.h"

#include <algorithm>
#include <cstring>

#include "core/interpreter/interpreter.h"
#include "core/program/program.h"
#include "core/program_types/program_type.h"
#include "core/sync/read_section.h"
#include "core/verifier/fixup.h"
#include "core/verifier/test_maps.h"
#include "testing/fuzzing/program_check.h"

namespace ebpf::fuzzing {
namespace {

constexpr uint32_t kKprobe = 2;
constexpr uint8_t kMayGoto = 0xe5;
constexpr uint8_t kStoreImm64 = 0x7a;
constexpr int32_t kMaxGotos = 1 << 23;

/// Names of maps replaced by addresses, as bpf(2) does.
void Bind(isa::Insns insns, Span<Map* const> maps) {
  for (size_t i = 0; i + 1 < insns.size(); ++i) {
    isa::Insn& low = insns[i];
    if (low.opcode != 0x18) {
      continue;
    }
    isa::Insn& high = insns[++i];
    if (low.src != isa::kPseudoMapFd && low.src != isa::kPseudoMapValue) {
      continue;
    }
    Map& map = *maps[static_cast<uint32_t>(low.imm)];
    uint64_t address = reinterpret_cast<uint64_t>(&map);
    if (low.src == isa::kPseudoMapValue) {
      address = reinterpret_cast<uint64_t>((*map.DirectValue()).data()) +
                static_cast<uint32_t>(high.imm);
    }
    low.src = isa::kPseudoNone;
    low.imm = static_cast<int32_t>(address);
    high.imm = static_cast<int32_t>(address >> 32);
  }
}

/// may_goto counts to eight million: too long for a test.
void ShortenLoops(isa::Insns insns) {
  for (isa::Insn& insn : insns) {
    if (insn.opcode == kStoreImm64 && insn.dst == isa::kFramePointer &&
        insn.imm == kMaxGotos) {
      insn.imm = 5;
    }
  }
}

template <typename T>
Span<T> Copy(const std::vector<T>& from) {
  const Result<Span<T>> to = PortAllocator().NewArray<T>(from.size());
  if (!to.ok()) {
    std::abort();
  }
  std::copy(from.begin(), from.end(), to->begin());
  return *to;
}

void AppendKeyAndValue(Map& map, ConstBytes key, std::vector<uint8_t>& to) {
  std::vector<uint8_t> value(map.user_value_size());
  if (IsOk(map.CopyValueOut(key, Bytes(value.data(), value.size())))) {
    to.insert(to.end(), key.begin(), key.end());
    to.insert(to.end(), value.begin(), value.end());
  }
}

/// All keys and values of the maps that have some, in the order of keys.
std::vector<uint8_t> Contents(Span<Map* const> maps) {
  std::vector<std::vector<uint8_t>> entries;
  for (size_t i = 0; i < maps.size(); ++i) {
    if (i == verifier::kRing || i == verifier::kPrograms) {
      continue;
    }
    std::vector<uint8_t> key(maps[i]->spec().key_size), after;
    while (IsOk(maps[i]->NextKey(ConstBytes(after.data(), after.size()),
                                 Bytes(key.data(), key.size())))) {
      std::vector<uint8_t> entry = {static_cast<uint8_t>(i)};
      AppendKeyAndValue(*maps[i], ConstBytes(key.data(), key.size()), entry);
      entries.push_back(entry);
      after = key;
    }
  }
  std::sort(entries.begin(), entries.end());
  std::vector<uint8_t> all;
  for (const auto& entry : entries) {
    all.insert(all.end(), entry.begin(), entry.end());
  }
  return all;
}

/// As they were before the first run.
void Reset(Span<Map* const> maps) {
  for (size_t i = 0; i < maps.size(); ++i) {
    Map& map = *maps[i];
    if (i == verifier::kRing || i == verifier::kPrograms) {
      continue;
    }
    const std::vector<uint8_t> zero(map.user_value_size());
    std::vector<uint8_t> key(map.spec().key_size);
    std::vector<std::vector<uint8_t>> keys;
    while (IsOk(map.NextKey(
        keys.empty() ? ConstBytes()
                     : ConstBytes(keys.back().data(), keys.back().size()),
        Bytes(key.data(), key.size())))) {
      keys.push_back(key);
    }
    for (const auto& old : keys) {
      const ConstBytes bytes(old.data(), old.size());
      if (i == verifier::kHash) {
        (void)map.DeleteFromUser(bytes);
      } else {
        (void)map.UpdateFromUser(bytes, ConstBytes(zero.data(), zero.size()),
                                 UpdateMode::kAny);
      }
    }
  }
  FillHash(*maps[verifier::kHash]);
}

/// The run's stack is what the last run left: zero for all.
void ClearStack() {
  RunContext* run = BeginRun();
  if (run != nullptr) {
    std::memset(run->stack, 0, sizeof(run->stack));
    EndRun(run);
  }
}

struct Outcome {
  uint64_t result;
  std::vector<uint8_t> context;
  std::vector<uint8_t> maps;

  bool operator==(const Outcome& other) const {
    return result == other.result && context == other.context &&
           maps == other.maps;
  }
};

Outcome Run(const Program& program, Span<Map* const> maps,
            const std::vector<uint8_t>& context) {
  Outcome outcome{};
  Reset(maps);
  ClearStack();
  // In one place for all: addresses may leak into results.
  static std::vector<uint8_t> place;
  place = context;
  outcome.result = program.Run(place.data());
  outcome.context = place;
  outcome.maps = Contents(maps);
  return outcome;
}

Result<Ref<Program>> Make(ProgramParts parts, Span<Map* const> maps) {
  parts.type = FindProgramType(kKprobe);
  Bind(parts.insns, maps);
  ShortenLoops(parts.insns);
  Result<Ref<Program>> program =
      Program::Create(parts, InterpreterEngine(), PortAllocator());
  if (!program.ok()) {
    PortAllocator().DeleteArray(parts.insns);
    PortAllocator().DeleteArray(parts.facts);
    PortAllocator().DeleteArray(parts.functions);
    PortAllocator().DeleteArray(parts.original_indices);
    PortAllocator().DeleteArray(parts.direct_calls);
  }
  return program;
}

ProgramParts PartsOf(verifier::FixedProgram& fixed) {
  ProgramParts parts;
  parts.insns = fixed.insns.Take();
  parts.facts = fixed.facts.Take();
  parts.functions = fixed.functions.Take();
  parts.original_indices = fixed.original_indices.Take();
  parts.direct_calls = fixed.direct_calls.Take();
  return parts;
}

/// The program as it was, its functions' stacks as large as `fixed` has them,
/// so that addresses are the same.
ProgramParts PartsOf(const verifier::Code& code,
                     const std::vector<InsnFacts>& facts,
                     const verifier::Findings& findings,
                     const verifier::FixedProgram& fixed) {
  std::vector<ProgramFunction> functions;
  for (const verifier::FoundFunction& found : findings.functions.span()) {
    functions.push_back(ProgramFunction{
        found.start, static_cast<uint16_t>(found.stack_bytes), 0, false});
    for (const ProgramFunction& function : fixed.functions.span()) {
      if (fixed.original_indices[function.start] == found.start) {
        functions.back().stack_bytes = function.stack_bytes;
        functions.back().depth = function.depth;
        functions.back().reaches_tail_call = function.reaches_tail_call;
      }
    }
  }
  ProgramParts parts;
  parts.insns = Copy(code);
  parts.facts = Copy(facts);
  parts.functions = Copy(functions);
  return parts;
}

/// What both give differs: whether it always does, and alike.
std::string Compare(const Program& plain, const Program& fixed,
                    Span<Map* const> maps,
                    const std::vector<uint8_t>& context) {
  const Outcome expected = Run(plain, maps, context);
  const Outcome actual = Run(fixed, maps, context);
  if (actual == expected) {
    return "";
  }
  // An address may be the result, and elements that are freed and taken again
  // may take turns: a third run in each round changes whose turn it is.
  for (int i = 0; i < 3; ++i) {
    if (!(Run(plain, maps, context) == expected) ||
        !(Run(fixed, maps, context) == actual)) {
      return "";  // chance
    }
    (void)Run(plain, maps, context);
  }
  return "does something else after fixup: r0 is " +
         std::to_string(actual.result) + ", not " +
         std::to_string(expected.result);
}

}  // namespace

std::string CheckFixed(const verifier::Code& code,
                       const std::vector<InsnFacts>& facts,
                       const verifier::Findings& findings,
                       const std::vector<uint8_t>& context) {
  const verifier::TestMaps maps;
  verifier::FixedProgram fixed(PortAllocator());
  verifier::Log log;
  const Status status = verifier::Fixup(
      {isa::ConstInsns(code.data(), code.size()), maps.span(),
       Span<const InsnFacts>(facts.data(), facts.size()), findings},
      PortAllocator(), log, fixed);
  if (status == Status::kAccess) {
    return "";  // no room for what may_goto needs
  }
  if (!IsOk(status)) {
    return "fixup fails with " + std::to_string(static_cast<int>(status));
  }
  const bool counts = std::any_of(
      code.begin(), code.end(),
      [](const isa::Insn& insn) { return insn.opcode == kMayGoto; });
  ProgramParts plain_parts;
  if (!counts) {
    plain_parts = PartsOf(code, facts, findings, fixed);
  }
  const Result<Ref<Program>> after = Make(PartsOf(fixed), maps.span());
  if (!after.ok()) {
    PortAllocator().DeleteArray(plain_parts.insns);
    PortAllocator().DeleteArray(plain_parts.facts);
    PortAllocator().DeleteArray(plain_parts.functions);
    return "the interpreter refuses what fixup made";
  }
  if (counts) {
    (void)Run(**after, maps.span(), context);
    return "";
  }
  const Result<Ref<Program>> before = Make(plain_parts, maps.span());
  return before.ok() ? Compare(**before, **after, maps.span(), context)
                     : "the interpreter refuses what was verified";
}

}  // namespace ebpf::fuzzing
