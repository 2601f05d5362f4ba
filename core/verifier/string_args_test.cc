// SPDX-License-Identifier: MIT
#include "core/verifier/string_args.h"

#include "core/verifier/calls_fixture.h"

namespace ebpf::verifier {
namespace {

TEST(FormatTest, HasKnownConversions) {
  for (const char* format :
       {"", "plain", "100%%", "%d", "%i %u %x %X", "%ld %llu", "%08x", "%-5d",
        "%s", "%s.", "%c", "%p", "%pK", "%px", "%ps %pS %pB", "%pks", "%pus,",
        "%pi4 %pI4 %pi6 %pI6"}) {
    EXPECT_TRUE(IsFormat(format, 8)) << format;
  }
  for (const char* format : {"%", "%%%", "%z", "%f", "%lld%", "%lllu", "%sx",
                             "%pi5", "%pA", "%pk", "\x80", "\x01", "%n"}) {
    EXPECT_FALSE(IsFormat(format, 8)) << format;
  }
}

TEST(FormatTest, HasAnArgumentForEachConversion) {
  EXPECT_TRUE(IsFormat("%d %d", 2));
  EXPECT_TRUE(IsFormat("%d", 2));
  EXPECT_FALSE(IsFormat("%d %d", 1));
  EXPECT_TRUE(IsFormat("%%", 0));
}

class StringArgsTest : public CallsTest {
 protected:
  /// bpf_snprintf(fp - 64, 8, `format`, fp - 32, `data_size`)
  static Code Print(const Code& format, int data_size) {
    return Join({format, StoreImm(kDW, R10, -32, 0), StoreImm(kDW, R10, -24, 0),
                 StoreImm(kDW, R10, -64, 0), MovReg(R1, R10),
                 AluImm(kAdd, R1, -64), MovImm(R2, 8), MovReg(R4, R10),
                 AluImm(kAdd, R4, -32), MovImm(R5, data_size),
                 Call(kSnprintfHelper), Return0()});
  }
  Map& text() { return *maps_->span()[static_cast<size_t>(text_)]; }
};

TEST_F(StringArgsTest, FormatsStandInFrozenMaps) {
  const Code print = Print(LoadMapValue(R3, text_), 16);
  Rejects(print, Status::kAccess, "R3 does not point to a readonly map'");
  text().Freeze();
  Accepts(print);
  Rejects(Print(LoadMapValue(R3, kArray), 16), Status::kAccess,
          "R3 does not point to a readonly map'");
}

TEST_F(StringArgsTest, FormatsEndWithAZero) {
  text().Freeze();
  Rejects(Print(LoadMapValue(R3, text_, 6), 0), Status::kInvalid,
          "string is not zero-terminated");
  Accepts(Print(LoadMapValue(R3, text_, 5), 0));
}

TEST_F(StringArgsTest, FormatsAreAtKnownPlaces) {
  text().Freeze();
  Rejects(Print(Join({Call(kRandom), AluImm(kAnd, R0, 1),
                      LoadMapValue(R3, text_), AluReg(kAdd, R3, R0)}),
                16),
          Status::kAccess, "R3 is not a constant address'");
}

TEST_F(StringArgsTest, FormatsTakeTheWordsThatAreThere) {
  text().Freeze();
  Rejects(Print(LoadMapValue(R3, text_), 8), Status::kInvalid,
          "Invalid format string");
  Rejects(Print(LoadMapValue(R3, text_), 12), Status::kInvalid,
          "the arguments of a format are words of 8 bytes");
  // "d %s"
  Accepts(Print(LoadMapValue(R3, text_, 1), 8));
}

}  // namespace
}  // namespace ebpf::verifier
