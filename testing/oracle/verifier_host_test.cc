// SPDX-License-Identifier: MIT
//
// The whole verifier beside the host's kernel, on programs that tables are made
// of: each helper with arguments that fit and one that does not, on each kind
// of map, and each access to a context. Verdict for verdict, and last words.
#include <cerrno>
#include <cstdio>
#include <linux/bpf.h>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/btf/btf.h"
#include "core/maps/described_map.h"
#include "core/maps/map.h"
#include "core/sync/read_section.h"
#include "core/verifier/verifier.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"
#include "testing/oracle/host_calls.h"
#include "testing/oracle/host_load.h"
#include "testing/oracle/host_types.h"

namespace ebpf::oracle {
namespace {

/// Our maps, each made like one of the host's.
class OurMaps {
 public:
  explicit OurMaps(const Caller& caller) {
    for (uint32_t kind = 1; kind < 34; ++kind) {
      if (caller.map(kind) >= 0) {
        Add(caller.map(kind), kind, SpecOf(kind));
      }
    }
    Add(caller.read_only(), BPF_MAP_TYPE_ARRAY, {4, 64, 1, BPF_F_RDONLY_PROG});
    maps_.back()->Freeze();
    Add(caller.read_write(), BPF_MAP_TYPE_ARRAY, {4, 64, 1, 0});
  }

  Span<Map* const> span() const {
    return Span<Map* const>(pointers_.data(), pointers_.size());
  }

  /// `code` with our maps' indices for the host's file descriptors; false: one
  /// of them is not here.
  bool Translate(std::vector<isa::Insn>& code) const {
    for (size_t i = 0; i + 1 < code.size(); ++i) {
      if (code[i].opcode != (BPF_LD | BPF_DW | BPF_IMM)) {
        continue;
      }
      const auto found = indices_.find(code[i].imm);
      if (code[i].src != 0 && found == indices_.end()) {
        return false;
      }
      code[i].imm = code[i].src != 0 ? found->second : code[i].imm;
      ++i;
    }
    return true;
  }

 private:
  void Add(int fd, uint32_t kind, const HostMapSpec& like) {
    MapSpec spec;
    spec.type = MapType{kind};
    spec.key_size = like.key_size;
    spec.value_size = like.value_size;
    spec.max_entries = like.max_entries;
    spec.flags = like.flags;
    Result<Ref<Map>> map = CreateMap(spec, PortAllocator());
    if (!map.ok()) {
      map = DescribedMap::Create(spec, PortAllocator());
    }
    if (!map.ok()) {
      std::printf("no map of ours like the host's of kind %u\n", kind);
      return;
    }
    indices_[fd] = static_cast<int32_t>(maps_.size());
    maps_.push_back(*map);
    pointers_.push_back(map->get());
  }

  std::vector<Ref<Map>> maps_;
  std::vector<Map*> pointers_;
  std::map<int, int32_t> indices_;
};

/// The reason in a log: the last line before the statistics, without what
/// differs between two runs.
std::string Reason(const std::string& log) {
  std::string last;
  size_t at = 0;
  while (at < log.size()) {
    size_t end = log.find('\n', at);
    end = end == std::string::npos ? log.size() : end;
    const std::string line = log.substr(at, end - at);
    at = end + 1;
    // The block for people is ours alone.
    if (line.rfind("processed ", 0) == 0 ||
        line.rfind("Verification failed", 0) == 0) {
      break;
    }
    // 6.18 says this after what 6.12 says.
    const bool younger = line.rfind("BPF_EXIT instruction in", 0) == 0;
    last = line.empty() || younger ? last : line;
  }
  return last;
}

class VerifierHostTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = WhyNoHost();
    if (!reason.empty()) {
      std::printf("NOT COMPARED WITH THE HOST'S KERNEL: %s\n", reason.c_str());
      GTEST_SKIP() << reason;
    }
    SetHostCpuCount(2);
    ASSERT_TRUE(InitReadSections());
    initialised_ = true;
    caller_ = std::make_unique<Caller>();
    maps_ = std::make_unique<OurMaps>(*caller_);
    types_ = ReadHostTypes();
  }
  void TearDown() override {
    maps_.reset();
    caller_.reset();
    if (initialised_) {
      ExitReadSections();
    }
    std::printf(
        "%u programs compared, %u refused by both, of these %u with "
        "the same words\n",
        compared_, refused_, same_words_);
  }

  /// Judges `code` on both sides.
  void Compare(const Target& target, const std::vector<isa::Insn>& code,
               const std::string& what) {
    HostLoad load = target.load;
    load.log_level = 1;
    const HostLoadResult host = LoadOnHost(load, code);
    std::vector<isa::Insn> ours = code;
    // Neither says anything of ours: helpers that this host is built without,
    // and bugs that it found in itself.
    if (Has(host, "verifier bug") || Has(host, "cannot use helper") ||
        !maps_->Translate(ours)) {
      return;
    }
    // Accepted, and then turned down: a map belongs to the programs of the type
    // that used it first.
    const bool theirs =
        host.error == 0 || (host.error == EINVAL && Has(host, "processed ") &&
                            Reason(host.log).empty());
    std::string log;
    const bool accepted = Judge(target, ours, log);
    ++compared_;
    EXPECT_EQ(accepted, theirs)
        << target.name << " " << what << " errno " << host.error
        << "\nours: " << Reason(log) << "\nhost: " << Reason(host.log);
    if (!accepted && !theirs) {
      ++refused_;
      const bool same = Reason(log) == Reason(host.log);
      same_words_ += same ? 1 : 0;
      if (!same) {
        other_words_[Reason(host.log) + "\n    ours: " + Reason(log)] =
            target.name + " " + what;
      }
    }
  }

