// SPDX-License-Identifier: MIT
#include "core/verifier/messages.h"

#include <string>

#include "gtest/gtest.h"

namespace ebpf::verifier {
namespace {

template <typename... Args>
std::string Text(Message message, const Args&... args) {
  char buffer[256];
  TextWriter writer(buffer, sizeof(buffer));
  const MessageArg list[] = {MessageArg(args)..., MessageArg(0)};
  Write(writer, message, Span<const MessageArg>(list, sizeof...(args)));
  return std::string(writer.text().data(), writer.text().size());
}

TEST(MessagesTest, PlacesAreFilledInOrder) {
  EXPECT_EQ(Text(Message::kJumpOutOfRange, 3u, int64_t{-1}),
            "jump out of range from insn 3 to -1\n");
  EXPECT_EQ(Text(Message::kNotMemory, 2u, "scalar"),
            "R2 invalid mem access 'scalar'\n");
  EXPECT_EQ(Text(Message::kUnknownOpcode, 0xau), "unknown opcode 0a\n");
}

TEST(MessagesTest, SignsAreThoseOfTheArguments) {
  EXPECT_EQ(Text(Message::kBadShift, -1), "invalid shift -1\n");
  EXPECT_EQ(Text(Message::kZeroSize, 2u, uint64_t{0}, ~uint64_t{0}),
            "R2 invalid zero-sized read: u64=[0,18446744073709551615]\n");
}

TEST(MessagesTest, BitsAreShownAsLinuxShowsThem) {
  EXPECT_EQ(Text(Message::kVariablePointer, "ctx", Tnum<uint64_t>{8, 0xf0}),
            "variable ctx access var_off=(0x8; 0xf0) disallowed\n");
  EXPECT_EQ(Text(Message::kVariablePointer, "ctx", Tnum<uint64_t>{8, 0}),
            "variable ctx access var_off=0x8 disallowed\n");
}

TEST(MessagesTest, MissingArgumentsLeaveNothing) {
  EXPECT_EQ(Text(Message::kBadShift), "invalid shift \n");
}

TEST(MessagesTest, EachMessageHasAnErrno) {
#define EBPF_VERIFIER_MESSAGE(name, status, text) \
  EXPECT_EQ(StatusOf(Message::k##name), Status::k##status);
#include "core/verifier/messages.def"
#undef EBPF_VERIFIER_MESSAGE
  EXPECT_EQ(StatusOf(Message::kTooComplex), Status::kTooBig);
}

}  // namespace
}  // namespace ebpf::verifier
