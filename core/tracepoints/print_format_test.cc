// SPDX-License-Identifier: MIT
#include "core/tracepoints/print_format.h"

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "core/tracepoints/print_expression.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

struct Record {
  EventHeader header;
  int32_t a;
  uint32_t b;
  int64_t l;
  char n[8];
  uint64_t ptr;
  uint8_t by[8];
  uint32_t loc;
  int16_t h;
  uint8_t c;
  uint8_t spare;
  uint32_t words[2];
  uint8_t mac[6];
  uint8_t ip[4];
  uint8_t uuid[16];
  char text[8];
};

constexpr EventField kFields[] = {
    {"int", "a", offsetof(Record, a), 4, true},
    {"unsigned int", "b", offsetof(Record, b), 4},
    {"long", "l", offsetof(Record, l), 8, true},
    {"char[8]", "n", offsetof(Record, n), 8, false, FieldKind::kText},
    {"void *", "ptr", offsetof(Record, ptr), 8},
    {"u8[8]", "by", offsetof(Record, by), 8, false, FieldKind::kBytes},
    {"__data_loc char[]", "loc", offsetof(Record, loc), 4, false,
     FieldKind::kDynamicText},
    {"short", "h", offsetof(Record, h), 2, true},
    {"u8", "c", offsetof(Record, c), 1},
    {"u32[2]", "words", offsetof(Record, words), 8, false, FieldKind::kBytes},
    {"u8[6]", "mac", offsetof(Record, mac), 6, false, FieldKind::kBytes},
    {"u8[4]", "ip", offsetof(Record, ip), 4, false, FieldKind::kBytes},
    {"u8[16]", "uuid", offsetof(Record, uuid), 16, false, FieldKind::kBytes},
};

Record Sample() {
  Record record = {};
  record.header = {77, 0, 0, 5};
  record.a = -7;
  record.b = 0xfffffff0;
  record.l = -9;
  strcpy(record.n, "abcdefg");
  record.ptr = 0x1010;
  const uint8_t bytes[] = {1, 2, 3, 4, 250, 6, 7, 8};
  memcpy(record.by, bytes, sizeof(bytes));
  record.loc = 4u << 16 | offsetof(Record, text);
  record.h = -3;
  record.c = 200;
  record.words[0] = 10;
  record.words[1] = 0x80000000;
  memcpy(record.mac, bytes, sizeof(record.mac));
  memcpy(record.ip, bytes + 3, sizeof(record.ip));
  for (uint8_t i = 0; i < 16; ++i) {
    record.uuid[i] = static_cast<uint8_t>(0xa0 + i);
  }
  strcpy(record.text, "xyz");
  return record;
}

std::string Printed(const std::string& format,
                    PrintStyle style = PrintStyle::kLinux,
                    const Record& record = Sample()) {
  char text[4096];
  TextWriter writer(text, sizeof(text));
  PrintRecord(writer, StringView(format.data(), format.size()), kFields,
              BytesOf(record), style);
  return std::string(writer.text().data(), writer.text().size());
}

struct Case {
  const char* format;
  const char* text;
};

void Expect(const std::vector<Case>& cases,
            PrintStyle style = PrintStyle::kLinux) {
  for (const Case& one : cases) {
    EXPECT_EQ(Printed(one.format, style), one.text) << one.format;
  }
}

TEST(PrintFormatTest, ConversionsAreThoseOfC) {
  Expect({
      {R"("%d %u %x %lx %ld", REC->a, REC->b, REC->a, REC->l, REC->l)",
       "-7 4294967280 fffffff9 fffffffffffffff7 -9"},
      {R"("%hd %hhd %hu %hhu", REC->a, REC->a, REC->a, REC->a)",
       "-7 -7 65529 249"},
      {R"("%5d|%-5d|%05d|%+d|% d", REC->a, REC->a, REC->a, 3, 3)",
       "   -7|-7   |-0007|+3| 3"},
      {R"("%#x|%#o|%o|%X|%i|%#x", REC->b, 8, 8, REC->b, REC->b, 0)",
       "0xfffffff0|010|10|FFFFFFF0|-16|0x0"},
      {R"("%08lx|%#010x|%.4d|%6.3d|%-6x|", 255, 1, 7, 7, 15)",
       "000000ff|0x00000001|0007|   007|f     |"},
      {R"("%*d|%-*d|%*d|%.*s|", 5, 1, 5, 1, -5, 1, 3, REC->n)",
       "    1|1    |1    |abc|"},
      {R"("%zd %zu %llu %Lx", REC->l, REC->l, REC->l, REC->l)",
       "-9 18446744073709551607 18446744073709551607 fffffffffffffff7"},
      {R"("%c%c%%|%3c|", 'a', 98, 'z')", "ab%|  z|"},
      {R"("%s|%10s|%-10s|%.3s", REC->n, REC->n, REC->n, REC->n)",
       "abcdefg|   abcdefg|abcdefg   |abc"},
      {R"("x\ty\nz\\ \"q\"")", "x\ty\nz\\ \"q\""},
      {R"("abc" " def %d", 5)", "abc def 5"},
      {R"("no arguments")", "no arguments"},
      {R"("%d", 1, one too many)", "1"},
      {R"("")", ""},
  });
}

