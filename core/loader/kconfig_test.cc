// SPDX-License-Identifier: MIT
#include "core/loader/kconfig.h"

#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"
#include "core/loader/test_kernel.h"

namespace ebpf::loader {
namespace {

using KconfigTest = ClientObjectTest;

TEST_F(KconfigTest, OptionsAreAMapThatProgramsOnlyRead) {
  const MapDefinition& map = Map(".kconfig");

  EXPECT_EQ(map.spec.type, MapType::kArray);
  EXPECT_EQ(map.spec.value_size, 5u);  // an int and a bool
  EXPECT_NE(map.spec.flags & linux_abi::kMapReadOnlyProg, 0u);
  EXPECT_NE(map.value_type, 0u);
}

TEST_F(KconfigTest, TheVersionIsTheKernelsAndTheRestIsNotSet) {
  Kernel kernel;
  kernel.version = 0x060c05;
  uint8_t contents[5] = {};

  ASSERT_EQ(FillKconfig(*file_.btf(), kernel, Bytes(contents), log_),
            Status::kOk);

  EXPECT_EQ(LoadUnaligned<uint32_t>(contents), 0x060c05u);
  EXPECT_EQ(contents[4], 0);
  EXPECT_EQ(log(), "kconfig 'CONFIG_SOMETHING': taken as not set\n");
}

TEST_F(KconfigTest, TooSmallAMapIsRefused) {
  uint8_t contents[4] = {};
  EXPECT_EQ(FillKconfig(*file_.btf(), Kernel(), Bytes(contents), log_),
            Status::kInvalid);
}

TEST_F(KconfigTest, WhatIsNoOptionHasNoPlace) {
  const btf::TypeId later =
      file_.btf()->Find(btf::Kind::kVariable, "later").ValueOr(0);

  EXPECT_EQ(KconfigOffset(*file_.btf(), later).status(), Status::kNotFound);
}

TEST_F(KconfigTest, AnObjectWithoutOptionsHasNone) {
  EXPECT_EQ(KconfigSize(kernel_.btf()).ValueOr(1u), 0u);
  EXPECT_EQ(KconfigOffset(kernel_.btf(), 1).status(), Status::kNotFound);
}

}  // namespace
}  // namespace ebpf::loader
