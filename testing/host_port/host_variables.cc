// SPDX-License-Identifier: MIT
//
// core/platform/variables.h by what tests have added.
#include "testing/host_port/host_variables.h"

#include <map>
#include <mutex>
#include <string>

#include "core/platform/variables.h"

namespace ebpf {
namespace {

struct Variables {
  std::mutex mutex;
  std::map<std::string, uintptr_t> by_name;
  std::map<uintptr_t, size_t> strides;
};

Variables& TheVariables() {
  static auto* variables = new Variables;
  return *variables;
}

}  // namespace

void AddHostVariable(const char* name, const void* address, size_t stride) {
  Variables& variables = TheVariables();
  std::lock_guard<std::mutex> lock(variables.mutex);
  const auto at = reinterpret_cast<uintptr_t>(address);
  variables.by_name[name] = at;
  variables.strides[at] = stride;
}

void RemoveHostVariables() {
  Variables& variables = TheVariables();
  std::lock_guard<std::mutex> lock(variables.mutex);
  variables.by_name.clear();
  variables.strides.clear();
}

}  // namespace ebpf

extern "C" {

bool ebpf_port_variable(const char* name, size_t name_size,
                        uintptr_t* address) {
  ebpf::Variables& variables = ebpf::TheVariables();
  std::lock_guard<std::mutex> lock(variables.mutex);
  const auto found = variables.by_name.find(std::string(name, name_size));
  if (found == variables.by_name.end()) {
    return false;
  }
  *address = found->second;
  return true;
}

uintptr_t ebpf_port_per_cpu_address(uintptr_t address, uint32_t cpu) {
  ebpf::Variables& variables = ebpf::TheVariables();
  std::lock_guard<std::mutex> lock(variables.mutex);
  return address + cpu * variables.strides[address];
}

}  // extern "C"
