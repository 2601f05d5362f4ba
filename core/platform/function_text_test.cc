// SPDX-License-Identifier: MIT
//
// Without the host port: a kernel of two functions, and a hole behind them.
#include "core/platform/function_text.h"

#include <stdlib.h>
#include <string.h>
#include <string>

#include "core/platform/log.h"
#include "core/platform/symbols.h"
#include "gtest/gtest.h"

namespace {

constexpr ebpf_symbol kFunctions[] = {{0x1000, 0x40, 0}, {0x1040, 0x20, 1}};
constexpr const char* kNames[] = {"_ZN5trap_entryE", "work"};

}  // namespace

extern "C" {

void ebpf_port_panic(const char* /*what*/) { abort(); }

bool ebpf_port_symbol_by_address(uintptr_t address, ebpf_symbol* symbol) {
  for (const ebpf_symbol& function : kFunctions) {
    if (address - function.address < function.size) {
      *symbol = function;
      return true;
    }
  }
  return false;
}

size_t ebpf_port_symbol_name(const ebpf_symbol* symbol, char* to, size_t size) {
  const std::string name = kNames[symbol->entry];
  memcpy(to, name.data(), name.size() < size ? name.size() : size);
  return name.size();
}

}  // extern "C"

namespace ebpf {
namespace {

TEST(FunctionTextTest, IsInOneFunctionOrNot) {
  EXPECT_TRUE(IsInOneFunction(0x1000, 0x40));
  EXPECT_TRUE(IsInOneFunction(0x105f, 1));
  EXPECT_FALSE(IsInOneFunction(0x1000, 0x41));
  EXPECT_FALSE(IsInOneFunction(0x103f, 2));
  EXPECT_FALSE(IsInOneFunction(0x1060, 1));
  EXPECT_FALSE(IsInOneFunction(0x1050, SIZE_MAX));
}

TEST(FunctionTextTest, TouchesAFunctionByAnyByte) {
  EXPECT_TRUE(TouchesFunction(0x103f, 2, 0x1040));
  EXPECT_TRUE(TouchesFunction(0x105f, 8, 0x1050));
  EXPECT_TRUE(TouchesFunction(0xff0, 0x200, 0x1040));
  EXPECT_FALSE(TouchesFunction(0x103c, 4, 0x1040));
  EXPECT_FALSE(TouchesFunction(0x1060, 4, 0x1040));
  EXPECT_FALSE(TouchesFunction(0x1060, 4, 0x1060));
}

TEST(FunctionTextTest, RefusesByAPartOfTheName) {
  constexpr StringView kParts[] = {"rap_ent", "lock"};
  EXPECT_FALSE(IsInFunctionNamedNoneOf(0x1004, 4, kParts));
  EXPECT_TRUE(IsInFunctionNamedNoneOf(0x1044, 4, kParts));
  // What is not known is refused, and what is in two.
  EXPECT_FALSE(IsInFunctionNamedNoneOf(0x1060, 4, kParts));
  EXPECT_FALSE(IsInFunctionNamedNoneOf(0x103e, 4, kParts));
  constexpr StringView kOthers[] = {"works", "w0rk"};
  EXPECT_TRUE(IsInFunctionNamedNoneOf(0x1044, 4, kOthers));
}

}  // namespace
}  // namespace ebpf
