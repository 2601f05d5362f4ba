// SPDX-License-Identifier: MIT
//
// BTFs before two judges, the host kernel's BPF_BTF_LOAD and ours: each case of
// core/btf's table, and BTFs that clang made with one or two words spoilt. What
// they say must be the same, errno and log, but for what a younger kernel
// knows, which is in a table here.
#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/btf/btf_object.h"
#include "core/btf/validate.h"
#include "core/btf/validate_cases.h"
#include "core/elf/elf_reader.h"
#include "gtest/gtest.h"
#include "testing/oracle/host_btf.h"

namespace ebpf::oracle {
namespace {

using Blob = std::vector<uint8_t>;

constexpr size_t kHeaderSize = 24;

HostBtfVerdict JudgeOurs(const Blob& blob) {
  static std::vector<char> buffer(1 << 24);
  TextWriter log(buffer.data(), buffer.size());
  const ConstBytes bytes(blob.data(), blob.size());
  const Status status = btf::Validate(bytes, PortAllocator(), &log);
  if (IsOk(status)) {
    // What is judged good can be used.
    EXPECT_TRUE(btf::BtfObject::Create(bytes, PortAllocator()).ok());
  }
  return {static_cast<int>(status),
          std::string(log.text().data(), log.text().size())};
}

std::string LastLine(const std::string& log) {
  const size_t end = log.find_last_not_of('\n');
  if (end == std::string::npos) {
    return "";
  }
  const size_t begin = log.rfind('\n', end);
  return log.substr(begin == std::string::npos ? 0 : begin + 1,
                    end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

/// Where a host that is younger than Linux 6.12 says something else: what our
/// last line then has. Empty: no such place.
std::string YoungerFeature(const std::string& ours) {
  const std::string line = LastLine(ours);
  const bool flag =
      line.find("Invalid btf_info kind_flag") != std::string::npos;
  if (flag && (line.find("] DECL_TAG ") != std::string::npos ||
               line.find("] TYPE_TAG ") != std::string::npos)) {
    return "6.14: kind_flag of tags, which are attributes then";
  }
  if (line.find("(invalid-name-offset)") != std::string::npos) {
    return "a name of more than 512 characters, which we do not repeat";
  }
  return "";
}

class CompareBtfTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = WhyNoBtf();
    if (!reason.empty()) {
      GTEST_SKIP() << "NO ORACLE: " << reason;
    }
  }
};

TEST_F(CompareBtfTest, HostJudgesTheTableAsWeDo) {
  const std::vector<btf::ValidateCase> cases = btf::ValidateCases();
  int logs = 0;
  for (const btf::ValidateCase& c : cases) {
    SCOPED_TRACE(c.name);
    const HostBtfVerdict host = JudgeBtf(c.blob);
    const HostBtfVerdict ours = JudgeOurs(c.blob);
    EXPECT_EQ(host.error, static_cast<int>(c.status)) << host.log;
    EXPECT_EQ(ours.error, host.error) << host.log;
    EXPECT_NE(host.log.find(c.message), std::string::npos) << host.log;
    if (YoungerFeature(ours.log).empty()) {
      EXPECT_EQ(ours.log, host.log);
      ++logs;
    }
  }
  printf("%zu cases, %d of them with the host's log\n", cases.size(), logs);
}

Blob ReadBtf(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::vector<char> file((std::istreambuf_iterator<char>(in)),
                               std::istreambuf_iterator<char>());
  const Result<elf::ElfReader> reader = elf::ElfReader::Open(
      ConstBytes(reinterpret_cast<const uint8_t*>(file.data()), file.size()));
  for (uint32_t i = 0; reader.ok() && i < reader->section_count(); ++i) {
    const Result<elf::Section> section = reader->SectionAt(i);
    if (section.ok() && section->name == ".BTF") {
      return Blob(section->data.begin(), section->data.end());
    }
  }
  return {};
}

/// Spoils words and bytes where it hurts: mostly in the types.
class Spoiler {
 public:
  explicit Spoiler(uint32_t seed) : random_(seed) {}

