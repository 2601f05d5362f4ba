// SPDX-License-Identifier: MIT
//
// Making engines for this process's CPU.
#include "testing/conformance/engines.h"

#include "core/base/assert.h"
#include "core/interpreter/interpreter.h"
#include "core/jit/jit.h"
#include "core/memory/allocator.h"
#include "core/program/run_context.h"
#include "core/sync/read_section.h"
#include "testing/host_port/host_machine.h"

namespace ebpf::conformance {

RunningCore::RunningCore() {
  EBPF_ASSERT(InitReadSections());
  EBPF_ASSERT(IsOk(InitRunContexts(PortAllocator())));
}

RunningCore::~RunningCore() {
  ExitRunContexts();
  ExitReadSections();
}

std::vector<Variant> Variants() {
  std::vector<Variant> variants = {{.name = "interpreter"}};
  if (ThisMachine().compiler->compile == nullptr) {
    return variants;
  }
  const uint64_t features = ThisCpuFeatures();
  variants.push_back(
      {.name = "jit", .compiled = true, .cpu_features = features});
  if (features != 0) {
    variants.push_back({.name = "jit_without_features", .compiled = true});
  }
  variants.push_back({.name = "jit_facts",
                      .compiled = true,
                      .cpu_features = features,
                      .knowledge = Knowledge::kFacts});
  variants.push_back({.name = "jit_blinded",
                      .compiled = true,
                      .cpu_features = features,
                      .blinds = true});
  variants.push_back({.name = "jit_probed",
                      .compiled = true,
                      .cpu_features = features,
                      .knowledge = Knowledge::kProbed});
  return variants;
}

VariantEngine::VariantEngine(const Variant& variant)
    : compiled_(variant.compiled), engine_(&InterpreterEngine()) {
  if (compiled_) {
    engine_ = InitJit(ThisMachine(), variant.cpu_features, PortAllocator());
    EBPF_ASSERT(engine_ != nullptr);
    SetJitBlinding(variant.blinds);
  }
}

VariantEngine::~VariantEngine() {
  if (compiled_) {
    SetJitBlinding(false);
    ExitJit();
  }
}

}  // namespace ebpf::conformance
