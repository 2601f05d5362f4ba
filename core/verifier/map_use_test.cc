// SPDX-License-Identifier: MIT
#include "core/verifier/map_use.h"

#include "core/verifier/calls_fixture.h"

namespace ebpf::verifier {
namespace {

using MapUseTest = CallsTest;

TEST_F(MapUseTest, FieldsOfAMapAreReadByTheKernelsTypes) {
  // struct bpf_array: its struct bpf_map, then elem_size.
  Accepts({LoadMap(R1, kArray), Load(kDW, R0, R1, 8), Exit()});
  Accepts({LoadMap(R1, kArray), Load(kDW, R0, R1, 16), Exit()});
  Rejects({LoadMap(R1, kArray), Load(kDW, R0, R1, 24), Exit()}, Status::kAccess,
          "access beyond struct bpf_array at off 24 size 8");
  Rejects({LoadMap(R1, kArray), Load(kW, R0, R1, 1), Exit()}, Status::kAccess,
          "cannot access ptr member ops with moff 0 in struct bpf_map with "
          "off 1 size 4");
  Rejects({LoadMap(R1, kArray), Load(kDW, R0, R1, -8), Exit()}, Status::kAccess,
          "R1 is bpf_array invalid negative access: off=-8");
}

TEST_F(MapUseTest, PointersInAMapLeadOn) {
  Accepts({LoadMap(R1, kArray), Load(kDW, R1, R1, 0), Load(kDW, R0, R1, 0),
           Exit()});
  Rejects(
      {LoadMap(R1, kArray), Load(kDW, R1, R1, 0), Load(kDW, R0, R1, 8), Exit()},
      Status::kAccess, "access beyond struct bpf_map_ops at off 8 size 8");
}

TEST_F(MapUseTest, FieldsOfAMapAreNotWritten) {
  Rejects({LoadMap(R1, kArray), StoreImm(kDW, R1, 8, 0), Return0()},
          Status::kAccess, "only read from bpf_array is supported");
  Rejects({LoadMap(R1, kArray), MovImm(R2, 1), Atomic(kDW, kAdd, R1, 8, R2),
           Return0()},
          Status::kAccess, "only read from bpf_array is supported");
}

TEST_F(MapUseTest, KindsThatTheKernelsTypesLackAreClosed) {
  Rejects({LoadMap(R1, kRing), Load(kDW, R0, R1, 0), Exit()},
          Status::kNotSupportedLinux,
          "map_ptr access not supported for map type 27");
}

TEST_F(MapUseTest, HelpersFitTheirMaps) {
  Rejects({StoreImm(kDW, R10, -8, 0), MovReg(R2, R10), AluImm(kAdd, R2, -8),
           LoadMap(R1, kPrograms), Call(kMapLookup), Return0()},
          Status::kInvalid,
          "cannot pass map_type 3 into func bpf_map_lookup_elem#1");
  Rejects({LoadMap(R1, kArray), MovImm(R2, 0), Call(kLocalStorage), Return0()},
          Status::kInvalid,
          "program of this type cannot use helper bpf_get_local_storage#81");
}

TEST_F(MapUseTest, LocalStorageTakesNoFlags) {
  options_.type = FindProgramType(8);  // cgroup_skb
  Accepts({LoadMap(R1, storage_), MovImm(R2, 0), Call(kLocalStorage),
           Load(kDW, R0, R0, 0), AluImm(kAnd, R0, 1), Exit()});
  Rejects(
      {LoadMap(R1, storage_), MovImm(R2, 1), Call(kLocalStorage), Return0()},
      Status::kInvalid, "get_local_storage() doesn't support non-zero flags");
  Rejects({LoadMap(R1, kArray), MovImm(R2, 0), Call(kLocalStorage), Return0()},
          Status::kInvalid,
          "cannot pass map_type 2 into func bpf_get_local_storage#81");
  // On one of two ways the flags are another number.
  Rejects({Call(kRandom), MovImm(R2, 0), JumpImm(kJeq, R0, 0, 1), MovImm(R2, 1),
           MovImm(R3, 0), MovImm(R3, 0), MovImm(R3, 0), MovImm(R3, 0),
           LoadMap(R1, storage_), Call(kLocalStorage), Return0()},
          Status::kInvalid,
          "get_local_storage() doesn't support non-zero flags");
}

TEST_F(MapUseTest, MapsOfMapsGiveMaps) {
  Accepts({LookupIn(outer_), MovReg(R1, R0), MovReg(R2, R10),
           AluImm(kAdd, R2, -8), Call(kMapLookup), JumpImm(kJeq, R0, 0, 1),
           Load(kW, R1, R0, kNumberAt), Return0()});
  Rejects({Lookup(outer_), MovReg(R1, R0), MovReg(R2, R10),
           AluImm(kAdd, R2, -8), Call(kMapLookup), Return0()},
          Status::kAccess, "R1 type=map_value_or_null expected=map_ptr");
  Rejects({LookupIn(outer_), MovReg(R1, R0), AluImm(kAdd, R1, 8), Return0()},
          Status::kAccess, "R1 pointer arithmetic on map_ptr prohibited");
  Rejects({LookupIn(outer_), StoreImm(kDW, R0, 0, 0), Return0()},
          Status::kAccess, "only read from bpf_array is supported");
}

TEST_F(MapUseTest, SocketsInMapsAreHeld) {
  const Code lookup = LookupIn(sockets_);
  Accepts({lookup, MovReg(R1, R0), Call(kSkRelease), Return0()});
  Rejects({lookup, Return0()}, Status::kInvalid,
          "Unreleased reference id=2 alloc_insn=5");
}

TEST_F(MapUseTest, NotAllProgramsChangeMapsOfSockets) {
  const Code remove =
      Join({StoreImm(kDW, R10, -8, 0), MovReg(R2, R10), AluImm(kAdd, R2, -8),
            LoadMap(R1, sockets_), Call(kMapDelete), Return0()});
  Accepts(remove);
  options_.type = FindProgramType(2);  // kprobe
  Rejects(remove, Status::kInvalid, "cannot update sockmap in this context");
  Rejects(remove, Status::kInvalid,
          "cannot pass map_type 15 into func bpf_map_delete_elem#3");
}

TEST_F(MapUseTest, SleepingProgramsUseFewKinds) {
  options_.type = FindProgramType(31);  // syscall
  options_.sleepable = true;
  Rejects({LoadMap(R1, kPrograms), Return0()}, Status::kInvalid,
          "Sleepable programs can only use array, hash, ringbuf and local "
          "storage maps");
  Accepts({LoadMap(R1, kArray), Return0()});
}

}  // namespace
}  // namespace ebpf::verifier