  void PrintOtherWords() const {
    for (const auto& [words, what] : other_words_) {
      std::printf("other words (%s):\n    host: %s\n", what.c_str(),
                  words.c_str());
    }
  }

  std::unique_ptr<Caller> caller_;
  unsigned compared_ = 0;
  unsigned refused_ = 0;
  unsigned same_words_ = 0;

 private:
  bool Judge(const Target& target, const std::vector<isa::Insn>& code,
             std::string& text) {
    verifier::Options options;
    options.type = FindProgramType(target.load.type);
    options.attach_type =
        EffectiveAttachType(options.type->id, target.load.attach_type);
    options.profile = verifier::Profile::kLinux;
    options.context_size = 168;
    options.gpl_compatible = target.load.gpl_compatible;
    options.allow_uninitialized_stack = true;
    options.sleepable = (target.load.flags & BPF_F_SLEEPABLE) != 0;
    if (types_.get() != nullptr) {
      options.kernel_btf = &types_->btf();
      options.attach_target = {
          target.load.attach_btf_id != 0 ? &types_->btf() : nullptr,
          target.load.attach_btf_id};
    }
    verifier::Log log(verifier::kLogPath, buffer_.data(), buffer_.size());
    std::vector<InsnFacts> facts(code.size());
    verifier::Stats stats;
    const Status status =
        verifier::Verify(isa::ConstInsns(code.data(), code.size()),
                         maps_->span(), options, PortAllocator(), log,
                         Span<InsnFacts>(facts.data(), facts.size()), stats);
    const StringView view = log.writer().text();
    text.assign(view.data(), view.size());
    return status == Status::kOk;
  }

  bool initialised_ = false;
  std::unique_ptr<OurMaps> maps_;
  Ref<btf::BtfObject> types_;
  std::vector<char> buffer_ = std::vector<char>(1 << 20);
  std::map<std::string, std::string> other_words_;
};

TEST_F(VerifierHostTest, CallsWithChangedArgumentsAreJudgedAlike) {
  for (const Call& call : Calls()) {
    for (int argument = -1; argument < 5; ++argument) {
      for (const Change change :
           {Change::kNothing, Change::kNull, Change::kZeroSize,
            Change::kReadOnly, Change::kPacket, Change::kOne}) {
        std::vector<isa::Insn> code;
        if ((argument < 0) != (change == Change::kNothing) ||
            !caller_->Build(call.target, *call.helper, argument, change,
                            code)) {
          continue;
        }
        code.push_back(Mov(0, 1));
        code.push_back(Exit());
        Compare(call.target, code,
                std::string(call.helper->name) + " argument " +
                    std::to_string(argument + 1) + " change " +
                    std::to_string(static_cast<int>(change)));
      }
    }
  }
  PrintOtherWords();
  EXPECT_GT(compared_, 1000u);
}

TEST_F(VerifierHostTest, CallsWithEachKindOfMapAreJudgedAlike) {
  for (const Call& call : Calls()) {
    int at = -1;
    for (int i = 0; i < 5; ++i) {
      at = call.helper->args[i] == ArgKind::kMap ? i : at;
    }
    for (uint32_t kind = 1; kind < 34 && at >= 0; ++kind) {
      std::vector<isa::Insn> code;
      if (caller_->map(kind) < 0 ||
          !caller_->Build(call.target, *call.helper, -1, Change::kNothing,
                          code)) {
        continue;
      }
      code.pop_back();
      AppendMap(code, static_cast<uint8_t>(at + 1), caller_->map(kind));
      code.push_back(CallHelper(call.helper->id));
      code.push_back(Mov(0, 1));
      code.push_back(Exit());
      Compare(call.target, code,
              std::string(call.helper->name) + " kind " + std::to_string(kind));
    }
  }
  PrintOtherWords();
  EXPECT_GT(compared_, 500u);
}

TEST_F(VerifierHostTest, AccessesToContextsAreJudgedAlike) {
  for (const Target& target : Targets()) {
    const uint32_t type = target.load.type;
    const bool any = FindProgramType(type)->attach_types == ~uint64_t{0};
    if (target.load.attach_btf_id != 0 ||
        (any && target.load.attach_type != 0)) {
      continue;
    }
    // Linux compares a tracepoint's offset as if it had no sign, and so lets a
    // program read what is before its context. We do not.
    const int16_t first = type == BPF_PROG_TYPE_TRACEPOINT ? 0 : -8;
    for (int16_t offset = first; offset < 240; ++offset) {
      for (const uint32_t size : {1u, 2u, 4u, 8u}) {
        Compare(target, {Load(size, 0, 1, offset), Mov(0, 1), Exit()},
                "load " + std::to_string(offset) + " " + std::to_string(size));
        Compare(target,
                {Mov(2, 0), Store(size, 1, offset, 2), Mov(0, 1), Exit()},
                "store " + std::to_string(offset) + " " + std::to_string(size));
      }
    }
  }
  PrintOtherWords();
  EXPECT_GT(compared_, 30000u);
}

}  // namespace
}  // namespace ebpf::oracle
