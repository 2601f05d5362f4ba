// SPDX-License-Identifier: MIT
//
// Random programs before two judges: the host kernel's verifier and ours, which
// is told to let stack be read that was not written, as the host does. What
// only the host accepts must be refused for a reason that differences.txt
// explains. What only we accept must be little, and is run: README.md tells why
// there is any.
#include <algorithm>
#include <cctype>
#include <cerrno>
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

using fuzzing::Target;

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

/// What is in the programs, as far as their instructions tell.
struct Contents {
  uint64_t loops = 0;
  uint64_t spills = 0;
  uint64_t variable_offsets = 0;
  uint64_t functions = 0;
  uint64_t packets = 0;
  uint64_t helper_pointers = 0;
  std::vector<size_t> sizes;

  void Add(const verifier::Code& code, Target target);
  void Print() const;
};

void Contents::Add(const verifier::Code& code, Target target) {
  bool loop = false, spill = false, variable = false, function = false;
  bool packet = false, helper = false;
  for (size_t i = 0; i < code.size(); ++i) {
    const isa::Insn& insn = code[i];
    const uint8_t operation_class = insn.opcode & 7;
    const bool jumps = operation_class == 5 || operation_class == 6;
    const bool calls = insn.opcode == 0x85;
    loop |= (jumps && !calls && insn.offset < 0) || insn.opcode == 0xe5;
    spill |= insn.opcode == 0x7b && insn.dst == isa::kFramePointer;
    variable |= insn.opcode == 0x0f;
    function |=
        (calls && insn.src == 1) || (insn.opcode == 0x18 && insn.src == 4);
    helper |= calls && insn.src == 0 && i != 0 && code[i - 1].opcode != 0x85;
    packet |= target == Target::kPacket && insn.opcode == 0x61 &&
              insn.offset == fuzzing::kPacketBegin;
  }
  loops += loop;
  spills += spill;
  variable_offsets += variable;
  functions += function;
  packets += packet;
  helper_pointers += helper;
  sizes.push_back(code.size());
}

void Contents::Print() const {
  std::vector<size_t> sorted = sizes;
  std::sort(sorted.begin(), sorted.end());
  const auto percent = [&](uint64_t part) {
    return 100.0 * static_cast<double>(part) /
           static_cast<double>(sorted.size());
  };
  std::printf(
      "median %zu insns; with loops %.0f %%, spills %.0f %%, variable offsets "
      "%.0f %%, functions %.0f %%, packets %.0f %%, helpers %.0f %%\n",
      sorted.empty() ? 0 : sorted[sorted.size() / 2], percent(loops),
      percent(spills), percent(variable_offsets), percent(functions),
      percent(packets), percent(helper_pointers));
}

