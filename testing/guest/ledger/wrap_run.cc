// SPDX-License-Identifier: MIT
//
// Each run of a compiled program looks into the ledger first, on the CPU that
// runs it. Stands around Program::Run and Program::RunUnlessNested, by their
// mangled names.
#include "core/jit/jit.h"
#include "core/program/program.h"
#include "core/sync/read_section.h"
#include "testing/guest/ledger/ledger.h"

namespace guest::ledger {
namespace {

void CheckImageOf(const ebpf::Program& program) {
  const auto entry = reinterpret_cast<uint64_t>(
      const_cast<ebpf::Program&>(program).tail_call_target().entry);
  char name[48];
  uint64_t begin = 0;
  uint64_t size = 0;
  uint32_t insn = 0;
  ebpf::ReadSection reading;
  if (ebpf::FindJitSymbol(entry, name, &begin, &size, &insn)) {
    (void)CheckRun(begin, size);
  }
}

}  // namespace

extern "C" {

uint64_t __real__ZNK4ebpf7Program3RunEPv(const ebpf::Program* program,
                                         void* context);
uint64_t __real__ZNK4ebpf7Program15RunUnlessNestedEPvRKNS_9RunOriginEm(
    const ebpf::Program* program, void* context, const ebpf::RunOrigin& origin,
    uint64_t if_missed);

uint64_t __wrap__ZNK4ebpf7Program3RunEPv(const ebpf::Program* program,
                                         void* context) {
  CheckImageOf(*program);
  return __real__ZNK4ebpf7Program3RunEPv(program, context);
}

uint64_t __wrap__ZNK4ebpf7Program15RunUnlessNestedEPvRKNS_9RunOriginEm(
    const ebpf::Program* program, void* context, const ebpf::RunOrigin& origin,
    uint64_t if_missed) {
  CheckImageOf(*program);
  return __real__ZNK4ebpf7Program15RunUnlessNestedEPvRKNS_9RunOriginEm(
      program, context, origin, if_missed);
}

}  // extern "C"

}  // namespace guest::ledger
