// SPDX-License-Identifier: MIT
//
// Each kind of argument with each type of register, and the sizes of memory.
#include "core/verifier/helper_args.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class HelperArgsTest : public VerifierTest {
 protected:
  /// bpf_probe_read_kernel(r1, r2, 0), after `code` set r1 and r2.
  Code ProbeRead(const Code& code) {
    return Join({code, MovImm(R3, 0), Call(kProbeRead), Return0()});
  }
  /// bpf_ringbuf_output(ring, r2, r3, 0), after `code` set r2 and r3.
  Code Output(const Code& code) {
    return Join({code, LoadMap(R1, kRing), MovImm(R4, 0), Call(kRingOutput),
                 Return0()});
  }
  const std::string kMemory =
      "fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, "
      "trusted_ptr_";
};

TEST_F(HelperArgsTest, ArgumentsMustBeWritten) {
  Rejects({Call(kMapLookup), Return0()}, Status::kAccess,
          "R1 type=ctx expected=map_ptr");
  Rejects({LoadMap(R1, kArray), Call(kMapLookup), Return0()}, Status::kAccess,
          "R2 !read_ok");
}

TEST_F(HelperArgsTest, MapArgumentsAreMaps) {
  Rejects({MovImm(R1, 0), Call(kMapLookup), Return0()}, Status::kAccess,
          "R1 type=scalar expected=map_ptr");
  Rejects({MovReg(R1, R10), Call(kMapLookup), Return0()}, Status::kAccess,
          "R1 type=fp expected=map_ptr");
  Rejects({LookupOrExit(kArray), MovReg(R1, R0), Call(kMapLookup), Return0()},
          Status::kAccess, "R1 type=map_value expected=map_ptr");
}

TEST_F(HelperArgsTest, KeysAreMemoryOfTheirSize) {
  Accepts({Lookup(kHash), Return0()});
  Rejects({LoadMap(R1, kHash), MovReg(R2, R10), AluImm(kAdd, R2, -4),
           StoreImm(kW, R10, -4, 0), Call(kMapLookup), Return0()},
          Status::kInvalid, "invalid indirect access to stack R2 off=-4 size=8",
          OnLinux::kOtherText);
  Rejects({LoadMap(R1, kHash), MovImm(R2, 0), Call(kMapLookup), Return0()},
          Status::kAccess, "R2 type=scalar expected=" + kMemory);
  Rejects({MovReg(R2, R1), LoadMap(R1, kHash), Call(kMapLookup), Return0()},
          Status::kAccess, "R2 type=ctx expected=" + kMemory);
  Rejects({LoadMap(R1, kHash), MovReg(R2, R1), Call(kMapLookup), Return0()},
          Status::kAccess, "R2 type=map_ptr expected=" + kMemory);
  Rejects({Lookup(kArray), LoadMap(R1, kHash), MovReg(R2, R0), Call(kMapLookup),
           Return0()},
          Status::kAccess, "R2 type=map_value_or_null expected=" + kMemory);
}

TEST_F(HelperArgsTest, KeysAreInitialized) {
  Rejects({LoadMap(R1, kHash), MovReg(R2, R10), AluImm(kAdd, R2, -8),
           StoreImm(kW, R10, -8, 0), Call(kMapLookup), Return0()},
          Status::kAccess,
          "invalid indirect read from stack R2 off -8+4 size 8",
          OnLinux::kAccepts);
  Rejects({LoadMap(R1, kHash), MovReg(R2, R10), AluImm(kAdd, R2, -8),
           Call(kMapLookup), Return0()},
          Status::kAccess,
          "invalid indirect read from stack R2 off -8+0 size 8",
          OnLinux::kAccepts);
}

TEST_F(HelperArgsTest, KeysMayBeInMapValuesAndRecords) {
  Accepts({LookupOrExit(kArray), LoadMap(R1, kHash), MovReg(R2, R0),
           AluImm(kAdd, R2, 8), Call(kMapLookup), Return0()});
  Rejects({LookupOrExit(kArray), LoadMap(R1, kHash), MovReg(R2, R0),
           AluImm(kAdd, R2, 9), Call(kMapLookup), Return0()},
          Status::kAccess,
          "invalid access to map value, value_size=16 off=9 size=8");
  Accepts({Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(), MovReg(R6, R0),
           StoreImm(kDW, R6, 0, 1), LoadMap(R1, kHash), MovReg(R2, R6),
           Call(kMapLookup), Release(R6), Return0()});
}

