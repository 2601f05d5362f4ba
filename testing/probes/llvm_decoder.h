// SPDX-License-Identifier: MIT
//
// LLVM 19's disassembler as the judge of what an instruction is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ebpf::testing {

/// One instruction as LLVM writes it: "ldr", {"x0", "[sp, #16]"}.
struct LlvmInsn {
  unsigned size = 0;
  std::string mnemonic;
  std::vector<std::string> operands;

  std::string Text() const;
};

/// Decodes for one CPU, "aarch64", "riscv64" or "x86_64", with all extensions
/// that LLVM knows and that do not contradict each other. Not for several
/// threads. The library is loaded when the first one is made; without it the
/// process ends and says so.
class LlvmDecoder {
 public:
  explicit LlvmDecoder(const std::string& cpu);
  ~LlvmDecoder();
  LlvmDecoder(const LlvmDecoder&) = delete;
  LlvmDecoder& operator=(const LlvmDecoder&) = delete;

  /// False where LLVM knows no such instruction. Immediates are decimal, and
  /// those of branches relative.
  bool Decode(const uint8_t* bytes, size_t size, LlvmInsn& insn);

  /// As Decode, but only its size; 0 where there is none.
  size_t Size(const uint8_t* bytes, size_t size);

 private:
  void* context_;
};

}  // namespace ebpf::testing
