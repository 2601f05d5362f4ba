// SPDX-License-Identifier: MIT
//
// Random programs before two judges: the host kernel's verifier and ours, which
// is told to let stack be read that was not written, as the host does. What
// only the host accepts must be refused for a reason that differences.txt
// explains. What only we accept must be little, and is run: README.md tells why
// there is any.
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "testing/fuzzing/program_check.h"
#include "testing/fuzzing/program_grammar.h"
#include "testing/oracle/host_verifier.h"

namespace ebpf::oracle {
namespace {

constexpr uint32_t kKprobe = 2;

/// The reason in a log: the line above the statistics, numbers left out.
std::string Reason(const std::string& log) {
  std::istringstream lines(log);
  std::string line, reason;
  while (std::getline(lines, line)) {
    if (line.rfind("processed ", 0) == 0) {
      break;
    }
    if (!line.empty()) {
      reason = line;
    }
  }
  if (reason.rfind("unknown opcode ", 0) == 0) {
    return "unknown opcode";
  }
  std::string result;
  bool in_number = false;
  for (char c : reason) {
    const bool digit =
        std::isdigit(static_cast<unsigned char>(c)) != 0 ||
        (in_number && std::isxdigit(static_cast<unsigned char>(c)) != 0);
    if (digit && !in_number) {
      result += '#';
    } else if (!digit) {
      result += c;
    }
    in_number = digit || (in_number && c == 'x');
  }
  return result;
}

struct Tally {
  uint64_t both_accept = 0;
  uint64_t both_refuse = 0;
  uint64_t host_stumbles = 0;
  uint64_t same_reason = 0;
  std::map<std::string, uint64_t> only_we_accept;     // by the host's reason
  std::map<std::string, uint64_t> only_host_accepts;  // by ours
  std::map<std::string, uint64_t> example;
};

/// Our reasons for refusing what the host accepts, those that are explained:
/// the lines of differences.txt that are not indented.
std::set<std::string> Explained() {
  std::ifstream file("testing/oracle/differences.txt");
  std::set<std::string> explained;
  std::string line;
  while (std::getline(file, line)) {
    if (!line.empty() && line[0] != ' ' && line[0] != '#') {
      explained.insert(line);
    }
  }
  return explained;
}

uint64_t ProgramsToJudge() {
  const char* number = std::getenv("EBPF_RANDOM_PROGRAMS");
  // Some of the next ones, loops that end by may_goto or callbacks, keep the
  // host's verifier for minutes.
  return number == nullptr ? 300 : std::strtoull(number, nullptr, 10);
}

void Judge(fuzzing::ProgramChecker& checker, const verifier::TestMaps& maps,
           HostVerifier& host, uint64_t seed, Tally& tally) {
  const auto bytes = fuzzing::RandomBytes(seed, 100 + seed % 900);
  fuzzing::ByteSource source(bytes.data(), bytes.size());
  const verifier::Code code = fuzzing::DecodeProgram(source);
  verifier::Stats stats;
  std::string log;
  const Status ours =
      checker.Verify(code, maps.span(), nullptr, stats, &log, true);
  const HostVerdict theirs = host.Judge(code, kKprobe, true);
  if (IsOk(ours) && theirs.error == 0) {
    ++tally.both_accept;
  } else if (!IsOk(ours) && theirs.error != 0) {
    ++tally.both_refuse;
    tally.same_reason += Reason(log) == Reason(theirs.log) &&
                         static_cast<int>(ours) == theirs.error;
  } else if (IsOk(ours) &&
             theirs.log.find("verifier bug: ") != std::string::npos) {
    ++tally.host_stumbles;
  } else if (IsOk(ours)) {
    const std::string reason = Reason(theirs.log);
    ++tally.only_we_accept[reason];
    tally.example.emplace("accept " + reason, seed);
    for (uint64_t run = 0; run < 20; ++run) {
      const fuzzing::CheckResult checked =
          checker.Check(code, 4 * (seed + run) + 3);
      EXPECT_EQ(checked.fault, "") << "seed " << seed;
    }
  } else {
    const std::string reason = Reason(log);
    ++tally.only_host_accepts[reason];
    tally.example.emplace("refuse " + reason, seed);
  }
}

TEST(CompareHostTest, DifferencesAreExplained) {
  fuzzing::ProgramChecker checker;
  const verifier::TestMaps maps;
  HostVerifier host(maps.span());
  if (!host.usable()) {
    GTEST_SKIP() << "no bpf(2) here: " << host.reason();
  }
  Tally tally;
  const char* first = std::getenv("EBPF_FIRST_SEED");
  const uint64_t begin =
      first == nullptr ? 0 : std::strtoull(first, nullptr, 10);
  const uint64_t count = ProgramsToJudge();
  for (uint64_t seed = begin; seed < begin + count; ++seed) {
    Judge(checker, maps, host, seed, tally);
  }
  std::printf(
      "%llu programs: both accept %llu, both refuse %llu (%llu of them with "
      "one text)\n",
      static_cast<unsigned long long>(count),
      static_cast<unsigned long long>(tally.both_accept),
      static_cast<unsigned long long>(tally.both_refuse),
      static_cast<unsigned long long>(tally.same_reason));
  std::printf("the host finds a mistake of its own in %llu\n",
              static_cast<unsigned long long>(tally.host_stumbles));
  uint64_t only_we_accept = 0;
  for (const auto& [reason, number] : tally.only_we_accept) {
    only_we_accept += number;
    std::printf(
        "only we accept: %llu, first seed %llu: the host says: %s\n",
        static_cast<unsigned long long>(number),
        static_cast<unsigned long long>(tally.example["accept " + reason]),
        reason.c_str());
  }
  EXPECT_LE(only_we_accept, 1 + count / 500);
  const std::set<std::string> explained = Explained();
  for (const auto& [reason, number] : tally.only_host_accepts) {
    std::printf(
        "only the host accepts: %llu, first seed %llu: we say: %s\n",
        static_cast<unsigned long long>(number),
        static_cast<unsigned long long>(tally.example["refuse " + reason]),
        reason.c_str());
    EXPECT_TRUE(explained.count(reason) != 0) << reason;
  }
}

}  // namespace
}  // namespace ebpf::oracle
