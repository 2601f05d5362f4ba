// SPDX-License-Identifier: MIT
#include "core/verifier/rejection.h"

#include <string>

#include "gtest/gtest.h"

namespace ebpf::verifier {
namespace {

template <typename... Args>
Rejection Of(Message message, const Args&... args) {
  const MessageArg list[] = {MessageArg(args)..., MessageArg(0)};
  Rejection rejection{};
  rejection.Set(message, Span<const MessageArg>(list, sizeof...(args)));
  return rejection;
}

std::string Text(const Rejection& rejection) {
  char buffer[256];
  TextWriter writer(buffer, sizeof(buffer));
  rejection.WriteTo(writer);
  return std::string(writer.text().data(), writer.text().size());
}

TEST(RejectionTest, IsWrittenAgainAsItWas) {
  EXPECT_EQ(Text(Of(Message::kUnknownOpcode, 0x0fu)), "unknown opcode 0f\n");
  EXPECT_EQ(Text(Of(Message::kNotMemory, 3u, "scalar")),
            "R3 invalid mem access 'scalar'\n");
  EXPECT_EQ(Text(Of(Message::kOutsideMapValue, 4u, int64_t{-8}, 1u)),
            "invalid access to map value, value_size=4 off=-8 size=1\n");
  EXPECT_EQ(Text(Of(Message::kVariablePointer, "ctx", Tnum<uint64_t>{1, 0xf0})),
            "variable ctx access var_off=(0x1; 0xf0) disallowed\n");
}

TEST(RejectionTest, KeepsTextsThatGoAway) {
  std::string name = "gone";
  const Rejection rejection = Of(Message::kNotMemory, 3u, name.c_str());
  name = "other";
  EXPECT_EQ(Text(rejection), "R3 invalid mem access 'gone'\n");
}

TEST(RejectionTest, LongTextsAreCut) {
  const std::string name(500, 'x');
  const Rejection rejection = Of(Message::kNotMemory, 3u, name.c_str());
  EXPECT_EQ(rejection.arg(1).size(), Rejection::kMaxText - 1);
}

TEST(RejectionTest, FindsArgumentsByWhatStandsBefore) {
  const Rejection leak = Of(Message::kUnreleased, 2u, 4u);
  EXPECT_EQ(leak.ArgBehind("insn="), 1);
  EXPECT_EQ(leak.ArgBehind("R"), -1);
  EXPECT_EQ(leak.value[1], 4);
  EXPECT_EQ(Of(Message::kReadUninitialized, 7u).ArgBehind("R"), 0);
}

TEST(RecordTest, KeepsTheFirstMessageAndTheLast) {
  Record record;
  const MessageArg one[] = {4u, 5, 6u};
  const MessageArg two[] = {1u};
  record.Note(Message::kOutsideMapValue, Span<const MessageArg>(one, 3));
  record.Note(Message::kMaximumOutside, Span<const MessageArg>(two, 1));
  EXPECT_EQ(record.rejections, 2u);
  EXPECT_EQ(record.first.message, Message::kOutsideMapValue);
  EXPECT_EQ(record.last.message, Message::kMaximumOutside);
}

}  // namespace
}  // namespace ebpf::verifier
