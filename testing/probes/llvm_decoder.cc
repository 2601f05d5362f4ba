// SPDX-License-Identifier: MIT
#include "testing/probes/llvm_decoder.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <llvm-c/Disassembler.h>

namespace ebpf::testing {
namespace {

struct Target {
  const char* cpu;
  const char* llvm_name;
  const char* triple;
  const char* features;
};
constexpr Target kTargets[] = {
    {"x86_64", "X86", "x86_64-unknown-linux-gnu", ""},
    {"aarch64", "AArch64", "aarch64-unknown-linux-gnu", "+all"},
    {"riscv64", "RISCV", "riscv64-unknown-linux-gnu",
     "+m,+a,+f,+d,+c,+v,+h,+zicsr,+zifencei,+zicntr,+zihpm,+zicbom,+zicbop,"
     "+zicboz,+zicond,+zihintntl,+zihintpause,+zimop,+zcmop,+zawrs,"
     "+zabha,+zfa,+zfh,+zfbfmin,+zba,+zbb,+zbc,+zbs,+zbkb,+zbkc,+zbkx,+zknd,"
     "+zkne,+zknh,+zksed,+zksh,+zcb,+zvbb,+zvbc,+zvkg,+zvkned,+zvknhb,+zvksed,"
     "+zvksh,+zvfh,+zvfbfmin,+zvfbfwma,+svinval,+experimental-zacas,"
     "+experimental-zalasr"},
};

[[noreturn]] void Fail(const char* what) {
  fprintf(stderr, "LLVM 19's library: %s (tools/setup-debian.sh installs it)\n",
          what);
  exit(1);
}

/// The C functions used here, found at run time: linking against LLVM would
/// make each test's start as long as the library is large.
struct Llvm {
  Llvm() {
    for (const char* name :
         {"libLLVM.so.19.1", "libLLVM-19.so.1", "libLLVM-19.so"}) {
      library =
          library == nullptr ? dlopen(name, RTLD_NOW | RTLD_LOCAL) : library;
    }
    if (library == nullptr) {
      Fail("not found");
    }
    Find("LLVMCreateDisasmCPUFeatures", create);
    Find("LLVMDisasmInstruction", disassemble);
    Find("LLVMDisasmDispose", dispose);
  }

  template <typename Function>
  void Find(const std::string& name, Function& function) const {
    void* symbol = dlsym(library, name.c_str());
    if (symbol == nullptr) {
      Fail(name.c_str());
    }
    memcpy(&function, &symbol, sizeof(symbol));
  }

  void* library = nullptr;
  decltype(&LLVMCreateDisasmCPUFeatures) create;
  decltype(&LLVMDisasmInstruction) disassemble;
  decltype(&LLVMDisasmDispose) dispose;
};

const Llvm& Library() {
  static const Llvm llvm;
  return llvm;
}

const Target& FindTarget(const std::string& cpu) {
  for (const Target& target : kTargets) {
    if (cpu == target.cpu) {
      return target;
    }
  }
  Fail("no name for the CPU");
}

/// Splits at commas outside of brackets.
void Split(const char* text, LlvmInsn& insn) {
  insn.mnemonic.clear();
  insn.operands.clear();
  const char* at = text + strspn(text, "\t ");
  const size_t length = strcspn(at, "\t ");
  insn.mnemonic.assign(at, length);
  at += length;
  int depth = 0;
  bool begun = false;
  for (at += strspn(at, "\t "); *at != '\0'; ++at) {
    if (!begun) {
      insn.operands.emplace_back();
      begun = true;
      at += strspn(at, "\t ");
    }
    depth += *at == '[' || *at == '{' ? 1 : 0;
    depth -= *at == ']' || *at == '}' ? 1 : 0;
    if (*at == ',' && depth == 0) {
      begun = false;
    } else {
      insn.operands.back() += *at == '\t' ? ' ' : *at;
    }
  }
}

}  // namespace

std::string LlvmInsn::Text() const {
  std::string text = mnemonic;
  for (size_t i = 0; i < operands.size(); ++i) {
    text += (i == 0 ? " " : ", ") + operands[i];
  }
  return text;
}

LlvmDecoder::LlvmDecoder(const std::string& cpu) {
  const Target& target = FindTarget(cpu);
  for (const char* part :
       {"TargetInfo", "Target", "TargetMC", "Disassembler"}) {
    void (*initialize)();
    Library().Find(std::string("LLVMInitialize") + target.llvm_name + part,
                   initialize);
    initialize();
  }
  context_ = Library().create(target.triple, "", target.features, nullptr, 0,
                              nullptr, nullptr);
  if (context_ == nullptr) {
    Fail("it was built without this CPU");
  }
}

LlvmDecoder::~LlvmDecoder() { Library().dispose(context_); }

bool LlvmDecoder::Decode(const uint8_t* bytes, size_t size, LlvmInsn& insn) {
  char text[256];
  // LLVM's parameter is not const, and it writes nothing there.
  insn.size = static_cast<unsigned>(Library().disassemble(
      context_, const_cast<uint8_t*>(bytes), size, 0, text, sizeof(text)));
  if (insn.size == 0) {
    return false;
  }
  Split(text, insn);
  return true;
}

size_t LlvmDecoder::Size(const uint8_t* bytes, size_t size) {
  char text[256];
  return Library().disassemble(context_, const_cast<uint8_t*>(bytes), size, 0,
                               text, sizeof(text));
}

}  // namespace ebpf::testing
