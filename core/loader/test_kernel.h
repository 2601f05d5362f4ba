// SPDX-License-Identifier: MIT
//
// testdata/client.bpf.c as an object, and testdata/kernel.bpf.c as the types of
// the kernel that it is loaded into.
#pragma once

#include <string>
#include <vector>

#include "core/btf/btf_object.h"
#include "core/loader/kernel.h"
#include "core/loader/object_file.h"
#include "core/loader/test_objects.h"
#include "core/memory/allocator.h"
#include "gtest/gtest.h"

namespace ebpf::loader {

inline constexpr char kClientObject[] = "core/loader/client.x86_64.bpf.o";
inline constexpr char kKernelObject[] = "core/loader/kernel.x86_64.bpf.o";

inline std::string ToString(StringView text) {
  return {text.data(), text.size()};
}

/// The kernel's types, from an object's BTF.
class TestKernel {
 public:
  static constexpr uint64_t kSymbolAddress = 0xffff'8000'1234'5678;

  TestKernel() : bytes_(ReadObject(kKernelObject)), file_(PortAllocator()) {
    char text[512];
    TextWriter log(text, sizeof(text));
    EXPECT_EQ(file_.Read(ToBytes(bytes_), log), Status::kBadExec);
    EXPECT_EQ(ToString(log.text()), "ELF: no programs\n");
  }

  Kernel kernel() const {
    Kernel kernel;
    kernel.btf = file_.btf();
    kernel.find_symbol = FindSymbol;
    return kernel;
  }
  const btf::Btf& btf() const { return *file_.btf(); }
  btf::TypeId Id(btf::Kind kind, const char* name) const {
    return btf().Find(kind, name).ValueOr(0);
  }

 private:
  static Result<uint64_t> FindSymbol(StringView name) {
    if (name == "symbol_of_kernel") {
      return uint64_t{kSymbolAddress};
    }
    return Status::kNotFound;
  }

  std::vector<uint8_t> bytes_;
  ObjectFile file_;
};

/// A test about the object.
class ClientObjectTest : public testing::Test {
 protected:
  ClientObjectTest()
      : bytes_(ReadObject(kClientObject)),
        log_(buffer_, sizeof(buffer_)),
        file_(PortAllocator()) {}

  void SetUp() override {
    ASSERT_EQ(file_.Read(ToBytes(bytes_), log_), Status::kOk) << log();
    log_.Clear();
  }

  std::string log() const { return ToString(log_.text()); }

  const ProgramDefinition& Program(const char* name) const {
    for (const ProgramDefinition& program : file_.programs()) {
      if (program.name == name) {
        return program;
      }
    }
    ADD_FAILURE() << "no program " << name;
    return file_.programs()[0];
  }
  const MapDefinition& Map(const char* name) const {
    for (const MapDefinition& map : file_.maps()) {
      if (map.name == name) {
        return map;
      }
    }
    ADD_FAILURE() << "no map " << name;
    return file_.maps()[0];
  }
  elf::Symbol Symbol(const char* name) const {
    for (uint32_t i = 0; i < file_.elf().symbol_count(); ++i) {
      const Result<elf::Symbol> symbol = file_.elf().SymbolAt(i);
      if (symbol.ok() && *file_.elf().NameOf(*symbol) == name) {
        return *symbol;
      }
    }
    ADD_FAILURE() << "no symbol " << name;
    return {};
  }

  TestKernel kernel_;
  std::vector<uint8_t> bytes_;
  char buffer_[1 << 14];
  TextWriter log_;
  ObjectFile file_;
};

}  // namespace ebpf::loader
