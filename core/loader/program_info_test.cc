// SPDX-License-Identifier: MIT
#include "core/loader/program_info.h"

#include "core/btf/test_builder.h"
#include "core/loader/program_linker.h"
#include "core/loader/test_kernel.h"

namespace ebpf::loader {
namespace {

class ProgramInfoTest : public ClientObjectTest {
 protected:
  /// Links and keeps the instructions and functions.
  Status Link(const char* name, const Kernel& kernel,
              FieldRelocator* fields = nullptr) {
    const std::vector<int> fds(file_.maps().size(), 77);
    ProgramLinker linker(file_, Span<const int>(fds.data(), fds.size()),
                         PortAllocator(), log_, kernel, fields);
    const Status status = linker.Link(Program(name));
    insns_.assign(linker.insns().begin(), linker.insns().end());
    functions_.assign(linker.functions().begin(), linker.functions().end());
    return status;
  }
  Span<const LinkedFunction> functions() const {
    return Span<const LinkedFunction>(functions_.data(), functions_.size());
  }

  std::vector<isa::Insn> insns_;
  std::vector<LinkedFunction> functions_;
};

TEST_F(ProgramInfoTest, EachFunctionHasItsTypeWhereItStandsNow) {
  ASSERT_EQ(Link("on_packet", kernel_.kernel()), Status::kOk) << log();
  ProgramInfo info(PortAllocator());
  ASSERT_EQ(info.Read(file_, functions()), Status::kOk);

  EXPECT_TRUE(info.is_complete());
  ASSERT_EQ(info.functions().size(), 3u);  // on_packet, seen, hidden
  const char* const kNames[] = {"on_packet", "seen", "hidden"};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(info.functions()[i].insn, functions_[i].at);
    EXPECT_EQ(ToString(*file_.btf()->Name(
                  file_.btf()->TypeAt(info.functions()[i].type)->name)),
              kNames[i]);
  }
}

TEST_F(ProgramInfoTest, SourceLinesAreInOrderAndInTheProgram) {
  ASSERT_EQ(Link("on_packet", kernel_.kernel()), Status::kOk) << log();
  ProgramInfo info(PortAllocator());
  ASSERT_EQ(info.Read(file_, functions()), Status::kOk);

  ASSERT_GE(info.lines().size(), 3u);
  EXPECT_EQ(info.lines()[0].insn, 0u);
  for (size_t i = 1; i < info.lines().size(); ++i) {
    EXPECT_GT(info.lines()[i].insn, info.lines()[i - 1].insn);
  }
  EXPECT_LT(info.lines()[info.lines().size() - 1].insn, insns_.size());
}

TEST_F(ProgramInfoTest, ProgramsOfOneSectionHaveTheirOwnRecords) {
  for (const char* name : {"calls", "calls_nobody", "relocates"}) {
    ASSERT_EQ(Link(name, kernel_.kernel()), Status::kOk) << log();
    ProgramInfo info(PortAllocator());
    ASSERT_EQ(info.Read(file_, functions()), Status::kOk);
    ASSERT_EQ(info.functions().size(), 1u) << name;
    EXPECT_EQ(info.functions()[0].insn, 0u) << name;
  }
}

TEST_F(ProgramInfoTest, FieldsAreWhereTheKernelHasThem) {
  ASSERT_EQ(Link("relocates", kernel_.kernel()), Status::kOk) << log();

  // pid is the second int of the kernel's struct, the first of the program's.
  ASSERT_FALSE(insns_.empty());
  EXPECT_EQ(insns_[0].offset, 4);
}

TEST_F(ProgramInfoTest, OtherTypesMayBeGivenForFields) {
  // As libbpf's btf_custom_path: the program's own types, which fit as well.
  Kernel kernel = kernel_.kernel();
  kernel.core_btf = file_.btf();
  ASSERT_EQ(Link("relocates", kernel), Status::kOk) << log();

  EXPECT_EQ(insns_[0].offset, 0);
}

/// Two types of one name, as in kernels where several drivers have a "task":
/// {int pid; task* parent;}, and {int other; int pid;}.
std::vector<uint8_t> TwoTasks() {
  using btf::Kind;
  btf::Builder b;
  const uint32_t number = b.Add(Kind::kInt, b.Name("int"), 4, {0x01000020});
  const uint32_t pointer = 2;
  const uint32_t first = 3;
  b.Add(Kind::kPointer, 0, first);
  const uint32_t task = b.Name("task");
  const uint32_t pid = b.Name("pid");
  b.Add(Kind::kStruct, task, 16,
        {pid, number, 0, b.Name("parent"), pointer, 64}, 2);
  b.Add(Kind::kStruct, task, 8, {b.Name("other"), number, 0, pid, number, 32},
        2);
  return b.Blob();
}

TEST_F(ProgramInfoTest, ATypeThatDidNotFitOnceFitsNoFunctionOfTheObject) {
  const std::vector<uint8_t> blob = TwoTasks();
  const Ref<btf::BtfObject> tasks =
      *btf::BtfObject::Create(ToBytes(blob), PortAllocator());
  Kernel kernel = kernel_.kernel();
  kernel.core_btf = &tasks->btf();
  ASSERT_EQ(Link("relocates", kernel), Status::kInvalid) << "ambiguous";

  FieldRelocator fields(file_, kernel.CoreTypes(), PortAllocator(), log_);
  ASSERT_EQ(Link("relocates_parent", kernel, &fields), Status::kOk) << log();
  EXPECT_EQ(Link("relocates", kernel, &fields), Status::kOk) << log();

  EXPECT_EQ(insns_[0].offset, 0);
}

TEST_F(ProgramInfoTest, FieldsNeedTheKernelsTypes) {
  EXPECT_EQ(Link("relocates", Kernel()), Status::kNotFound);
  EXPECT_EQ(log(),
            "CO-RE: the kernel's BTF is needed, and not there\n"
            "insn 0: CO-RE relocation failed\n");
}

TEST_F(ProgramInfoTest, RecordsAreFoundByInstruction) {
  const Result<ExtRecords> records = ExtRecords::Find(
      file_, btf::ExtTable::kFunctions, Program("calls").section_index);

  ASSERT_TRUE(records.ok());
  ASSERT_EQ(records->count(), 4u);
  EXPECT_EQ(records->FirstFrom(0), 0u);
  EXPECT_EQ(records->FirstFrom(1), 1u);
  EXPECT_EQ(records->FirstFrom(records->InsnAt(2)), 2u);
  EXPECT_EQ(records->FirstFrom(UINT64_MAX), 4u);
}

TEST_F(ProgramInfoTest, RecordsOutOfOrderAreRefused) {
  const ExtRecords records = *ExtRecords::Find(file_, btf::ExtTable::kFunctions,
                                               Program("calls").section_index);
  const auto at =
      static_cast<size_t>(records.RecordAt(1).data() - bytes_.data());
  std::vector<uint8_t> spoilt = bytes_;
  memset(&spoilt[at], 0, 4);  // the first one's place again
  ObjectFile file(PortAllocator());
  ASSERT_EQ(file.Read(ToBytes(spoilt), log_), Status::kOk) << log();

  EXPECT_EQ(ExtRecords::Find(file, btf::ExtTable::kFunctions,
                             Program("calls").section_index)
                .status(),
            Status::kInvalid);
}

}  // namespace
}  // namespace ebpf::loader
