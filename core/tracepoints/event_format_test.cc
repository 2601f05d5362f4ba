// SPDX-License-Identifier: MIT
#include "core/tracepoints/event_format.h"

#include <string>

#include "core/tracepoints/tracepoint_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {

EBPF_TRACEPOINT(Sample);

namespace {

constexpr char kCommon[] =
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
    "\tfield:unsigned char "
    "common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n";

std::string FormatOf(const TraceEvent& event) {
  char buffer[4096];
  TextWriter writer(buffer, sizeof(buffer));
  PutFormat(writer, event);
  return {writer.text().data(), writer.text().size()};
}

using EventFormatTest = TracepointFixture;

TEST_F(EventFormatTest, HasAFieldOfEachKindAsLinuxWritesIt) {
  const TraceEventRef event = TraceEvents::Find("sample", "sample_event");
  ASSERT_TRUE(event);

  const std::string expected =
      "name: sample_event\nID: " + std::to_string(event->id()) + "\nformat:\n" +
      kCommon +
      "\n"
      "\tfield:s8 tiny;\toffset:8;\tsize:1;\tsigned:1;\n"
      "\tfield:unsigned short small;\toffset:10;\tsize:2;\tsigned:0;\n"
      "\tfield:pid_t number;\toffset:12;\tsize:4;\tsigned:1;\n"
      "\tfield:unsigned long large;\toffset:16;\tsize:8;\tsigned:0;\n"
      "\tfield:char comm[16];\toffset:24;\tsize:16;\tsigned:0;\n"
      "\tfield:unsigned long args[3];\toffset:40;\tsize:24;\tsigned:0;\n"
      "\tfield:void * where;\toffset:64;\tsize:8;\tsigned:0;\n"
      "\tfield:enum mood mood;\toffset:72;\tsize:4;\tsigned:0;\n"
      "\tfield:bool good;\toffset:76;\tsize:1;\tsigned:0;\n"
      "\tfield:__data_loc char[] path;\toffset:80;\tsize:4;\tsigned:0;\n"
      "\nprint fmt: \"number=%d\", REC->number\n";
  EXPECT_EQ(FormatOf(*event), expected);
}

TEST_F(EventFormatTest, CommonFieldsAreThoseOfTheHeader) {
  const Span<const EventField> common = CommonEventFields();
  ASSERT_EQ(common.size(), 4u);
  EXPECT_EQ(common[0].offset, offsetof(EventHeader, type));
  EXPECT_EQ(common[1].offset, offsetof(EventHeader, flags));
  EXPECT_EQ(common[2].offset, offsetof(EventHeader, preempt_count));
  EXPECT_EQ(common[3].offset, offsetof(EventHeader, pid));
  EXPECT_TRUE(common[3].is_signed);
}

}  // namespace
}  // namespace ebpf
