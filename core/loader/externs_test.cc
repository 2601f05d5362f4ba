// SPDX-License-Identifier: MIT
#include "core/loader/externs.h"

#include "core/loader/program_linker.h"
#include "core/loader/test_kernel.h"

namespace ebpf::loader {
namespace {

class ExternsTest : public ClientObjectTest {
 protected:
  Result<Extern> Find(const char* name, const Kernel& kernel) {
    return FindExtern(file_, Symbol(name), kernel, log_);
  }
  std::vector<isa::Insn> Link(const char* program) {
    const std::vector<int> fds(file_.maps().size(), 77);
    ProgramLinker linker(file_, Span<const int>(fds.data(), fds.size()),
                         PortAllocator(), log_, kernel_.kernel());
    EXPECT_EQ(linker.Link(Program(program)), Status::kOk) << log();
    return {linker.insns().begin(), linker.insns().end()};
  }
};

TEST_F(ExternsTest, FunctionsAndVariablesAreFoundByTheKernelsTypes) {
  const Result<Extern> function = Find("function_of_kernel", kernel_.kernel());
  const Result<Extern> variable = Find("variable_of_kernel", kernel_.kernel());

  ASSERT_TRUE(function.ok());
  EXPECT_EQ(function->kind, Extern::Kind::kFunction);
  EXPECT_EQ(function->id,
            kernel_.Id(btf::Kind::kFunction, "function_of_kernel"));
  ASSERT_TRUE(variable.ok());
  EXPECT_EQ(variable->kind, Extern::Kind::kVariable);
  EXPECT_EQ(variable->id,
            kernel_.Id(btf::Kind::kVariable, "variable_of_kernel"));
}

TEST_F(ExternsTest, VariablesWithoutATypeAreAddresses) {
  const Result<Extern> symbol = Find("symbol_of_kernel", kernel_.kernel());

  ASSERT_TRUE(symbol.ok());
  EXPECT_EQ(symbol->kind, Extern::Kind::kAddress);
  EXPECT_EQ(symbol->value, TestKernel::kSymbolAddress);
}

TEST_F(ExternsTest, WeakOnesMayBeMissing) {
  for (const char* name : {"function_of_nobody", "symbol_of_nobody"}) {
    const Result<Extern> found = Find(name, kernel_.kernel());

    ASSERT_TRUE(found.ok()) << name;
    EXPECT_EQ(found->kind, Extern::Kind::kMissing) << name;
  }
}

TEST_F(ExternsTest, OptionsHaveTheirPlaces) {
  const Result<Extern> option = Find("CONFIG_SOMETHING", kernel_.kernel());

  ASSERT_TRUE(option.ok());
  EXPECT_EQ(option->kind, Extern::Kind::kKconfig);
  EXPECT_EQ(option->value, 4u);
}

TEST_F(ExternsTest, StrongOnesThatAreMissingAreNamed) {
  EXPECT_EQ(Find("function_of_kernel", Kernel()).status(), Status::kNotFound);
  EXPECT_EQ(log(),
            "extern 'function_of_kernel': the kernel's BTF is needed, and not "
            "there\n");

  log_.Clear();
  Kernel without_symbols = kernel_.kernel();
  without_symbols.find_symbol = nullptr;
  EXPECT_EQ(Find("symbol_of_kernel", without_symbols).status(),
            Status::kNotFound);
  EXPECT_EQ(log(), "extern 'symbol_of_kernel': the kernel has none\n");
}

TEST_F(ExternsTest, ASymbolThatTheBtfDoesNotKnowIsRefused) {
  elf::Symbol unknown = Symbol("function_of_kernel");
  unknown.name = Symbol("license_text").name + 8;  // "text"

  EXPECT_EQ(FindExtern(file_, unknown, kernel_.kernel(), log_).status(),
            Status::kInvalid);
  EXPECT_EQ(log(), "extern 'text': its type is not known\n");
}

TEST_F(ExternsTest, CallsGetTheIdOfTheKernelsFunction) {
  int calls = 0;
  for (const isa::Insn& insn : Link("calls")) {
    if (insn.opcode == isa::kCallOpcode && insn.src == isa::kCallKernel) {
      ++calls;
      EXPECT_EQ(static_cast<uint32_t>(insn.imm),
                kernel_.Id(btf::Kind::kFunction, "function_of_kernel"));
    }
  }
  EXPECT_EQ(calls, 1);
}

TEST_F(ExternsTest, ConstantsGetIdsAddressesAndPlaces) {
  const std::vector<isa::Insn> insns = Link("calls");
  bool has_id = false;
  bool has_address = false;
  bool has_zero = false;
  std::vector<int> options;
  for (size_t i = 0; i + 1 < insns.size(); ++i) {
    if (insns[i].opcode != isa::kLdImm64Opcode) {
      continue;
    }
    const uint64_t value =
        static_cast<uint64_t>(static_cast<uint32_t>(insns[i + 1].imm)) << 32 |
        static_cast<uint32_t>(insns[i].imm);
    has_id = has_id ||
             (insns[i].src == isa::kPseudoBtfId &&
              value == kernel_.Id(btf::Kind::kVariable, "variable_of_kernel"));
    has_address = has_address || (insns[i].src == isa::kPseudoNone &&
                                  value == TestKernel::kSymbolAddress);
    has_zero = has_zero || (insns[i].src == isa::kPseudoNone && value == 0);
    if (insns[i].src == isa::kPseudoMapValue) {
      EXPECT_EQ(insns[i].imm, 77);
      options.push_back(insns[i + 1].imm);
    }
  }

  EXPECT_TRUE(has_id);
  EXPECT_TRUE(has_address);
  EXPECT_TRUE(has_zero);  // symbol_of_nobody
  EXPECT_EQ(options, (std::vector<int>{0, 4}));
}

TEST_F(ExternsTest, ACallOfAMissingFunctionIsOneThatNoVerifierAccepts) {
  const std::vector<isa::Insn> insns = Link("calls_nobody");

  ASSERT_EQ(insns[0].opcode, isa::kCallOpcode);
  EXPECT_EQ(insns[0].src, isa::kCallHelper);
  EXPECT_EQ(insns[0].imm, 2'002'000'000);
}

}  // namespace
}  // namespace ebpf::loader