struct Tally {
  Contents contents;
  uint64_t both_accept = 0;
  uint64_t both_refuse = 0;
  uint64_t host_stumbles = 0;
  uint64_t host_gives_up = 0;  // after a second
  uint64_t compared = 0;       // refusals of both, by their reasons
  uint64_t same_reason = 0;
  uint64_t checked_runs = 0;
  std::map<std::string, uint64_t> only_we_accept;     // by the host's reason
  std::map<std::string, uint64_t> only_host_accepts;  // by ours
  std::map<std::string, uint64_t> example;
  std::map<std::string, uint64_t> refusals;  // of both, by the host's reason
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

uint64_t NumberFrom(const char* variable, uint64_t otherwise) {
  const char* number = std::getenv(variable);
  return number == nullptr ? otherwise : std::strtoull(number, nullptr, 10);
}

void Judge(fuzzing::ProgramChecker& checker, const verifier::TestMaps& maps,
           HostVerifier& host, uint64_t seed, Tally& tally) {
  const Target target = seed % 2 == 0 ? Target::kFunction : Target::kPacket;
  const auto bytes = fuzzing::RandomBytes(seed, 100 + seed % 900);
  fuzzing::ByteSource source(bytes.data(), bytes.size());
  const verifier::Code code = fuzzing::DecodeProgram(source, target);
  tally.contents.Add(code, target);
  verifier::Stats stats;
  std::string log;
  const Status ours =
      checker.Verify(code, maps.span(), nullptr, stats, &log, true, target);
  HostVerdict theirs = host.Judge(code, fuzzing::TypeOf(target), true, false);
  if (IsOk(ours) != (theirs.error == 0) || seed % 16 == 0) {
    // The reason, too, which takes longer.
    theirs = host.Judge(code, fuzzing::TypeOf(target), true);
  }
  if (theirs.error == EAGAIN) {
    ++tally.host_gives_up;
  } else if (IsOk(ours) && theirs.error == 0) {
    ++tally.both_accept;
  } else if (!IsOk(ours) && theirs.error != 0) {
    ++tally.both_refuse;
    if (theirs.log.empty()) {
      return;
    }
    ++tally.compared;
    ++tally.refusals[Reason(theirs.log)];
    tally.same_reason += Reason(log) == Reason(theirs.log) &&
                         static_cast<int>(ours) == theirs.error;
  } else if (IsOk(ours) &&
             theirs.log.find("verifier bug: ") != std::string::npos) {
    ++tally.host_stumbles;
  } else if (IsOk(ours)) {
    const std::string reason = Reason(theirs.log);
    ++tally.only_we_accept[reason];
    tally.example.emplace("we accept, the host says " + reason, seed);
    if (std::getenv("EBPF_VERBOSE") != nullptr) {
      std::printf("seed %llu:\n%s\n", static_cast<unsigned long long>(seed),
                  theirs.log.c_str());
    }
    for (uint64_t run = 0; run < NumberFrom("EBPF_CHECKED_RUNS", 20); ++run) {
      ++tally.checked_runs;
      const fuzzing::CheckResult checked =
          checker.Check(code, 4 * (seed + run) + 3, nullptr, target);
      EXPECT_EQ(checked.fault, "") << "seed " << seed;
    }
  } else {
    const std::string reason = Reason(log);
    ++tally.only_host_accepts[reason];
    tally.example.emplace("the host accepts, we say " + reason, seed);
    if (std::getenv("EBPF_VERBOSE") != nullptr) {
      std::printf("seed %llu:\n%s\n", static_cast<unsigned long long>(seed),
                  log.c_str());
    }
  }
}

TEST(CompareHostTest, DifferencesAreExplained) {
  fuzzing::ProgramChecker checker;
  const verifier::TestMaps maps;
  // An array of programs takes those of one type.
  HostVerifier hosts[] = {HostVerifier(maps.span()), HostVerifier(maps.span())};
  if (!hosts[0].usable()) {
    GTEST_SKIP() << "no bpf(2) here: " << hosts[0].reason();
  }
  for (HostVerifier& host : hosts) {
    // Loops that end by may_goto or callbacks would keep it for minutes.
    host.SetTimeLimit(
        static_cast<unsigned>(NumberFrom("EBPF_TIME_LIMIT", 300)));
  }
  Tally tally;
  const uint64_t begin = NumberFrom("EBPF_FIRST_SEED", 0);
  const uint64_t count = NumberFrom("EBPF_RANDOM_PROGRAMS", 1000);
  for (uint64_t seed = begin; seed < begin + count; ++seed) {
    Judge(checker, maps, hosts[seed % 2], seed, tally);
  }
  std::printf(
      "%llu programs: both accept %llu, both refuse %llu (of %llu compared, "
      "%llu "
      "with one text)\n",
      static_cast<unsigned long long>(count),
      static_cast<unsigned long long>(tally.both_accept),
      static_cast<unsigned long long>(tally.both_refuse),
      static_cast<unsigned long long>(tally.compared),
      static_cast<unsigned long long>(tally.same_reason));
  tally.contents.Print();
  std::printf(
      "the host finds a mistake of its own in %llu, and does not end in time "
      "%llu\n",
      static_cast<unsigned long long>(tally.host_stumbles),
      static_cast<unsigned long long>(tally.host_gives_up));
  for (const auto& [reason, number] : tally.refusals) {
    if (number * 50 >= tally.compared) {
      std::printf("both refuse: %llu: %s\n",
                  static_cast<unsigned long long>(number), reason.c_str());
    }
  }
  std::printf("programs that only we accept ran %llu times\n",
              static_cast<unsigned long long>(tally.checked_runs));
  uint64_t only_we_accept = 0;
  for (const auto& [reason, number] : tally.only_we_accept) {
    only_we_accept += number;
    std::printf("only we accept: %llu, first seed %llu: the host says: %s\n",
                static_cast<unsigned long long>(number),
                static_cast<unsigned long long>(
                    tally.example["we accept, the host says " + reason]),
                reason.c_str());
  }
  EXPECT_LE(only_we_accept, 1 + count / 500);
  const std::set<std::string> explained = Explained();
  for (const auto& [reason, number] : tally.only_host_accepts) {
    std::printf("only the host accepts: %llu, first seed %llu: we say: %s\n",
                static_cast<unsigned long long>(number),
                static_cast<unsigned long long>(
                    tally.example["the host accepts, we say " + reason]),
                reason.c_str());
    EXPECT_TRUE(explained.count(reason) != 0) << reason;
  }
}

}  // namespace
}  // namespace ebpf::oracle
