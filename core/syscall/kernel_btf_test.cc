// SPDX-License-Identifier: MIT
//
// The kernel's own types, by the system calls.
#include <cstring>

#include "core/linux_abi/bpf_objects.h"
#include "core/objects/kernel_types.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/iterator_programs.h"

namespace ebpf {
namespace {

using KernelBtfTest = IteratorTest;

INSTANTIATE_TEST_SUITE_P(, KernelBtfTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(KernelBtfTest, TheKernelsTypesAreFoundById) {
  linux_abi::NextIdAttr next{0, 0};
  const uint64_t at = caller_.Put(next);
  ASSERT_EQ(caller_.BpfAt(linux_abi::kBtfGetNextId, at, sizeof(next)), 0);
  const uint32_t id = caller_.Get<linux_abi::NextIdAttr>(at).next_id;
  const int64_t fd =
      caller_.Call(linux_abi::kBtfGetFdById, linux_abi::FdByIdAttr{id, 0, 0});
  ASSERT_GE(fd, 0);
  const auto info_of = [&](int64_t types, uint32_t name_size, int64_t result) {
    linux_abi::BtfInfo info{};
    info.name = name_size != 0 ? caller_.Put(nullptr, name_size) : 0;
    info.name_size = name_size;
    info.btf = caller_.Put(nullptr, 1 << 14);
    info.btf_size = 1 << 14;
    EXPECT_EQ(Get(types, info), result);
    return info;
  };
  const linux_abi::BtfInfo info = info_of(fd, 16, 0);
  EXPECT_EQ(info.kernel_btf, 1u);
  EXPECT_EQ(info.id, id);
  EXPECT_EQ(info.name_size, 7u);
  EXPECT_STREQ(static_cast<char*>(caller_.At(info.name)), "vmlinux");
  ASSERT_EQ(info.btf_size, KernelTypes().size());
  EXPECT_EQ(
      std::memcmp(caller_.At(info.btf), KernelTypes().data(), info.btf_size),
      0);
  EXPECT_EQ(KernelTypeBytes().size(), info.btf_size);
  const linux_abi::BtfInfo cut = info_of(fd, 4, Minus(Status::kNoSpace));
  EXPECT_STREQ(static_cast<char*>(caller_.At(cut.name)), "vml");
  info_of(fd, 0, 0);
  EXPECT_EQ(info_of(LoadBtf(caller_, ProgramTypes()), 16, 0).kernel_btf, 0u);

  // They may be named as what a program is attached to.
  linux_abi::ProgLoadAttr attr = ProgramFor("bpf_iter_bpf_map", MapIdsOnly());
  attr.attach_prog_fd = static_cast<uint32_t>(fd);
  const int64_t program = caller_.Call(linux_abi::kProgLoad, attr);
  ASSERT_GE(program, 0);
  linux_abi::ProgramInfo about{};
  EXPECT_EQ(Get(program, about), 0);
  EXPECT_EQ(about.attach_btf_obj_id, id);
  EXPECT_EQ(about.attach_btf_id, KernelFunction("bpf_iter_bpf_map"));
}

}  // namespace
}  // namespace ebpf
