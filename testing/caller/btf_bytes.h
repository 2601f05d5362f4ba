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
#include "core/linux_abi/bpf_objects.h"
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
inline constexpr uint32_t kStaticType = 7;   // a function
inline constexpr uint32_t kTimedType = 10;   // 24 bytes
/// The name "0:1": where a pair's b is, for relocations.
inline constexpr uint32_t kSecondMember = 1;
/// Where kTimedType's timer is.
inline constexpr int16_t kTimerAt = 8;

/// int; int (void); int main(void); struct pair { int a, b; }; int variable;
/// section ".data"; static int part(void); u64; struct bpf_timer;
/// struct timed { u64 runs; struct bpf_timer timer; }.
inline std::vector<uint8_t> ProgramTypes() {
  using btf::Kind;
  btf::Builder b;
  EXPECT_EQ(b.Name("0:1"), kSecondMember);
  const uint32_t number =
      b.Add(Kind::kInt, b.Name("int"), 4, {0x01000000 | 32});
  const uint32_t prototype = b.Add(Kind::kFunctionProto, 0, number);
  b.Add(Kind::kFunction, b.Name("main"), prototype, {}, 1);
  b.AddStruct("pair", 8, {{"a", number, 0}, {"b", number, 4}});
  const uint32_t variable =
      b.Add(Kind::kVariable, b.Name("variable"), number, {1});
  b.Add(Kind::kDataSection, b.Name(".data"), 4, {variable, 0, 4}, 1);
  EXPECT_EQ(b.Add(Kind::kFunction, b.Name("part"), prototype), kStaticType);
  const uint32_t wide = b.Add(Kind::kInt, b.Name("u64"), 8, {64});
  const uint32_t timer =
      b.AddStruct("bpf_timer", 16, {{"a", wide, 0}, {"b", wide, 8}});
  EXPECT_EQ(
      b.AddStruct("timed", 24, {{"runs", wide, 0}, {"timer", timer, kTimerAt}}),
      kTimedType);
  return b.Blob();
}

/// BTF_LOAD of `blob`.
inline int64_t LoadBtf(TestCaller& caller, const std::vector<uint8_t>& blob) {
  linux_abi::BtfLoadAttr attr{};
  attr.btf = caller.Put(blob.data(), blob.size());
  attr.btf_size = static_cast<uint32_t>(blob.size());
  return caller.Call(linux_abi::kBtfLoad, attr);
}

/// MAP_CREATE's attribute for an array of kTimedType.
inline linux_abi::MapCreateAttr TimedArray(int64_t btf, uint32_t max_entries) {
  linux_abi::MapCreateAttr attr{};
  attr.map_type = linux_abi::kMapTypeArray;
  attr.key_size = 4;
  attr.value_size = 24;
  attr.max_entries = max_entries;
  attr.btf_fd = static_cast<uint32_t>(btf);
  attr.btf_key_type_id = kIntType;
  attr.btf_value_type_id = kTimedType;
  return attr;
}

/// Says what the types of a program's functions are.
inline void SetFunctions(TestCaller& caller, linux_abi::ProgLoadAttr& attr,
                         int64_t btf,
                         const std::vector<linux_abi::FunctionInfo>& all) {
  attr.prog_btf_fd = static_cast<uint32_t>(btf);
  attr.func_info = caller.Put(all.data(), all.size() * sizeof(all[0]));
  attr.func_info_cnt = static_cast<uint32_t>(all.size());
  attr.func_info_rec_size = sizeof(all[0]);
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
