// SPDX-License-Identifier: MIT
//
// testing/demo/scene.h's implementation.
#include "testing/demo/scene.h"

#include "core/platform/time.h"

namespace demo {
namespace {

/// BPF_LOG_STATS: the verifier's last line, also when the program is taken.
constexpr uint32_t kStatsLevel = 4;

}  // namespace

Calls Scene::CallsOf(Function function) const {
  Calls calls = {};
  for (uint32_t cpu = 0; cpu < CpuCount(); ++cpu) {
    calls.of_cpu[cpu] = environment_.calls(function, cpu);
  }
  return calls;
}

bool Scene::Load(ebpf::loader::Object& object, ebpf::StringView name,
                 ebpf::ConstBytes bytes) {
  log_.Clear();
  const uint64_t start = ebpf_port_time_ns();
  ebpf::Status status = object.Open(bytes);
  log_.Clear();  // what was found in the file is not of interest here
  if (IsOk(status)) {
    status = object.Load(kStatsLevel);
  }
  const uint64_t end = ebpf_port_time_ns();
  if (!IsOk(status)) {
    report_.PrintLines("  ", log_.text());
    report_.CheckEqual(name, static_cast<uint64_t>(status), 0);
    return false;
  }
  uint64_t insn_count = 0;
  for (size_t i = 0; i < object.program_count(); ++i) {
    insn_count += object.program(i).insn_count;
  }
  Line(report_) << "  " << name << ".bpf.o loaded: " << insn_count
                << " instructions, verified and prepared in "
                << (end - start) / 1000 << " us";
  report_.PrintLines("    verifier: ", log_.text());
  return true;
}

int Scene::Attach(ebpf::loader::Object& object, ebpf::StringView name,
                  Function function, size_t index) {
  log_.Clear();
  ebpf::Result<int> link = object.Attach(index, Symbol(function));
  if (!link.ok()) {
    report_.PrintLines("  ", log_.text());
    report_.CheckEqual(name, static_cast<uint64_t>(link.status()), 0);
    return -1;
  }
  Line(report_) << "  attached to " << Symbol(function)
                << (object.program_count() == 1 ? ""
                    : index == 0                ? ", entry"
                                                : ", return");
  return *link;
}

void Scene::RunWorkload() {
  environment_.start_workload();
  FinishWorkload();
}

void Scene::FinishWorkload() {
  while (environment_.workload_running()) {
    environment_.yield();
  }
}

}  // namespace demo