TEST(PrintFormatTest, ExpressionsAreThoseOfC) {
  Expect({
      {R"("%d %d %d", 7 % 4, 10 - 3 - 2, 2 + 3 * 4)", "3 5 14"},
      {R"("%d %d", 1 ? 2 : 3 ? 4 : 5, 0 ? 2 : 0 ? 4 : 5)", "2 5"},
      {R"("%d", 1 ? 0 ? 1 : 2 : 3)", "2"},
      {R"("%d %d", REC->a < 0 ? 1 : 2, REC->b < 0 ? 1 : 2)", "1 2"},
      {R"("%d %d %d", REC->a / 2, REC->a % 4, REC->a >> 1)", "-3 -3 -4"},
      {R"("%lu %lu", REC->b + 32, REC->b << 4)", "16 4294967040"},
      {R"("%lu", (unsigned long)REC->b << 4)", "68719476480"},
      {R"("%lx %lx", ~REC->b, -REC->l)", "f 9"},
      {R"("%d %d %d", !REC->a, !0, !!5)", "0 1 1"},
      {R"("%lu %ld %lx", (u8)REC->a, (s8)200, (unsigned int)REC->l)",
       "249 -56 fffffff7"},
      {R"("%d %d", (bool)REC->b, (bool)0)", "1 0"},
      {R"("%lx", ((unsigned long)(REC->a)))", "fffffffffffffff9"},
      {R"("%d", (REC->a == -7 && REC->c != 200) || REC->h <= -3)", "1"},
      {R"("%x %x %x", 6 & 3, 6 | 3, 6 ^ 3)", "2 7 5"},
      {R"("%x", 1 | 2 & 3 ^ 4 << 1)", "b"},
      {R"("%d", REC->by[4])", "250"},
      {R"("%u %d", REC->words[1], REC->words[REC->by[0] - 1])",
       "2147483648 10"},
      {R"("%d", REC->common_pid)", "5"},
      {R"("%d %d", sizeof(u64), sizeof(REC->by))", "8 8"},
      {R"("%d %d", __get_dynamic_array_len(loc), true)", "4 1"},
      {R"("%d %d", 1 / 0, 1 % 0)", "0 0"},
      {R"("%lld", -9223372036854775807LL - 1)", "-9223372036854775808"},
      {R"("%lld", (-9223372036854775807LL - 1) / -1)", "-9223372036854775808"},
      {R"("%d %llu", 010, 0xffffffffffffffffULL)", "8 18446744073709551615"},
      {R"("%d", (int)0 ? 1 : (int) - 5)", "-5"},
  });
}

TEST(PrintFormatTest, TextComesFromTheRecordOrTheFormat) {
  Expect({
      {R"("%s %s", __get_str(loc), REC->a ? "x\ty" : "z")", "xyz x\ty"},
      {R"("%s", REC->a > 0 ? "x" : REC->n)", "abcdefg"},
      {R"("%5s|%.2s", __get_str(loc), "lit")", "  xyz|li"},
      {R"("%.*s", (int)2, ((char *) __get_dynamic_array(loc)))", "xy"},
      {R"("%s", REC->ptr)", "1010"},
      {R"("%s %4s|", "a" "b\"" "" "c", "x" "y")", "ab\"c   xy|"},
      {R"("%s", __print_symbolic(1, { 1, "A_" "B" }))", "A_B"},
  });
}

