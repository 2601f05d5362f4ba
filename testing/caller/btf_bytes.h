// SPDX-License-Identifier: MIT
//
// Types for tests of system calls: a program's, and the kernel's functions.
#pragma once

#include <cstdint>
#include <vector>

#include "core/btf/btf.h"
#include "core/btf/test_builder.h"
#include "core/isa/insn.h"
#include "core/linux_abi/bpf.h"
#include "core/syscall/system.h"
#include "gtest/gtest.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"

namespace ebpf {

/// Ids in ProgramTypes().
inline constexpr uint32_t kIntType = 1;
inline constexpr uint32_t kFunctionType = 3;
inline constexpr uint32_t kStructType = 4;   // 8 bytes
inline constexpr uint32_t kSectionType = 6;  // ".data", 4 bytes

/// int; int (void); int main(void); struct pair { int a, b; }; int variable;
/// section ".data".
inline std::vector<uint8_t> ProgramTypes() {
  using btf::Kind;
  btf::Builder b;
  const uint32_t number =
      b.Add(Kind::kInt, b.Name("int"), 4, {0x01000000 | 32});
  const uint32_t prototype = b.Add(Kind::kFunctionProto, 0, number);
  b.Add(Kind::kFunction, b.Name("main"), prototype, {}, 1);
  b.Add(Kind::kStruct, b.Name("pair"), 8,
        {b.Name("a"), number, 0, b.Name("b"), number, 32}, 2);
  const uint32_t variable =
      b.Add(Kind::kVariable, b.Name("variable"), number, {1});
  b.Add(Kind::kDataSection, b.Name(".data"), 4, {variable, 0, 4}, 1);
  return b.Blob();
}

/// BTF_LOAD of `blob`.
inline int64_t LoadBtf(TestCaller& caller, const std::vector<uint8_t>& blob) {
  linux_abi::BtfLoadAttr attr{};
  attr.btf = caller.Put(blob.data(), blob.size());
  attr.btf_size = static_cast<uint32_t>(blob.size());
  return caller.Call(linux_abi::kBtfLoad, attr);
}

/// The id of the running kernel's function of that name.
inline btf::TypeId KernelFunction(const char* name) {
  const Result<btf::TypeId> id =
      RunningSystem()->kernel.btf->Find(btf::Kind::kFunction, name);
  EXPECT_TRUE(id.ok()) << name;
  return id.ok() ? *id : 0;
}
/// A call of it.
inline isa::Insn CallKernel(const char* name) {
  return Insn(0x85, 0, isa::kCallKernel, 0,
              static_cast<int32_t>(KernelFunction(name)));
}

}  // namespace ebpf
