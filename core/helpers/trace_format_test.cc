// SPDX-License-Identifier: MIT
//
// The formats, beside the host's snprintf where both know them.
#include "core/helpers/trace_format.h"

#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "testing/host_port/host_user.h"

namespace ebpf {
namespace {

constexpr PointerKey kKey = {1, 2};

struct Formatted {
  Status status;
  size_t length;
  std::string text;
};

Formatted Format(const std::string& format, std::vector<uint64_t> args = {},
                 size_t room = 1023) {
  std::vector<char> to(room + 1, '\xee');
  char scratch[kTraceArgumentBytes];
  const Result<size_t> length =
      FormatTrace(Span<char>(to.data(), room), scratch, kKey,
                  ConstBytes(reinterpret_cast<const uint8_t*>(format.c_str()),
                             format.size() + 1),
                  Span<const uint64_t>(args.data(), args.size()));
  EXPECT_EQ(to[room], '\xee');
  if (!length.ok()) {
    return {length.status(), 0, ""};
  }
  return {Status::kOk, *length, std::string(to.data(), Min(*length, room))};
}

std::string Text(const std::string& format, std::vector<uint64_t> args = {}) {
  const Formatted result = Format(format, std::move(args));
  EXPECT_EQ(result.status, Status::kOk) << format;
  EXPECT_EQ(result.length, result.text.size());
  return result.text;
}

uint64_t Address(const void* of) { return reinterpret_cast<uint64_t>(of); }

TEST(TraceFormatTest, EqualsSnprintfOnEveryNumberItKnows) {
  const uint64_t values[] = {0,
                             1,
                             9,
                             10,
                             255,
                             0x7fffffff,
                             0x80000000,
                             0xffffffff,
                             0x100000000,
                             0x7fffffffffffffff,
                             0x8000000000000000,
                             0xffffffffffffffff,
                             0xdeadbeefcafef00d};
  int cases = 0;
  for (const char* flags :
       {"", "-", "0", "+", " ", "+0", "-0", " 0", "-+", "- ", "+ ", "0-+ "}) {
    for (const char* width : {"", "1", "3", "10", "25", "100"}) {
      for (const char* length : {"", "l", "ll"}) {
        for (const char* kind : {"d", "i", "u", "x", "X"}) {
          const std::string format =
              std::string("<%") + flags + width + length + kind + ">";
          for (uint64_t value : values) {
            char wanted[256];
            if (*length == '\0') {
              snprintf(wanted, sizeof(wanted), format.c_str(),
                       static_cast<int>(value));
            } else {
              snprintf(wanted, sizeof(wanted), format.c_str(), value);
            }
            ASSERT_EQ(Text(format, {value}), wanted) << format;
            ++cases;
          }
        }
      }
    }
  }
  EXPECT_EQ(cases, 12 * 6 * 3 * 5 * 13);
}

TEST(TraceFormatTest, EqualsSnprintfOnStringsAndCharacters) {
  for (const char* text : {"", "a", "hello", "a longer text, with %d in it"}) {
    for (const char* format : {"%s", "[%s]", "[%10s]", "[%-10s]", "%3s|%%",
                               "%s\n", "%s,x", "%s%%"}) {
      char wanted[256];
      snprintf(wanted, sizeof(wanted), format, text);
      EXPECT_EQ(Text(format, {Address(text)}), wanted);
    }
  }
  EXPECT_EQ(Text("%c%c%c", {'a', 'b', 'c'}), "abc");
  EXPECT_EQ(Text("[%3c][%-3c]x%cy", {'a', 'b', 'c'}), "[  a][b  ]xcy");
}

TEST(TraceFormatTest, MixesConversionsWithText) {
  const char* comm = "cat";
  EXPECT_EQ(Text("open(%s) = %d, %u%%\n", {Address(comm), 3, 50}),
            "open(cat) = 3, 50%\n");
  EXPECT_EQ(Text("%d%d%x", {1, 2, 3}), "123");
  EXPECT_EQ(Text("no arguments\n", {1, 2, 3}), "no arguments\n");
  EXPECT_EQ(Text("", {1, 2, 3}), "");
  EXPECT_EQ(Text("%%d %% %%%d", {7}), "%d % %7");
}

TEST(TraceFormatTest, RefusesWhatLinuxRefuses) {
  for (const char* format :
       {"%",    "%q",  "%f",  "%e",     "%n",  "%o",    "%h",  "%hd", "%hhx",
        "%zu",  "%jd", "%td", "%Lf",    "%#x", "%.3d",  "%*d", "%5",  "%-",
        "%l",   "%ll", "%ls", "%lc",    "%lp", "%llld", "%sd", "%s1", "%sx",
        "%p1",  "%pz", "%pf", "%pk",    "%pu", "%pkx",  "%pi", "%pI", "%pi5",
        "%pI8", "%p4", "%'d", "text %", "%d %"}) {
    EXPECT_EQ(Format(format, {1, 2, 3}).status, Status::kInvalid) << format;
  }
}

TEST(TraceFormatTest, RefusesMoreConversionsThanArguments) {
  EXPECT_EQ(Format("%d %d %d", {1, 2, 3}).status, Status::kOk);
  EXPECT_EQ(Format("%d %d %d %d", {1, 2, 3}).status, Status::kInvalid);
  EXPECT_EQ(Format("%d").status, Status::kInvalid);
}

TEST(TraceFormatTest, RefusesAFormatWithoutAZeroOrWithStrangeBytes) {
  char to[16];
  char scratch[kTraceArgumentBytes];
  const uint8_t no_zero[] = {'a', 'b'};
  EXPECT_EQ(FormatTrace(to, scratch, kKey, no_zero, {}).status(),
            Status::kInvalid);
  EXPECT_EQ(FormatTrace(to, scratch, kKey, ConstBytes(), {}).status(),
            Status::kInvalid);
  for (int byte = 1; byte < 256; ++byte) {
    const bool fine = (byte >= ' ' && byte <= '~') || (byte >= 9 && byte <= 13);
    if (byte != '%') {
      EXPECT_EQ(Format(std::string(1, static_cast<char>(byte))).status,
                fine ? Status::kOk : Status::kInvalid)
          << byte;
    }
  }
}

TEST(TraceFormatTest, ATextBehindTheFirstZeroIsNotLookedAt) {
  char to[16];
  char scratch[kTraceArgumentBytes];
  const uint8_t format[] = {'o', 'k', 0, '%', 'q', 0xff};
  EXPECT_EQ(*FormatTrace(to, scratch, kKey, format, {}), 2u);
}

TEST(TraceFormatTest, TellsTheLengthOfWhatDidNotFit) {
  const Formatted cut = Format("0123456789", {}, 4);
  EXPECT_EQ(cut.length, 10u);
  EXPECT_EQ(cut.text, "0123");
  const Formatted wide = Format("%99999999999999999999d", {5}, 8);
  EXPECT_EQ(wide.length, size_t{(1 << 23) - 1});
  EXPECT_EQ(wide.text, "        ");
  EXPECT_EQ(Format("%-20d|", {5}, 0).length, 21u);
}

TEST(TraceFormatTest, PointersAreHashedButForNullAndErrors) {
  const uint64_t address = 0xffffffff81234567;
  const std::string hashed = Text("%p", {address});
  ASSERT_EQ(hashed.size(), 16u);
  EXPECT_EQ(hashed.substr(0, 8), "00000000");
  EXPECT_EQ(hashed.find("81234567"), std::string::npos);
  EXPECT_EQ(Text("%p", {address}), hashed);
  EXPECT_NE(Text("%p", {address + 1}), hashed);
  EXPECT_EQ(Text("%pK", {address}), hashed);
  EXPECT_EQ(Text("%p %p,", {address, address}), hashed + " " + hashed + ",");
  EXPECT_EQ(Text("%p%d", {address, 7}), hashed + "7");
  EXPECT_EQ(Text("%p", {0}), "0000000000000000");
  EXPECT_EQ(Text("%p", {static_cast<uint64_t>(-14)}), "fffffffffffffff2");
  EXPECT_EQ(Text("%px", {address}), "ffffffff81234567");
  EXPECT_EQ(Text("%20px|", {address}), "    ffffffff81234567|");
  EXPECT_EQ(Text("%-20px|", {0x12}), "12                  |");
}

TEST(TraceFormatTest, AddressesWithoutASymbolAreNumbers) {
  EXPECT_EQ(Text("%ps %pS %pB", {0x10, 0x20, 0x30}), "0x10 0x20 0x30");
}

TEST(TraceFormatTest, StringsAtBadAddressesAreEmpty) {
  EXPECT_EQ(Text("[%s][%s][%pks]", {0, 8, ~uint64_t{0}}), "[][][]");
  EXPECT_EQ(Text("[%5s]", {1}), "[     ]");
}

TEST(TraceFormatTest, KernelStringsAreReadAndUsersAreEmpty) {
  const char* text = "kernel";
  EXPECT_EQ(Text("%pks.%pus.", {Address(text), Address(text)}), "kernel..");
}

TEST(TraceFormatTest, PrintsIpAddresses) {
  const uint8_t v4[] = {10, 0, 200, 7};
  const uint8_t v6[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,
                        0,    0,    0,    0,    0, 0, 0, 1};
  EXPECT_EQ(Text("%pI4 %pi4", {Address(v4), Address(v4)}),
            "10.0.200.7 010.000.200.007");
  EXPECT_EQ(Text("%pI6", {Address(v6)}),
            "2001:0db8:0000:0000:0000:0000:0000:0001");
  EXPECT_EQ(Text("%pi6", {Address(v6)}), "20010db8000000000000000000000001");
  EXPECT_EQ(Text("%pI4", {0}), "0.0.0.0");
}

TEST(TraceFormatTest, ArgumentsHaveFiveHundredAndTwelveBytesTogether) {
  const std::string text(600, 'x');
  const uint64_t at = Address(text.c_str());
  EXPECT_EQ(Text("%s", {at}), std::string(511, 'x'));
  EXPECT_EQ(Text("%d %s", {1, at}), "1 " + std::string(507, 'x'));
  EXPECT_EQ(Format("%s %d", {at, 1}).status, Status::kNoSpace);
  EXPECT_EQ(Format("%s %s", {at, at}).status, Status::kNoSpace);
  const std::string fits(503, 'y');  // 504 with the zero, then eight
  EXPECT_EQ(Text("%s%ld", {Address(fits.c_str()), 1}), fits + "1");
  EXPECT_EQ(Format("%s%ld", {Address((fits + "y").c_str()), 1}).status,
            Status::kNoSpace);
}

TEST(TraceFormatTest, AnyBytesAreAnsweredWithoutHarm) {
  std::mt19937 random(3);
  const char* pieces[] = {"%", "d", "s",  "l", "p", "x", "u", "0",  "-",
                          "9", "+", " ",  "c", "k", "i", "I", "4",  "6",
                          "S", "B", "%%", ".", "*", "n", "Z", "\n", "K"};
  int accepted = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string format;
    for (uint32_t length = random() % 12; length > 0; --length) {
      format += pieces[random() % (sizeof(pieces) / sizeof(pieces[0]))];
    }
    accepted += IsOk(Format(format, {random(), 0, ~uint64_t{0}}, 40).status);
  }
  EXPECT_GT(accepted, 10'000);
}

TEST(TraceFormatTest, StringsOfUserMemoryAreRead) {
  HostUserMemory memory(4096);
  const uint64_t at = memory.Put("user text", 10);
  EXPECT_EQ(Text("[%pus]", {at}), "[user text]");
  EXPECT_EQ(Text("[%-12pus]", {at}), "[user text]");
  EXPECT_EQ(Text("[%pus]", {Address("kernel")}), "[]");
  EXPECT_EQ(Text("[%pks]", {at}), "[]");
}

TEST(TraceFormatTest, AddressesHaveNoWidthAndTakeLettersBehindThem) {
  const uint8_t address[4] = {10, 0, 0, 1};
  EXPECT_EQ(Text("[%20pI4]", {Address(address)}), "[10.0.0.1]");
  EXPECT_EQ(Text("[%-9pks]", {Address("abc")}), "[abc]");
  EXPECT_EQ(Text("%pxy9-%pI4abc.", {0, Address(address)}),
            "0000000000000000-10.0.0.1.");
}

}  // namespace
}  // namespace ebpf
