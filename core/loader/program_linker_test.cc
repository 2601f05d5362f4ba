// SPDX-License-Identifier: MIT
#include "core/loader/program_linker.h"

#include <map>
#include <string>

#include "core/loader/test_objects.h"
#include "gtest/gtest.h"

namespace ebpf::loader {
namespace {

const char kShapes[] = "core/loader/shapes.x86_64.bpf.o";
constexpr int kFirstFd = 100;

std::string ToString(StringView text) { return {text.data(), text.size()}; }

class ProgramLinkerTest : public testing::Test {
 protected:
  ProgramLinkerTest()
      : bytes_(ReadObject(kShapes)),
        log_(buffer_, sizeof(buffer_)),
        file_(PortAllocator()) {}

  void SetUp() override {
    ASSERT_EQ(file_.Read(ToBytes(bytes_), log_), Status::kOk);
    for (size_t i = 0; i < file_.maps().size(); ++i) {
      fds_.push_back(kFirstFd + static_cast<int>(i));
      names_[kFirstFd + static_cast<int>(i)] = ToString(file_.maps()[i].name);
    }
  }

  std::vector<isa::Insn> Link(size_t program) {
    ProgramLinker linker(file_, Span<const int>(fds_.data(), fds_.size()),
                         PortAllocator(), log_);
    EXPECT_EQ(linker.Link(file_.programs()[program]), Status::kOk)
        << ToString(log_.text());
    return {linker.insns().begin(), linker.insns().end()};
  }

  std::vector<uint8_t> bytes_;
  char buffer_[4096];
  TextWriter log_;
  ObjectFile file_;
  std::vector<int> fds_;
  std::map<int, std::string> names_;
};

/// The targets of all calls between subprograms, and of function references.
std::vector<size_t> Targets(const std::vector<isa::Insn>& insns, uint8_t opcode,
                            uint8_t source) {
  std::vector<size_t> targets;
  for (size_t i = 0; i < insns.size(); ++i) {
    if (insns[i].opcode == opcode && insns[i].src == source) {
      targets.push_back(i + 1 + static_cast<size_t>(insns[i].imm));
    }
    if (insns[i].opcode == 0x18) {
      ++i;
    }
  }
  return targets;
}

TEST_F(ProgramLinkerTest, AppendsEachSubprogramOnce) {
  const std::vector<isa::Insn> insns = Link(0);

  // one -> middle -> leaf, leaf
  const std::vector<size_t> calls = Targets(insns, 0x85, 1);
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_EQ(calls[0], file_.programs()[0].insn_count);
  EXPECT_EQ(calls[1], calls[2]);
  EXPECT_GT(calls[1], calls[0]);
  // A function begins where the one before has ended.
  for (size_t target : calls) {
    EXPECT_EQ(insns[target - 1].opcode, 0x95) << target;
  }
}

TEST_F(ProgramLinkerTest, ResolvesFunctionReferences) {
  const std::vector<isa::Insn> insns = Link(1);

  const std::vector<size_t> references = Targets(insns, 0x18, 4);
  ASSERT_EQ(references.size(), 1u);
  ASSERT_LT(references[0], insns.size());
  EXPECT_EQ(insns[references[0] - 1].opcode, 0x95);
}

TEST_F(ProgramLinkerTest, PutsMapDescriptorsAndDataOffsets) {
  const std::vector<isa::Insn> insns = Link(0);
  std::map<std::string, int> data_offsets;
  for (size_t i = 0; i + 1 < insns.size(); ++i) {
    if (insns[i].opcode == 0x18 && insns[i].src == isa::kPseudoMapValue) {
      data_offsets[names_[insns[i].imm]] = insns[i + 1].imm;
    }
  }

  // first is at 0 and second at 8 of .data; zeroed[3] ends .bss.
  EXPECT_EQ(data_offsets.count(".data"), 1u);
  EXPECT_EQ(data_offsets.at(".rodata"), 0);
  EXPECT_EQ(data_offsets.count(".bss"), 1u);
}

TEST_F(ProgramLinkerTest, NamesMapsByDescriptor) {
  const std::vector<isa::Insn> insns = Link(2);
  std::vector<std::string> used;
  for (const isa::Insn& insn : insns) {
    if (insn.opcode == 0x18 && insn.src == isa::kPseudoMapFd) {
      used.push_back(names_[insn.imm]);
    }
  }

  EXPECT_EQ(used, (std::vector<std::string>{"slots", "by_key"}));
}

TEST_F(ProgramLinkerTest, EverySpoiltByteIsHandled) {
  for (size_t at = 0; at < bytes_.size(); ++at) {
    std::vector<uint8_t> spoilt = bytes_;
    spoilt[at] ^= 0x55;
    char buffer[256];
    TextWriter log(buffer, sizeof(buffer));
    ObjectFile file(PortAllocator());
    if (!IsOk(file.Read(ToBytes(spoilt), log))) {
      continue;
    }
    std::vector<int> fds(file.maps().size(), 3);
    for (const ProgramDefinition& program : file.programs()) {
      ProgramLinker linker(file, Span<const int>(fds.data(), fds.size()),
                           PortAllocator(), log);
      (void)linker.Link(program);
    }
  }
}

}  // namespace
}  // namespace ebpf::loader