TEST(PrintFormatTest, FlagsAndSymbolsAreNamed) {
  Expect({
      {R"("%s", __print_flags(REC->c, "|", {8, "A"}, {64, "B"}))", "A|B|0x80"},
      {R"("%s", __print_flags(REC->c & 8, "|", {8, "A"}, {64, "B"}))", "A"},
      {R"("%s", __print_flags(0, "|", {0, "none"}))", ""},
      {R"("%s", __print_flags(5, "", {1, "x"}, {4, "y"}))", "xy"},
      {R"("%s", __print_flags(2, "|", {1 << 1, "x"}, { 0, ((void *)0) } ))",
       "x"},
      {R"("%8s|%-8s|%.3s", __print_flags(1, "|", {1, "one"}), )"
       R"(__print_flags(1, "|", {1, "one"}), __print_flags(3, "|", )"
       R"({1, "one"}))",
       "     one|one     |one"},
      {R"("%s %s", __print_symbolic(REC->c, {200, "A"}), )"
       R"(__print_symbolic(REC->a, {-7, "M"}, {1, "x"}))",
       "A M"},
      {R"("%s", __print_symbolic(REC->b, {1, "x"}))", "0xfffffff0"},
      {R"("%s", REC->a ? __print_symbolic(1, {1, "a(,)\""}) : "none")",
       "a(,)\""},
      {R"("%s", __print_symbolic(1, { ( unsigned long)(((1UL))), "ul" }))",
       "ul"},
  });
}

TEST(PrintFormatTest, BytesAreShown) {
  Expect({
      {R"("%s", __print_hex(REC->by, 4))", "01 02 03 04"},
      {R"("%s", __print_hex_str(REC->by, sizeof(REC->by)))",
       "01020304fa060708"},
      {R"("%s", __print_hex(__get_dynamic_array(loc), )"
       R"(__get_dynamic_array_len(loc)))",
       "78 79 7a 00"},
      {R"("%s", __print_array(REC->by, 2, 2))", "{0x201,0x403}"},
      {R"("%s", __print_array(REC->by, 1000, 8))", "{0x80706fa04030201}"},
      {R"("%pM %pm %pMF", REC->mac, REC->mac, REC->mac)",
       "01:02:03:04:fa:06 01020304fa06 01-02-03-04-fa-06"},
      {R"("%pI4 %*ph %*phN", REC->ip, 3, REC->by, 2, REC->by)",
       "4.250.6.7 01 02 03 0102"},
      {R"("%pU", REC->uuid)", "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf"},
      {R"("%pUL", REC->uuid)", "A3A2A1A0-A5A4-A7A6-A8A9-AAABACADAEAF"},
  });
}

TEST(PrintFormatTest, LinuxAndItsToolsDifferAboutAddresses) {
  Expect({{R"("%p %ps|%8ps|%p", REC->ptr, 0x50, 0x50, 0)",
           "0000000000001010 0x50|    0x50|0000000000000000"}});
  Expect({{R"("%p %ps|%8ps|%p", REC->ptr, 0x50, 0x50, 0)",
           "0x1010 0x50|0x50|(nil)"},
          {R"("%s", __print_array(REC->by, 2, 2))", "513 1027"},
          {R"("%#x", 0)", "0"}},
         PrintStyle::kTools);
}

constexpr char kAllFields[] =
    "[FAILED TO PARSE] a=-7 b=4294967280 l=-9 n=abcdefg ptr=0x1010 "
    "by=ARRAY[01, 02, 03, 04, fa, 06, 07, 08] loc=xyz h=-3 c=200 "
    "words=ARRAY[0a, 00, 00, 00, 00, 00, 00, 80] "
    "mac=ARRAY[01, 02, 03, 04, fa, 06] ip=ARRAY[04, fa, 06, 07] "
    "uuid=ARRAY[a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, "
    "af]";

TEST(PrintFormatTest, WhatIsNotUnderstoodIsShownAsFields) {
  const char* const formats[] = {
      "",
      "%d",
      R"("%d)",
      R"("%d\\)",
      R"("%d")",
      R"("%d %d", REC->a)",
      R"("before %d", REC->nosuch)",
      R"("%d", UNKNOWN)",
      R"("%d", foo(REC->a))",
      R"("%d", REC->a +)",
      R"("%d", (REC->a)",
      R"("%d", REC->a REC->b)",
      R"("%d", 1 : 2)",
      R"("%d", 1 ? 2)",
      R"("%d", (1 ? 2))",
      R"("%d", (1, 2))",
      R"("%d", REC->by[8])",
      R"("%d", REC->by[-1])",
      R"("%d", REC->a[0])",
      R"("%d", REC->by[0)",
      R"("%d", REC->n)",
      R"("%d", *REC->n)",
      R"("%d", "text")",
      R"("%d", "text" + 1)",
      R"("%y", REC->a)",
      R"("%pM", REC->ip)",
      R"("%pQ", REC->ip)",
      R"("%d", 'a)",
      R"("%s", "a)",
      R"("%d", 12ab)",
      R"("%s", __print_flags(1))",
      R"("%s", __print_flags(1, "|")",
      R"("%s", __print_flags(REC->n, "|", {1, "x"}))",
      R"("%s", __print_symbolic(1, {2))",
      R"("%s", __print_symbolic(1, {2, "a"}, x))",
      R"("%s", __print_symbolic(1, {2, 3}))",
      R"("%s", __print_symbolic(1, {__print_symbolic(1, {1, "x"}), "a"}))",
      R"("%s", __print_hex(REC->by))",
      R"("%s", __print_hex(REC->by, 1, 2))",
      R"("%s", __print_hex(REC->a, 1))",
      R"("%s", __print_array(REC->by, 1, 3))",
      R"("%s", __get_str(nosuch))",
      R"("%s", __get_str(h))",
      R"("%s", __get_str(loc)",
      R"("%s", __get_str)",
      R"("%d", sizeof(struct page))",
      R"("%*d", "x", 1)",
      R"("%d", REC)",
      R"("%d", REC->)",
      R"("%d", ()",
      R"("%d", (u8))",
  };
  for (const char* format : formats) {
    EXPECT_EQ(Printed(format), kAllFields) << format;
  }
}