TEST_F(HelperArgsTest, ValuesAreMemoryOfTheirSize) {
  const auto update = [](int written, int at) {
    Code code = {StoreImm(kDW, R10, -8, 0)};
    for (int i = 0; i < written; i += 8) {
      code.push_back(StoreImm(kDW, R10, at + i, 1));
    }
    return Join({code, LoadMap(R1, kHash), MovReg(R2, R10),
                 AluImm(kAdd, R2, -8), MovReg(R3, R10), AluImm(kAdd, R3, at),
                 MovImm(R4, 0), Call(kMapUpdate), Return0()});
  };
  Accepts(update(48, -56));
  Rejects(update(40, -56), Status::kAccess,
          "invalid indirect read from stack R3 off -56+40 size 48",
          OnLinux::kAccepts);
  Rejects(update(40, -40), Status::kInvalid,
          "invalid indirect access to stack R3 off=-40 size=48",
          OnLinux::kOtherText);
}

TEST_F(HelperArgsTest, ReadOnlyMapsArePassedForReadingOnly) {
  Accepts(Output(Join({LoadMapValue(R2, kReadOnly), MovImm(R3, 16)})));
  Rejects(ProbeRead(Join({LoadMapValue(R1, kReadOnly), MovImm(R2, 16)})),
          Status::kAccess,
          "write into map forbidden, value_size=16 off=0 size=16");
  Rejects(Output(Join({LoadMapValue(R2, kWriteOnly), MovImm(R3, 16)})),
          Status::kAccess,
          "read from map forbidden, value_size=16 off=0 size=16");
}

TEST_F(HelperArgsTest, FilledMemoryNeedNotBeWritten) {
  Accepts({MovReg(R1, R10), AluImm(kAdd, R1, -16), MovImm(R2, 16),
           MovImm(R3, 0), Call(kProbeRead), Load(kDW, R0, R10, -16), Exit()});
  Rejects({MovReg(R1, R10), AluImm(kAdd, R1, -16), MovImm(R2, 8), MovImm(R3, 0),
           Call(kProbeRead), Load(kDW, R0, R10, -8), Exit()},
          Status::kAccess, "invalid read from stack off -8+0 size 8",
          OnLinux::kAccepts);
}

TEST_F(HelperArgsTest, FilledMemoryIsNoLongerWhatItWas) {
  Rejects({Store(kDW, R10, -8, R1), MovReg(R1, R10), AluImm(kAdd, R1, -8),
           MovImm(R2, 8), MovImm(R3, 0), Call(kProbeRead),
           Load(kDW, R6, R10, -8), Load(kDW, R0, R6, 0), Exit()},
          Status::kAccess, "R6 invalid mem access 'scalar'");
  Rejects({LookupOrExit(kArray), MovReg(R7, R0), StoreImm(kDW, R10, -8, 3),
           MovReg(R1, R10), AluImm(kAdd, R1, -8), MovImm(R2, 8), MovImm(R3, 0),
           Call(kProbeRead), Load(kDW, R6, R10, -8), AluReg(kAdd, R7, R6),
           Load(kB, R0, R7, 0), Exit()},
          Status::kInvalid,
          "math between map_value pointer and register with unbounded min "
          "value is not allowed");
}

TEST_F(HelperArgsTest, SizesAreBounded) {
  const Code to_stack = {MovReg(R1, R10), AluImm(kAdd, R1, -16)};
  Accepts(ProbeRead(Join({to_stack, MovImm(R2, 16)})));
  Rejects(ProbeRead(Join({to_stack, MovImm(R2, 17)})), Status::kInvalid,
          "invalid indirect access to stack R1 off=-16 size=17",
          OnLinux::kOtherText);
  Rejects(ProbeRead(Join({to_stack, MovImm(R2, -1)})), Status::kAccess,
          "R2 min value is negative, either use unsigned or 'var &= const'");
  Rejects(ProbeRead(Join({Load(kDW, R2, R1, 0), to_stack})), Status::kAccess,
          "R2 min value is negative, either use unsigned or 'var &= const'");
  Rejects(ProbeRead(Join({Load(kW, R2, R1, 0), to_stack})), Status::kAccess,
          "R2 unbounded memory access, use 'var &= const' or 'if (var < "
          "const)'");
  Rejects(ProbeRead(Join({to_stack, MovReg(R2, R10)})), Status::kAccess,
          "R2 type=fp expected=scalar");
}

TEST_F(HelperArgsTest, UnknownSizesNeedAllBytesInitialized) {
  const Code size = {Load(kDW, R2, R1, 0), AluImm(kAnd, R2, 15),
                     MovReg(R1, R10), AluImm(kAdd, R1, -16)};
  Accepts(ProbeRead(
      Join({StoreImm(kDW, R10, -16, 0), StoreImm(kDW, R10, -8, 0), size})));
  Rejects(ProbeRead(size), Status::kAccess,
          "invalid indirect read from stack R1 off -16+0 size 15",
          OnLinux::kAccepts);
}

