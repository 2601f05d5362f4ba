// SPDX-License-Identifier: MIT
#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class RegionTest : public VerifierTest {};

TEST_F(RegionTest, MapValuesAreAccessedWithinTheirSize) {
  for (Size size : {kB, kH, kW, kDW}) {
    const int bytes = size == kB ? 1 : size == kH ? 2 : size == kW ? 4 : 8;
    for (int offset : {0, 1, 16 - bytes}) {
      Accepts({LookupOrExit(kArray), Load(size, R1, R0, offset), Return0()});
      Accepts({LookupOrExit(kArray), StoreImm(size, R0, offset, 1), Return0()});
    }
    Rejects({LookupOrExit(kArray), Load(size, R1, R0, 17 - bytes), Return0()},
            Status::kAccess,
            "invalid access to map value, value_size=16 off=" +
                std::to_string(17 - bytes) + " size=" + std::to_string(bytes));
    Rejects(
        {LookupOrExit(kArray), StoreImm(size, R0, 17 - bytes, 1), Return0()},
        Status::kAccess, "R0 min value is outside of the allowed memory range");
    Rejects({LookupOrExit(kArray), Load(size, R1, R0, -1), Return0()},
            Status::kAccess,
            "invalid access to map value, value_size=16 off=-1 size=" +
                std::to_string(bytes));
  }
}

TEST_F(RegionTest, MapValuesNeedNoAlignment) {
  Accepts({LookupOrExit(kArray), Load(kDW, R1, R0, 3), Return0()});
  Accepts(
      {LookupOrExit(kArray), MovImm(R1, 1), Store(kW, R0, 5, R1), Return0()});
}

TEST_F(RegionTest, AlignmentIsAskedForOnRequest) {
  options_.strict_alignment = true;
  const std::string text = "misaligned value access off 0+0+3 size 8";
  const Verdict verdict =
      Judge(Join({LookupOrExit(kArray), Load(kDW, R1, R0, 3), Return0()}));
  EXPECT_EQ(verdict.status, Status::kAccess);
  EXPECT_TRUE(HasLine(verdict.log, text)) << verdict.log;
  Accepts({LookupOrExit(kArray), Load(kDW, R1, R0, 8), Return0()});
  Accepts({LookupOrExit(kArray), Load(kB, R1, R0, 3), Return0()});
}

TEST_F(RegionTest, OffsetsAddUp) {
  Accepts({LookupOrExit(kHash), AluImm(kAdd, R0, 32), Load(kDW, R1, R0, 8),
           Return0()});
  Rejects({LookupOrExit(kHash), AluImm(kAdd, R0, 40), Load(kDW, R1, R0, 8),
           Return0()},
          Status::kAccess,
          "invalid access to map value, value_size=48 off=48 size=8");
  Accepts({LookupOrExit(kHash), AluImm(kAdd, R0, -8), Load(kDW, R1, R0, 8),
           Return0()});
}

TEST_F(RegionTest, VariableOffsetsStayInBounds) {
  const auto indexed = [](int mask, int offset, Size size) {
    return Join({MovReg(R9, R1), LookupOrExit(kHash), Load(kDW, R7, R9, 0),
                 AluImm(kAnd, R7, mask), AluReg(kAdd, R0, R7),
                 Load(size, R1, R0, offset), Return0()});
  };
  Accepts(indexed(31, 16, kB));
  Accepts(indexed(31, 9, kDW));
  Accepts(indexed(15, 32, kB));
  Rejects(indexed(31, 17, kB), Status::kAccess,
          "invalid access to map value, value_size=48 off=48 size=1");
  Rejects(indexed(31, 10, kDW), Status::kAccess,
          "R0 max value is outside of the allowed memory range");
  Rejects(indexed(15, -1, kB), Status::kAccess,
          "R0 min value is outside of the allowed memory range");
}

TEST_F(RegionTest, LargeOffsetsDoNotWrap) {
  Rejects({MovReg(R9, R1), LookupOrExit(kHash), Load(kDW, R7, R9, 0),
           JumpImm(kJlt, R7, (1 << 29) - 1, 1), Exit(), AluReg(kAdd, R0, R7),
           Load(kB, R1, R0, 0), Return0()},
          Status::kAccess,
          "R0 max value is outside of the allowed memory range");
  Rejects({MovReg(R9, R1), LookupOrExit(kHash), Load(kW, R7, R9, 0),
           AluReg(kAdd, R0, R7), Load(kB, R1, R0, 0), Return0()},
          Status::kAccess,
          "R0 unbounded memory access, make sure to bounds check any such "
          "access");
}

TEST_F(RegionTest, ReadOnlyMapsAreNotWritten) {
  Accepts({LookupOrExit(kReadOnly), Load(kDW, R1, R0, 0), Return0()});
  Rejects({LookupOrExit(kReadOnly), StoreImm(kDW, R0, 8, 0), Return0()},
          Status::kAccess,
          "write into map forbidden, value_size=16 off=8 size=8");
  Rejects({LoadMapValue(R6, kReadOnly, 4), StoreImm(kW, R6, 0, 0), Return0()},
          Status::kAccess,
          "write into map forbidden, value_size=16 off=4 size=4");
}

TEST_F(RegionTest, WriteOnlyMapsAreNotRead) {
  Accepts({LoadMapValue(R6, kWriteOnly), StoreImm(kDW, R6, 0, 1), Return0()});
  Rejects({LoadMapValue(R6, kWriteOnly), Load(kDW, R0, R6, 0), Exit()},
          Status::kAccess,
          "read from map forbidden, value_size=16 off=0 size=8");
}

TEST_F(RegionTest, DirectValuesStartAtTheirOffset) {
  Accepts({LoadMapValue(R6, kArray, 8), Load(kDW, R0, R6, 0), Exit()});
  Accepts({LoadMapValue(R6, kArray, 8), Load(kDW, R0, R6, -8), Exit()});
  Rejects({LoadMapValue(R6, kArray, 12), Load(kDW, R0, R6, 0), Exit()},
          Status::kAccess,
          "invalid access to map value, value_size=16 off=12 size=8");
}

TEST_F(RegionTest, RingRecordsAreAccessedWithinTheirSize) {
  const auto record = [](const isa::Insn& access) {
    return Join({Reserve(24), JumpImm(kJne, R0, 0, 1), Exit(), MovReg(R6, R0),
                 access, Release(R6), Return0()});
  };
  Accepts(record(StoreImm(kDW, R6, 16, 1)));
  Accepts(record(Load(kB, R7, R6, 23)));
  Rejects(record(StoreImm(kDW, R6, 20, 1)), Status::kAccess,
          "invalid access to memory, mem_size=24 off=20 size=8");
  Rejects(record(Load(kB, R7, R6, -1)), Status::kAccess,
          "invalid access to memory, mem_size=24 off=-1 size=1");
}

TEST_F(RegionTest, AddressesMayBeStoredForThePrivileged) {
  Accepts({LookupOrExit(kArray), Store(kDW, R0, 0, R10), Return0()});
}

}  // namespace
}  // namespace ebpf::verifier
