// SPDX-License-Identifier: MIT
//
// tools/cli/llvm_disassembler.h's implementation.
#include "tools/cli/llvm_disassembler.h"

#include <cstring>
#include <dlfcn.h>
#include <fmt/format.h>
#include <llvm-c/Disassembler.h>
#include <string_view>

#include "tools/cli/failure.h"

namespace ebpf::cli {
namespace {

struct Target {
  const char* machine;
  const char* llvm_name;
  const char* triple;
  const char* features;
};
// Features are what the back ends may use; more does no harm here.
constexpr Target kTargets[] = {
    {"x86_64", "X86", "x86_64-unknown-linux-gnu", ""},
    {"aarch64", "AArch64", "aarch64-unknown-linux-gnu", "+lse,+v8.2a"},
    {"riscv64", "RISCV", "riscv64-unknown-linux-gnu",
     "+m,+a,+c,+zba,+zbb,+zbs,+zbc,+zicsr,+zifencei"},
};

void* OpenLibrary() {
  for (const char* name :
       {"libLLVM.so.19.1", "libLLVM-19.so.1", "libLLVM-19.so"}) {
    void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) {
      return library;
    }
  }
  throw Failure(
      "LLVM 19's library is missing: tools/setup-debian.sh installs it");
}

/// The C functions used here, found at run time.
class Llvm {
 public:
  Llvm() : library_(OpenLibrary()) {
    Find("LLVMCreateDisasmCPUFeatures", create);
    Find("LLVMSetDisasmOptions", set_options);
    Find("LLVMDisasmInstruction", disassemble);
    Find("LLVMDisasmDispose", dispose);
  }

  void Initialize(const Target& target) const {
    for (const char* part :
         {"TargetInfo", "Target", "TargetMC", "Disassembler"}) {
      void (*initialize)();
      Find(fmt::format("LLVMInitialize{}{}", target.llvm_name, part).c_str(),
           initialize);
      initialize();
    }
  }

  decltype(&LLVMCreateDisasmCPUFeatures) create;
  decltype(&LLVMSetDisasmOptions) set_options;
  decltype(&LLVMDisasmInstruction) disassemble;
  decltype(&LLVMDisasmDispose) dispose;

 private:
  template <typename Function>
  void Find(const char* name, Function& function) const {
    void* symbol = dlsym(library_, name);
    if (symbol == nullptr) {
      throw Failure(fmt::format("LLVM's library has no {}", name));
    }
    std::memcpy(&function, &symbol, sizeof(symbol));
  }

  void* const library_;  // stays loaded: LLVM is not made to be unloaded
};

const Target& FindTarget(std::string_view machine) {
  for (const Target& target : kTargets) {
    if (machine == target.machine) {
      return target;
    }
  }
  throw Failure(fmt::format("LLVM's name for {} is not known", machine));
}

/// LLVM writes tabs, and one in front.
std::string Tidy(std::string_view text) {
  std::string tidy;
  for (const char c : text) {
    if (c != '\t' && c != ' ') {
      tidy += c;
    } else if (!tidy.empty() && tidy.back() != ' ') {
      tidy += ' ';
    }
  }
  return tidy;
}

}  // namespace

std::vector<MachineInsn> DisassembleMachineCode(
    const machine::MachineOps& machine, const std::vector<uint8_t>& code,
    uint64_t address) {
  static const Llvm llvm;
  const Target& target = FindTarget(machine.name);
  llvm.Initialize(target);
  LLVMDisasmContextRef context = llvm.create(target.triple, "", target.features,
                                             nullptr, 0, nullptr, nullptr);
  if (context == nullptr) {
    throw Failure(fmt::format("LLVM was built without {}", target.llvm_name));
  }
  llvm.set_options(context, LLVMDisassembler_Option_PrintImmHex |
                                LLVMDisassembler_Option_AsmPrinterVariant);
  std::vector<MachineInsn> insns;
  std::vector<uint8_t> bytes = code;  // LLVM's parameter is not const
  for (size_t at = 0; at < bytes.size();) {
    char text[256];
    size_t size =
        llvm.disassemble(context, bytes.data() + at, bytes.size() - at,
                         address + at, text, sizeof(text));
    std::string line = Tidy(text);
    if (size == 0) {
      size = 1;
      line = fmt::format(".byte {:#04x}", bytes[at]);
    }
    insns.push_back({static_cast<uint32_t>(at), static_cast<uint8_t>(size),
                     std::move(line)});
    at += size;
  }
  llvm.dispose(context);
  return insns;
}

}  // namespace ebpf::cli
