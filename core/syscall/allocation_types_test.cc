// SPDX-License-Identifier: MIT
//
// Each allocation failed, as in allocation_test.cc, where types come in: BTF
// with a log, maps with timers, programs of several functions with loops,
// callbacks and relocations, and what is told of them.
#include <functional>
#include <vector>

#include "core/btf/btf_object.h"
#include "core/btf/core_relo.h"
#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/bpf_attach.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/objects/cgroup_programs.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cgroup.h"
#include "testing/host_port/host_defer.h"

namespace ebpf {
namespace {

constexpr uint32_t kSchedCls = 3;
constexpr uint32_t kHashOfMaps = 13;
constexpr uint32_t kDevmap = 14;
constexpr uint32_t kSyscall = 31;
constexpr uint32_t kCgroupDevice = 15;
constexpr uint32_t kDeviceAttach = 6;

/// The kernel's types are the same ones.
struct KernelTypes {
  KernelTypes() {
    const std::vector<uint8_t> blob = ProgramTypes();
    object = *btf::BtfObject::Create(ConstBytes(blob.data(), blob.size()),
                                     PortAllocator());
    view.btf = &object->btf();
  }
  Ref<btf::BtfObject> object;
  KernelView view;
};

class AllocationTypesTest : public testing::Test {
 protected:
  explicit AllocationTypesTest(const KernelView& kernel = {})
      : system_(kernel),
        caller_(Origin::kKernel),
        btf_(LoadBtf(caller_, ProgramTypes())) {}
  ~AllocationTypesTest() override {
    RemoveCgroup(HostCgroup(1));
    caller_.client().fds().CloseAll();
  }

  void FailFd(const char* what, const std::function<int64_t()>& call) {
    FailEachAllocation(what, caller_, call,
                       [&](int64_t fd) { EXPECT_EQ(caller_.CloseFd(fd), 0); });
  }
  void FailCall(const char* what, const std::function<int64_t()>& call) {
    FailEachAllocation(what, caller_, call, [](int64_t) {});
  }

  /// `code`, whose second function begins at `part`, with all that is known.
  linux_abi::ProgLoadAttr Typed(const Code& code, size_t part) {
    linux_abi::ProgLoadAttr attr = caller_.Program(kSchedCls, code);
    const auto at = static_cast<uint32_t>(part);
    SetFunctions(caller_, attr, btf_, {{0, kFunctionType}, {at, kStaticType}});
    const linux_abi::LineInfo lines[] = {{0, 1, 1, 1 << 10},
                                         {at, 1, 1, 2 << 10}};
    attr.line_info = caller_.Put(lines);
    attr.line_info_cnt = 2;
    attr.line_info_rec_size = sizeof(lines[0]);
    return attr;
  }
  int64_t Load(const linux_abi::ProgLoadAttr& attr) {
    return caller_.Call(linux_abi::kProgLoad, attr);
  }