TEST_F(HelperArgsTest, ZeroSizesAreAllowedOrNot) {
  const Code to_stack = {MovReg(R1, R10), AluImm(kAdd, R1, -16)};
  Accepts(ProbeRead(Join({to_stack, MovImm(R2, 0)})));
  Accepts(Output({MovReg(R2, R10), AluImm(kAdd, R2, -8), MovImm(R3, 0)}));
  // bpf_get_current_comm takes no size of 0.
  Rejects({to_stack, MovImm(R2, 0), Call(kComm), Return0()}, Status::kAccess,
          "R2 invalid zero-sized read: u64=[0,0]");
  Rejects({Load(kDW, R2, R1, 0), AluImm(kAnd, R2, 15), to_stack, Call(kComm),
           Return0()},
          Status::kAccess, "R2 invalid zero-sized read: u64=[0,15]");
  Accepts({to_stack, MovImm(R2, 16), Call(kComm), Return0()});
}

TEST_F(HelperArgsTest, MemoryIsInMapValuesToo) {
  Accepts(ProbeRead(Join({LoadMapValue(R1, kArray), MovImm(R2, 16)})));
  Rejects(ProbeRead(Join({LoadMapValue(R1, kArray), MovImm(R2, 17)})),
          Status::kAccess,
          "invalid access to map value, value_size=16 off=0 size=17");
  Accepts(ProbeRead(Join(
      {Load(kDW, R2, R1, 0), AluImm(kAnd, R2, 15), LoadMapValue(R1, kArray)})));
  Rejects(ProbeRead(Join({Load(kDW, R2, R1, 0), AluImm(kAnd, R2, 31),
                          LoadMapValue(R1, kArray)})),
          Status::kAccess,
          "invalid access to map value, value_size=16 off=0 size=31");
}

TEST_F(HelperArgsTest, RecordsHaveAConstantSize) {
  Rejects({Load(kDW, R2, R1, 0), AluImm(kAnd, R2, 8), LoadMap(R1, kRing),
           MovImm(R3, 0), Call(kRingReserve), Return0()},
          Status::kAccess, "R2 is not a known constant'");
}

TEST_F(HelperArgsTest, RecordsAreGivenBackFromTheirStart) {
  const auto give_back = [](const Code& code) {
    return Join({Reserve(16), JumpImm(kJne, R0, 0, 1), Exit(), MovReg(R6, R0),
                 code, Release(R6), Return0()});
  };
  Accepts(give_back({}));
  Rejects(give_back({AluImm(kAdd, R6, 8)}), Status::kInvalid,
          "R1 must have zero offset when passed to release func or trusted "
          "arg to kfunc");
  Rejects(give_back({MovImm(R6, 0)}), Status::kAccess,
          "R1 type=scalar expected=ringbuf_mem");
  Rejects(give_back({MovReg(R6, R10)}), Status::kAccess,
          "R1 type=fp expected=ringbuf_mem");
  Rejects({Reserve(16), Release(R0), Return0()}, Status::kAccess,
          "R1 type=ringbuf_mem_or_null expected=ringbuf_mem");
}

// bpf_check_mtu reads the number that it replaces.
TEST_F(HelperArgsTest, WhatIsReadAndReplacedWasWrittenWhoeverTheClientIs) {
  options_.type = FindProgramType(3);  // sched_cls
  options_.profile = Profile::kLinux;
  options_.allow_uninitialized_stack = true;
  const Code call = Join({MovImm(R2, 0), MovReg(R3, R10), AluImm(kAdd, R3, -8),
                          MovImm(R4, 0), MovImm(R5, 0), Call(163), Return0()});
  Accepts({StoreImm(kDW, R10, -8, 0), call});
  Rejects(call, Status::kAccess,
          "invalid indirect read from stack R3 off -8+0 size 4",
          OnLinux::kAccepts);
}

TEST_F(HelperArgsTest, WhatIsReadAndReplacedIsAligned) {
  options_.type = FindProgramType(3);  // sched_cls
  options_.profile = Profile::kLinux;
  const auto call = [](int32_t offset) {
    return Join({LoadMapValue(R3, kArray), AluImm(kAdd, R3, offset),
                 MovImm(R2, 0), MovImm(R4, 0), MovImm(R5, 0), Call(163),
                 Return0()});
  };
  Accepts(call(4));
  Rejects(call(2), Status::kAccess, "misaligned value access off 0+2+0 size 4");
}

}  // namespace
}  // namespace ebpf::verifier
