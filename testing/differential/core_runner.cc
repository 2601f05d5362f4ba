// SPDX-License-Identifier: MIT
//
// What bpf(2) and a probe do around a program, without either.
#include "testing/differential/core_runner.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/memory/allocator.h"
#include "core/program/run_context.h"
#include "core/program_types/program_type.h"
#include "core/sync/read_section.h"
#include "core/verifier/findings.h"
#include "core/verifier/fixup.h"
#include "core/verifier/verifier.h"

namespace ebpf::differential {
namespace {

constexpr uint32_t kContextSize = 192;

const ProgramType* Type() {
  return FindProgramType(static_cast<uint32_t>(ProgramTypeId::kSocketFilter));
}

template <typename T>
std::vector<T> VectorOf(Span<T> span) {
  return std::vector<T>(span.begin(), span.end());
}

template <typename T>
Span<T> ArrayOf(const std::vector<T>& values, Allocator& allocator) {
  Result<Span<T>> array = allocator.NewArray<T>(values.size());
  EBPF_ASSERT(array.ok());
  std::copy(values.begin(), values.end(), array->begin());
  return *array;
}

}  // namespace

CoreRunner::CoreRunner() {
  EBPF_ASSERT(InitReadSections());
  EBPF_ASSERT(IsOk(InitRunContexts(PortAllocator())));
  MapSpec spec;
  spec.type = MapType::kArray;
  spec.key_size = 4;
  spec.value_size = sizeof(MapValue);
  spec.max_entries = 1;
  Result<Ref<Map>> map = CreateMap(spec, PortAllocator());
  EBPF_ASSERT(map.ok());
  map_ = map->Leak();
  value_ = reinterpret_cast<MapValue*>((*map_->DirectValue()).data());
}

CoreRunner::~CoreRunner() {
  map_->Release();
  ExitRunContexts();
  ExitReadSections();
}

/// The value's address, or the map's number, which is 0, where programs want
/// it.
void CoreRunner::Bind(const GeneratedProgram& program,
                      std::vector<isa::Insn>& insns, bool by_index) const {
  const auto address = reinterpret_cast<uint64_t>(value_);
  for (const size_t index : program.value_loads) {
    insns[index].src = by_index ? isa::kPseudoMapValue : isa::kPseudoNone;
    insns[index].imm = by_index ? 0 : static_cast<int32_t>(address);
    insns[index + 1].imm = by_index ? 0 : static_cast<int32_t>(address >> 32);
  }
}

Runnable CoreRunner::Plain(const GeneratedProgram& program) const {
  Runnable runnable;
  runnable.insns = program.insns;
  Bind(program, runnable.insns, false);
  return runnable;
}

bool CoreRunner::Verified(const GeneratedProgram& program, Runnable& runnable,
                          std::string* why) const {
  Allocator& allocator = PortAllocator();
  std::vector<isa::Insn> insns = program.insns;
  Bind(program, insns, true);
  std::vector<InsnFacts> facts(insns.size());
  verifier::Options options;
  options.type = Type();
  options.context_size = kContextSize;
  options.gpl_compatible = true;
  options.allow_uninitialized_stack = true;
  std::vector<char> text(why != nullptr ? 1 << 20 : 0);
  verifier::Log log(why != nullptr ? 1 : 0, text.data(), text.size());
  verifier::Stats stats;
  verifier::Findings findings(allocator);
  verifier::FixedProgram fixed(allocator);
  const isa::ConstInsns span(insns.data(), insns.size());
  const Span<InsnFacts> facts_span(facts.data(), facts.size());
  const Span<Map* const> maps(&map_, 1);
  Status status = verifier::Verify(span, maps, options, allocator, log,
                                   facts_span, stats, &findings);
  if (IsOk(status)) {
    status = verifier::Fixup({span, maps, facts_span, findings}, allocator, log,
                             fixed);
  }
  if (!IsOk(status)) {
    if (why != nullptr) {
      why->assign(log.writer().text().data(), log.writer().text().size());
    }
    return false;
  }
  runnable.insns = VectorOf(fixed.insns.span());
  runnable.facts = VectorOf(fixed.facts.span());
  runnable.functions = VectorOf(fixed.functions.span());
  runnable.direct_calls = VectorOf(fixed.direct_calls.span());
  const auto address = reinterpret_cast<uint64_t>(value_);
  for (size_t i = 0; i + 1 < runnable.insns.size(); ++i) {
    isa::Insn& insn = runnable.insns[i];
    if (insn.opcode == 0x18) {
      if (insn.src == isa::kPseudoMapValue) {
        insn.src = isa::kPseudoNone;
        insn.imm = static_cast<int32_t>(address);
        runnable.insns[i + 1].imm = static_cast<int32_t>(address >> 32);
      }
      ++i;
    }
  }
  return true;
}

Ref<Program> CoreRunner::Make(Engine& engine, const Runnable& runnable) const {
  Allocator& allocator = PortAllocator();
  ProgramParts parts;
  parts.type = Type();
  parts.insns = ArrayOf(runnable.insns, allocator);
  parts.facts = ArrayOf(runnable.facts, allocator);
  parts.functions = ArrayOf(runnable.functions, allocator);
  parts.direct_calls = ArrayOf(runnable.direct_calls, allocator);
  Result<Ref<Program>> program = Program::Create(parts, engine, allocator);
  if (!program.ok()) {
    allocator.DeleteArray(parts.insns);
    allocator.DeleteArray(parts.facts);
    allocator.DeleteArray(parts.functions);
    allocator.DeleteArray(parts.direct_calls);
    return {};
  }
  return static_cast<Ref<Program>&&>(*program);
}

bool CoreRunner::Run(Engine& engine, const Runnable& runnable,
                     const MapValue& input, Outcome& outcome) {
  const Ref<Program> program = Make(engine, runnable);
  if (!program) {
    return false;
  }
  *value_ = input;
  outcome.result = static_cast<uint32_t>(program->Run(nullptr));
  outcome.value = *value_;
  return true;
}

}  // namespace ebpf::differential
