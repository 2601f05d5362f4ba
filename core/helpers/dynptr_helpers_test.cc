// SPDX-License-Identifier: MIT
//
// What they answer is compared with the host's kernel by
// testing/oracle/helper_programs_test.cc; here is what ends up where.
#include <cerrno>
#include <cstring>
#include <linux/bpf.h>

#include "core/helpers/dynptr.h"
#include "core/helpers/helper_test_util.h"
#include "core/maps/ring_reader.h"

namespace ebpf {
namespace {

class DynptrHelpersTest : public HelperTest {
 protected:
  /// As on a program's stack: whatever was there before.
  DynptrHelpersTest() { memset(&dynptr_, 0x5a, sizeof(dynptr_)); }

  Dynptr dynptr_;
};

TEST_F(DynptrHelpersTest, OverlappingPiecesOfOneValueAreMoved) {
  char value[16] = "0123456789";
  ASSERT_EQ(
      Call(BPF_FUNC_dynptr_from_mem, Address(value), 16, 0, Address(&dynptr_)),
      0u);
  EXPECT_EQ(
      Call(BPF_FUNC_dynptr_write, Address(&dynptr_), 2, Address(value), 8, 0),
      0u);
  EXPECT_EQ(memcmp(value, "0101234567", 10), 0);
  EXPECT_EQ(
      Call(BPF_FUNC_dynptr_read, Address(value), 8, Address(&dynptr_), 2, 0),
      0u);
  EXPECT_EQ(memcmp(value, "0123456767", 10), 0);
}

TEST_F(DynptrHelpersTest, SizesAndOffsetsAre32BitsAndDoNotWrap) {
  char value[8] = {};
  ASSERT_EQ(
      Call(BPF_FUNC_dynptr_from_mem, Address(value), 8, 0, Address(&dynptr_)),
      0u);
  for (uint64_t offset : {9ull, 0xfffffff8ull, 0xffffffffull}) {
    EXPECT_EQ(Call(BPF_FUNC_dynptr_read, Address(value), 8, Address(&dynptr_),
                   offset, 0),
              Negative(E2BIG));
    EXPECT_EQ(Call(BPF_FUNC_dynptr_data, Address(&dynptr_), offset, 8), 0u);
  }
}

TEST_F(DynptrHelpersTest, AReadOnlyOneIsReadOnly) {
  char value[8] = "abc";
  ASSERT_EQ(dynptr_.Set(DynptrKind::kLocal, value, 8, /*read_only=*/true),
            Status::kOk);
  EXPECT_EQ(
      Call(BPF_FUNC_dynptr_write, Address(&dynptr_), 0, Address("x"), 1, 0),
      Negative(EINVAL));
  EXPECT_EQ(Call(BPF_FUNC_dynptr_data, Address(&dynptr_), 0, 1), 0u);
  EXPECT_STREQ(value, "abc");
}

TEST_F(DynptrHelpersTest, ARecordComesOutAsItWasWritten) {
  const Ref<Map> ring = Make(MapType::kRingBuffer, 0, 0, 4096);
  for (bool discard : {true, false}) {
    ASSERT_EQ(Call(BPF_FUNC_ringbuf_reserve_dynptr, Address(ring.get()), 5, 0,
                   Address(&dynptr_)),
              0u);
    EXPECT_EQ(Call(BPF_FUNC_dynptr_write, Address(&dynptr_), 0,
                   Address("hello"), 5, 0),
              0u);
    Call(discard ? BPF_FUNC_ringbuf_discard_dynptr
                 : BPF_FUNC_ringbuf_submit_dynptr,
         Address(&dynptr_), 0);
    EXPECT_TRUE(dynptr_.is_null());
  }
  char text[8] = {};
  EXPECT_EQ(*ReadRingRecord(*ring, BytesOf(text)), 5u);
  EXPECT_STREQ(text, "hello");
  EXPECT_EQ(ReadRingRecord(*ring, BytesOf(text)).status(), Status::kTryAgain);
}

TEST_F(DynptrHelpersTest, WithoutRoomItIsNullAndGivenBackAllTheSame) {
  const Ref<Map> ring = Make(MapType::kRingBuffer, 0, 0, 4096);
  EXPECT_EQ(Call(BPF_FUNC_ringbuf_reserve_dynptr, Address(ring.get()), 4096, 0,
                 Address(&dynptr_)),
            Negative(EINVAL));
  EXPECT_TRUE(dynptr_.is_null());
  Call(BPF_FUNC_ringbuf_submit_dynptr, Address(&dynptr_), 0);
  EXPECT_EQ(Call(BPF_FUNC_ringbuf_query, Address(ring.get()), 3), 0u);
}

}  // namespace
}  // namespace ebpf