TEST(PrintFormatTest, TextThatIsNotInTheRecordIsNotRead) {
  Record record = Sample();
  record.loc = 100u << 16 | offsetof(Record, text);
  EXPECT_TRUE(Printed(R"("%s", __get_str(loc))", PrintStyle::kLinux, record)
                  .find("loc= h=-3") != std::string::npos);

  for (size_t size = 0; size < sizeof(record); ++size) {
    // Behind a copy of this size, the sanitizer looks.
    const std::vector<uint8_t> cut(
        reinterpret_cast<const uint8_t*>(&record),
        reinterpret_cast<const uint8_t*>(&record) + size);
    char text[512];
    TextWriter writer(text, sizeof(text));
    PrintRecord(writer, R"("%d %s %s", REC->a, REC->n, __get_str(loc))",
                kFields, ConstBytes(cut.data(), cut.size()));
    EXPECT_TRUE(writer.text().StartsWith("[FAILED TO PARSE] a="));
  }
}

TEST(PrintFormatTest, DepthIsBounded) {
  const auto nested = [](size_t depth) {
    return "\"%d\", " + std::string(depth, '(') + "1" + std::string(depth, ')');
  };
  EXPECT_EQ(Printed(nested(40)), "1");
  EXPECT_EQ(Printed(nested(49)), kAllFields);
  EXPECT_EQ(Printed(nested(100000)), kAllFields);
  EXPECT_EQ(Printed("\"%d\", " + std::string(100000, '-') + "1"), kAllFields);
  std::string calls;
  for (int i = 0; i < 10000; ++i) {
    calls += "__print_flags(";
  }
  EXPECT_EQ(Printed("\"%s\", " + calls), kAllFields);
}

TEST(PrintFormatTest, NoMoreIsWrittenThanThereIsRoom) {
  char text[8];
  TextWriter writer(text, sizeof(text));
  writer.Put("ab");
  PrintRecord(writer, R"("%100d", 1)", kFields, BytesOf(Sample()));
  EXPECT_TRUE(writer.text() == "ab      ");
  EXPECT_EQ(writer.wanted(), 102u);

  TextWriter failed(text, sizeof(text));
  failed.Put("ab");
  PrintRecord(failed, R"("%100d%d", 1)", kFields, BytesOf(Sample()));
  EXPECT_TRUE(failed.text() == "ab[FAILE");
}

TEST(PrintFormatTest, AnEventsFormatIsTheOneOfItsFile) {
  class Event final : public TraceEvent {
   public:
    StringView system() const override { return "s"; }
    StringView name() const override { return "n"; }
    Span<const EventField> fields() const override { return kFields; }
    StringView print_format() const override { return "\"h=%d\", REC->h"; }
    Status AddConsumer(RecordConsumer& /*consumer*/) override {
      return Status::kOk;
    }
    void RemoveConsumer(RecordConsumer& /*consumer*/) override {}
  } event;
  char text[512];
  TextWriter writer(text, sizeof(text));
  PrintRecord(writer, event, BytesOf(Sample()));
  EXPECT_TRUE(writer.text() == "h=-3");
}

}  // namespace
}  // namespace ebpf