  uint32_t Below(size_t limit) {
    return static_cast<uint32_t>(random_() % limit);
  }

  void Spoil(Blob& blob) {
    uint32_t type_size = 0;
    memcpy(&type_size, blob.data() + 12, 4);
    if (type_size < 4 || kHeaderSize + type_size >= blob.size()) {
      return;
    }
    uint8_t* types = blob.data() + kHeaderSize;
    uint8_t* word = types + 4 * Below(type_size / 4);
    uint8_t* other = types + 4 * Below(type_size / 4);
    uint32_t value = 0;
    switch (Below(10)) {
      case 0:
        blob[Below(blob.size())] = static_cast<uint8_t>(random_());
        break;
      case 1:
        blob[Below(kHeaderSize)] = static_cast<uint8_t>(Below(40));
        break;
      case 2:
        types[Below(type_size)] ^= static_cast<uint8_t>(1 << Below(8));
        break;
      case 3:  // a text
        blob[kHeaderSize + type_size +
             Below(blob.size() - kHeaderSize - type_size)] =
            static_cast<uint8_t>(random_());
        break;
      case 4:  // two words change places
        memcpy(&value, word, 4);
        memcpy(word, other, 4);
        memcpy(other, &value, 4);
        break;
      case 5:  // a little more or less
        memcpy(&value, word, 4);
        value += Below(9) - 4;
        memcpy(word, &value, 4);
        break;
      case 6:  // a kind
        word[3] = static_cast<uint8_t>(Below(20) | (Below(4) == 0 ? 128 : 0));
        break;
      default:  // an id
        value = Below(60);
        memcpy(word, &value, 4);
        break;
    }
  }

 private:
  std::mt19937 random_;
};

TEST_F(CompareBtfTest, HostJudgesSpoiltBtfAsWeDo) {
  std::vector<Blob> seeds;
  for (const char* program : {"count", "events", "print"}) {
    seeds.push_back(
        ReadBtf(std::string("testing/programs/") + program + ".x86_64.bpf.o"));
    ASSERT_FALSE(seeds.back().empty()) << program;
  }
  for (const btf::ValidateCase& c : btf::ValidateCases()) {
    if (c.status == Status::kOk && c.blob.size() < 4096) {
      seeds.push_back(c.blob);
    }
  }
  const char* wanted = getenv("EBPF_RANDOM_BTFS");
  const int rounds = wanted == nullptr ? 20000 : atoi(wanted);
  Spoiler spoiler(1);
  std::map<std::string, int> excused;
  int accepted = 0;
  for (int i = 0; i < rounds; ++i) {
    // As many of clang's as of the table's.
    Blob blob = spoiler.Below(2) == 0 ? seeds[spoiler.Below(3)]
                                      : seeds[spoiler.Below(seeds.size())];
    for (uint32_t n = 1 + spoiler.Below(2); n > 0; --n) {
      spoiler.Spoil(blob);
    }
    const HostBtfVerdict host = JudgeBtf(blob);
    const HostBtfVerdict ours = JudgeOurs(blob);
    accepted += host.error == 0;
    if (host.error == ours.error && host.log == ours.log) {
      continue;
    }
    const std::string feature = YoungerFeature(ours.log);
    ++excused[feature];
    ASSERT_FALSE(feature.empty())
        << "round " << i << ": host " << host.error << ", ours " << ours.error
        << "\nhost: " << LastLine(host.log) << "\nours: " << LastLine(ours.log);
  }
  printf("%d spoilt BTFs, %d of them accepted\n", rounds, accepted);
  for (const auto& [feature, count] : excused) {
    printf("%6d %s\n", count, feature.c_str());
  }
  EXPECT_GT(accepted, rounds / 20);
}

}  // namespace
}  // namespace ebpf::oracle