  const TestSystem system_;
  TestCaller caller_;
  const int64_t btf_;
};

/// In a kernel whose types are those of the program.
class AllocationRelocationsTest : public KernelTypes,
                                  public AllocationTypesTest {
 protected:
  AllocationRelocationsTest() : AllocationTypesTest(view) {}
};

/// Goes round a loop whose end is not known, then calls.
Code LoopAndCall() {
  Code code = {CallHelper(helper_id::get_prandom_u32),
               Insn(0x57, 0, 0, 0, 31),  // r0 &= 31
               MovReg(6, 0),
               Insn(0x15, 6, 0, 4, 0),  // if r6 == 0 goto end
               Insn(0x7b, 10, 6, -8, 0),
               Insn(0x79, 7, 10, -8, 0),
               Insn(0x07, 6, 0, 0, -1),
               Insn(0x55, 6, 0, -4, 0),  // if r6 != 0 goto the store
               MovReg(1, 6),
               Insn(0x85, 0, 1, 0, 2),  // call part
               MovImm(0, 0),
               Exit()};
  return code;
}

TEST_F(AllocationTypesTest, TypesWithALogAreLoaded) {
  const std::vector<uint8_t> types = ProgramTypes();
  linux_abi::BtfLoadAttr attr{};
  attr.btf = caller_.Put(types.data(), types.size());
  attr.btf_size = static_cast<uint32_t>(types.size());
  attr.btf_log_level = 2;
  attr.btf_log_size = 1 << 16;
  attr.btf_log_buf = caller_.Put(nullptr, 1 << 16);
  FailFd("types with a log",
         [&] { return caller_.Call(linux_abi::kBtfLoad, attr); });
}

TEST_F(AllocationTypesTest, MapsWithTimersAreMade) {
  FailFd("a map with timers", [&] {
    return caller_.Call(linux_abi::kMapCreate, TimedArray(btf_, 2));
  });
}

TEST_F(AllocationTypesTest, MapsOfMapsAreReadInBatches) {
  const int64_t inner = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 2);
  linux_abi::MapCreateAttr spec{};
  spec.map_type = kHashOfMaps;
  spec.key_size = spec.value_size = 4;
  spec.max_entries = 4;
  spec.inner_map_fd = static_cast<uint32_t>(inner);
  const int64_t outer = caller_.Call(linux_abi::kMapCreate, spec);
  const auto value = static_cast<uint32_t>(inner);
  ASSERT_EQ(caller_.Elem(linux_abi::kMapUpdateElem, outer,
                         caller_.Put(uint32_t{1}), caller_.Put(value)),
            0);
  linux_abi::MapBatchAttr batch{};
  batch.map_fd = static_cast<uint32_t>(outer);
  batch.keys = caller_.Put(nullptr, 64);
  batch.values = caller_.Put(nullptr, 64);
  batch.out_batch = caller_.Put(nullptr, 64);
  FailCall("a batch of maps", [&] {
    batch.count = 4;
    const int64_t result = caller_.Call(linux_abi::kMapLookupBatch, batch);
    // All were there at once.
    return result == Minus(Status::kNotFound) ? 0 : result;
  });
}

TEST_F(AllocationTypesTest, ProgramsOfSeveralFunctionsAreLoadedAndTold) {
  Code code = LoopAndCall();
  const size_t part = code.size();
  const Code more = {MovImm(0, 0), Exit()};
  code.insert(code.end(), more.begin(), more.end());
  const linux_abi::ProgLoadAttr attr = Typed(code, part);
  FailFd("a program with a loop and a call", [&] { return Load(attr); });
  const int64_t program = Load(attr);
  ASSERT_GE(program, 0);
  FailCall("what is told of it", [&] {
    linux_abi::ProgramInfo info{};
    info.jited_symbol_count = info.jited_length_count = 4;
    info.jited_symbols = caller_.Put(nullptr, 64);
    info.jited_lengths = caller_.Put(nullptr, 64);
    info.jited_line_info_count = 4;
    info.jited_line_info_size = 8;
    info.jited_line_info = caller_.Put(nullptr, 64);
    const linux_abi::ObjectInfoAttr ask = {static_cast<uint32_t>(program),
                                           sizeof(info), caller_.Put(info)};
    return caller_.Call(linux_abi::kObjGetInfoByFd, ask);
  });
}

TEST_F(AllocationTypesTest, ProgramsWithATimersCallbackAreLoaded) {
  const int64_t map = caller_.Call(linux_abi::kMapCreate, TimedArray(btf_, 2));
  ASSERT_GE(map, 0);
  Code code = {Insn(0x62, 10, 0, -4, 0),
               LoadLow(1, 1, static_cast<int32_t>(map)),
               LoadHigh(0),
               MovReg(2, 10),
               Insn(0x07, 2, 0, 0, -4),
               CallHelper(helper_id::map_lookup_elem),
               Insn(0x15, 0, 0, 5, 0),
               MovReg(1, 0),
               Insn(0x07, 1, 0, 0, 8),
               LoadLow(2, isa::kPseudoFunc, 4),
               LoadHigh(0),
               CallHelper(helper_id::timer_set_callback),
               MovImm(0, 0),
               Exit(),
               MovImm(0, 0),
               Exit()};
  const linux_abi::ProgLoadAttr attr = Typed(code, 14);
  FailFd("a program with a timer's callback", [&] { return Load(attr); });
}

TEST_F(AllocationRelocationsTest, ProgramsWithRelocationsAreLoaded) {
  linux_abi::ProgLoadAttr attr =
      Typed({MovImm(0, 4), Exit(), MovImm(0, 0), Exit()}, 2);
  attr.insn_cnt = 2;
  attr.func_info_cnt = attr.line_info_cnt = 1;
  const btf::CoreRelocation record = {0, kStructType, kSecondMember, {}};
  attr.core_relos = caller_.Put(record);
  attr.core_relo_cnt = 1;
  attr.core_relo_rec_size = sizeof(record);
  FailFd("a program with a relocation", [&] { return Load(attr); });
}

TEST_F(AllocationTypesTest, ProgramsThatMayGoOnForLongAreLoaded) {
  const Code code = {Insn(0xe5, 0, 0, 1, 0),   // may_goto the end
                     Insn(0x05, 0, 0, -2, 0),  // goto it again
                     MovImm(0, 0), Exit()};
  const linux_abi::ProgLoadAttr attr = caller_.Program(kSchedCls, code);
  FailFd("a program with may_goto", [&] { return Load(attr); });
}

TEST_F(AllocationTypesTest, ProgramsWithManyIteratorsAreLoaded) {
  const Code loop = {MovReg(1, 10),
                     Insn(0x07, 1, 0, 0, -8),
                     MovImm(2, 0),
                     MovImm(3, 10),
                     CallKernel("bpf_iter_num_new"),
                     MovReg(1, 10),
                     Insn(0x07, 1, 0, 0, -8),
                     CallKernel("bpf_iter_num_next"),
                     Insn(0x15, 0, 0, 1, 0),   // none: the end
                     Insn(0x05, 0, 0, -5, 0),  // the next one
                     MovReg(1, 10),
                     Insn(0x07, 1, 0, 0, -8),
                     CallKernel("bpf_iter_num_destroy")};
  Code code;
  for (int i = 0; i < 10; ++i) {
    code.insert(code.end(), loop.begin(), loop.end());
  }
  code.push_back(MovImm(0, 0));
  code.push_back(Exit());
  const linux_abi::ProgLoadAttr attr = caller_.Program(kSchedCls, code);
  FailFd("a program with iterators", [&] { return Load(attr); });
}

TEST_F(AllocationTypesTest, ProgramsWithObjectsOfTheirOwnAreLoaded) {
  const Code code = {MovImm(1, kStructType),
                     MovImm(2, 0),
                     CallKernel("bpf_obj_new_impl"),
                     Insn(0x15, 0, 0, 3, 0),
                     MovReg(1, 0),
                     MovImm(2, 0),
                     CallKernel("bpf_obj_drop_impl"),
                     MovImm(0, 0),
                     Exit(),
                     MovImm(0, 0),
                     Exit()};
  linux_abi::ProgLoadAttr attr = Typed(code, 9);
  attr.insn_cnt = 9;
  attr.func_info_cnt = attr.line_info_cnt = 1;
  // What is left of their types goes later.
  FailEachAllocation(
      "a program with objects of its own", caller_,
      [&] {
        const int64_t fd = Load(attr);
        RunHostDeferred();
        return fd;
      },
      [&](int64_t fd) {
        EXPECT_EQ(caller_.CloseFd(fd), 0);
        RunHostDeferred();
      });
}

TEST_F(AllocationTypesTest, ProgramsThatCallBpfRun) {
  const int64_t program = [&] {
    linux_abi::ProgLoadAttr attr = caller_.Program(kSyscall, Returning(0));
    attr.prog_flags = linux_abi::kProgSleepable;
    return Load(attr);
  }();
  ASSERT_GE(program, 0);
  linux_abi::ProgTestRunAttr run{};
  run.prog_fd = static_cast<uint32_t>(program);
  FailCall("a run of a program for system calls",
           [&] { return caller_.Call(linux_abi::kProgTestRun, run); });
}

/// In a kernel that only judges, with Linux's other kinds of maps.
class AllocationJudgedTest : public AllocationTypesTest {
 protected:
  AllocationJudgedTest() : AllocationTypesTest(Judging()) {}
  static KernelView Judging() {
    KernelView view;
    view.profile = verifier::Profile::kLinux;
    return view;
  }
};

TEST_F(AllocationJudgedTest, DescribedKindsAreMade) {
  FailFd("a map that is only described",
         [&] { return caller_.CreateMap(kDevmap, 4, 4, 1); });
}

TEST_F(AllocationTypesTest, GroupsAreAsked) {
  const int64_t program = caller_.Load(kCgroupDevice, Returning(1));
  ASSERT_GE(program, 0);
  linux_abi::ProgAttachAttr attach{};
  attach.target_fd = static_cast<uint32_t>(kHostCgroupFd + 1);
  attach.attach_bpf_fd = static_cast<uint32_t>(program);
  attach.attach_type = kDeviceAttach;
  ASSERT_EQ(caller_.Call(linux_abi::kProgAttach, attach), 0);
  linux_abi::ProgQueryAttr query{};
  query.target_fd = attach.target_fd;
  query.attach_type = kDeviceAttach;
  query.prog_ids = caller_.Put(nullptr, 64);
  query.prog_cnt = 8;
  FailCall("a group's programs",
           [&] { return caller_.Call(linux_abi::kProgQuery, query); });
  EXPECT_EQ(caller_.Call(linux_abi::kProgDetach, attach), 0);
}

}  // namespace
}  // namespace ebpf
