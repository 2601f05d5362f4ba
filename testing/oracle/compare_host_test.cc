// SPDX-License-Identifier: MIT
//
// Random programs before two judges: the host kernel's verifier and ours, which
// is told to let stack be read that was not written, as the host does. What
// only the host accepts must be refused for a reason that differences.txt
// explains. What only we accept must be of a class that only_ours.txt has, and
// is run. README.md tells what the environment may ask for.
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "testing/fuzzing/program_check.h"
#include "testing/fuzzing/program_grammar.h"
#include "testing/oracle/host_verifier.h"
#include "testing/oracle/only_ours.h"
#include "testing/oracle/program_contents.h"

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
  for (const char* start :
       {"unknown opcode", "BPF_ATOMIC uses invalid atomic opcode"}) {
    if (reason.rfind(start, 0) == 0) {
      return start;
    }
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

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Our reasons for refusing what the host accepts, those that are explained:
/// the lines of differences.txt that are not indented.
std::set<std::string> Explained() {
  std::istringstream lines(ReadFile("testing/oracle/differences.txt"));
  std::set<std::string> explained;
  std::string line;
  while (std::getline(lines, line)) {
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

/// What is judged: a program, by its seed, and the host's verdict if it is
/// known from an earlier run.
struct Case {
  uint64_t seed = 0;
  bool judged = false;
  int error = 0;
};

std::vector<Case> Cases() {
  std::vector<Case> cases;
  if (const char* path = std::getenv("EBPF_SEEDS_FILE"); path != nullptr) {
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line)) {
      Case one;
      std::istringstream words(line);
      if (words >> one.seed) {
        one.judged = static_cast<bool>(words >> one.error);
        cases.push_back(one);
      }
    }
    return cases;
  }
  const uint64_t begin = NumberFrom("EBPF_FIRST_SEED", 0);
  const uint64_t count = NumberFrom("EBPF_RANDOM_PROGRAMS", 1000);
  for (uint64_t seed = begin; seed < begin + count; ++seed) {
    cases.push_back({seed, false, 0});
  }
  return cases;
}

struct Program {
  uint64_t seed;
  Target target;
  verifier::Code code;
};

Program MakeProgram(uint64_t seed) {
  const Target target = seed % 2 == 0 ? Target::kFunction : Target::kPacket;
  const auto bytes = fuzzing::RandomBytes(seed, 100 + seed % 900);
  fuzzing::ByteSource source(bytes.data(), bytes.size());
  return {seed, target, fuzzing::DecodeProgram(source, target)};
}

/// A program that only we accept.
struct OnlyOurs {
  uint64_t seed;
  uint32_t instruction;
};

struct Tally {
  ProgramContents contents;
  uint64_t both_accept = 0;
  uint64_t both_refuse = 0;
  uint64_t host_stumbles = 0;
  uint64_t host_gives_up = 0;  // after the time limit
  uint64_t compared = 0;       // refusals of both, by their reasons
  uint64_t same_reason = 0;
  uint64_t behind_tail_calls = 0;  // only the host accepts, for 6.18's feature
  std::map<std::string, std::vector<OnlyOurs>> only_ours;  // by class
  std::map<std::string, std::vector<uint64_t>> only_host;  // by our reason
  std::map<std::string, uint64_t> refusals;  // of both, by the host's reason

  uint64_t OnlyHost() const {
    uint64_t count = 0;
    for (const auto& [reason, seeds] : only_host) {
      count += seeds.size();
    }
    return count;
  }
  uint64_t HostAccepts() const {
    return both_accept + behind_tail_calls + OnlyHost();
  }
};

/// `part` of `whole`.
double Percent(uint64_t part, uint64_t whole) {
  return whole == 0
             ? 0
             : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

unsigned long long Wide(uint64_t number) { return number; }

class CompareHostTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!hosts_[0].usable()) {
      GTEST_SKIP() << "no bpf(2) here: " << hosts_[0].reason();
    }
    for (HostVerifier& host : hosts_) {
      // Loops that end by may_goto or callbacks would keep it for minutes.
      host.SetTimeLimit(
          static_cast<unsigned>(NumberFrom("EBPF_TIME_LIMIT", 300)));
    }
    std::string error;
    classes_ = ParseOnlyOurs(ReadFile("testing/oracle/only_ours.txt"), error);
    ASSERT_EQ(error, "");
    ASSERT_LE(classes_.size(), 20u);
    if (const char* path = std::getenv("EBPF_SEEDS_OUT"); path != nullptr) {
      seeds_out_.open(path);
    }
  }

  void Judge(const Case& one);
  HostVerdict AskHost(const Program& program, bool log) {
    return hosts_[program.seed % 2].Judge(
        program.code, fuzzing::TypeOf(program.target), true, log ? 1 : 0);
  }
  Status AskOurs(const Program& program, std::string* log = nullptr,
                 std::vector<InsnFacts>* facts = nullptr) {
    verifier::Stats stats;
    return checker_.Verify(program.code, maps_.span(), nullptr, stats, log,
                           true, program.target, facts);
  }
  void BothRefuse(const Program& program, const HostVerdict& host);
  void OnlyWeAccept(const Program& program, const std::string& host_log);
  void OnlyTheHostAccepts(const Program& program);
  bool AcceptedWithoutTailCalls(Program program);
  void RunOnlyOurs();
  void PrintCounts(uint64_t count) const;
  void PrintOnlyHost();

  fuzzing::ProgramChecker checker_;
  const verifier::TestMaps maps_;
  // An array of programs takes those of one type.
  HostVerifier hosts_[2] = {HostVerifier(maps_.span()),
                            HostVerifier(maps_.span())};
  std::vector<OnlyOursClass> classes_;
  std::ofstream seeds_out_;
  Tally tally_;
};

void CompareHostTest::BothRefuse(const Program& program,
                                 const HostVerdict& host) {
  ++tally_.both_refuse;
  if (host.log.empty()) {
    return;
  }
  std::string log;
  const Status ours = AskOurs(program, &log);
  ++tally_.compared;
  ++tally_.refusals[Reason(host.log)];
  tally_.same_reason +=
      Reason(log) == Reason(host.log) && static_cast<int>(ours) == host.error;
}

void CompareHostTest::OnlyWeAccept(const Program& program,
                                   const std::string& host_log) {
  if (host_log.find("verifier bug: ") != std::string::npos) {
    ++tally_.host_stumbles;
    return;
  }
  std::vector<InsnFacts> facts;
  (void)AskOurs(program, nullptr, &facts);
  const OnlyOursReason reason = Classify(classes_, host_log, facts);
  if (std::getenv("EBPF_VERBOSE") != nullptr || reason.of == nullptr) {
    std::printf("seed %llu:\n%s\n", Wide(program.seed), host_log.c_str());
  }
  EXPECT_NE(reason.of, nullptr)
      << "seed " << program.seed << ": only_ours.txt has no class for this";
  if (reason.of != nullptr) {
    tally_.only_ours[reason.of->name].push_back(
        {program.seed, reason.instruction});
  }
}

/// Whether it would be accepted if its tail calls were calls that do nothing.
bool CompareHostTest::AcceptedWithoutTailCalls(Program program) {
  constexpr int32_t kTailCall = 12;
  constexpr int32_t kRandom = 7;
  bool has_one = false;
  for (size_t i = 0; i < program.code.size(); ++i) {
    isa::Insn& insn = program.code[i];
    if (insn.opcode == 0x18) {
      ++i;
    } else if (insn.opcode == 0x85 && insn.src == 0 && insn.imm == kTailCall) {
      insn.imm = kRandom;
      has_one = true;
    }
  }
  return has_one && IsOk(AskOurs(program));
}

void CompareHostTest::OnlyTheHostAccepts(const Program& program) {
  std::string log;
  (void)AskOurs(program, &log);
  if (std::getenv("EBPF_VERBOSE") != nullptr) {
    std::printf("seed %llu:\n%s\n", Wide(program.seed), log.c_str());
  }
  const std::string reason = Reason(log);
  if (program.target == Target::kPacket && AcceptedWithoutTailCalls(program)) {
    ++tally_.behind_tail_calls;
  } else {
    tally_.only_host[reason].push_back(program.seed);
  }
}

void CompareHostTest::Judge(const Case& one) {
  const Program program = MakeProgram(one.seed);
  tally_.contents.Add(program.code, program.target);
  const bool accepted = IsOk(AskOurs(program));
  HostVerdict host{one.error, ""};
  if (!one.judged) {
    host = AskHost(program, false);
  }
  if (accepted != (host.error == 0) || (!one.judged && one.seed % 16 == 0)) {
    // The reason, too, which takes longer.
    host = host.error == EAGAIN ? host : AskHost(program, true);
  }
  const char* kind = "both";
  if (host.error == EAGAIN) {
    ++tally_.host_gives_up;
    kind = "slow";
  } else if (accepted && host.error == 0) {
    ++tally_.both_accept;
  } else if (!accepted && host.error != 0) {
    BothRefuse(program, host);
  } else if (accepted) {
    OnlyWeAccept(program, host.log);
    kind = "ours";
  } else {
    OnlyTheHostAccepts(program);
    kind = "host";
  }
  if (seeds_out_.is_open()) {
    seeds_out_ << one.seed << " " << host.error << " " << kind << "\n";
  }
}

/// Each class runs at least as often as was asked, its programs in turn.
void CompareHostTest::RunOnlyOurs() {
  const uint64_t wanted = NumberFrom("EBPF_CHECKED_RUNS", 100);
  for (const auto& [name, programs] : tally_.only_ours) {
    const uint64_t each = (wanted + programs.size() - 1) / programs.size();
    uint64_t runs = 0, reached = 0, steps = 0, faults = 0;
    for (const OnlyOurs& one : programs) {
      const Program program = MakeProgram(one.seed);
      const fuzzing::CheckResult result =
          checker_.CheckRuns(program.code, one.seed * 1'000'003, each,
                             program.target, one.instruction);
      EXPECT_EQ(result.fault, "") << "seed " << one.seed;
      faults += !result.fault.empty();
      runs += each;
      reached += result.reached;
      steps += result.steps;
    }
    std::printf(
        "only we accept: %zu, first seed %llu: %s; ran %llu times, %llu to "
        "the place, %llu steps, %llu faults\n",
        programs.size(), Wide(programs.front().seed), name.c_str(), Wide(runs),
        Wide(reached), Wide(steps), Wide(faults));
  }
}

void CompareHostTest::PrintCounts(uint64_t count) const {
  std::printf(
      "%llu programs: both accept %llu, both refuse %llu (of %llu compared, "
      "%llu with one text); the host accepts %.1f %%\n",
      Wide(count), Wide(tally_.both_accept), Wide(tally_.both_refuse),
      Wide(tally_.compared), Wide(tally_.same_reason),
      Percent(tally_.HostAccepts(), count));
  std::printf("%s\n", tally_.contents.Text().c_str());
  std::printf(
      "the host finds a mistake of its own in %llu, and does not end in time "
      "%llu\n",
      Wide(tally_.host_stumbles), Wide(tally_.host_gives_up));
  for (const auto& [reason, number] : tally_.refusals) {
    if (number * 50 >= tally_.compared) {
      std::printf("both refuse: %llu: %s\n", Wide(number), reason.c_str());
    }
  }
}

void CompareHostTest::PrintOnlyHost() {
  const std::set<std::string> explained = Explained();
  for (const auto& [reason, seeds] : tally_.only_host) {
    std::printf("only the host accepts: %zu, first seed %llu: we say: %s\n",
                seeds.size(), Wide(seeds.front()), reason.c_str());
    EXPECT_TRUE(explained.count(reason) != 0) << reason;
  }
  std::printf(
      "only the host accepts: %llu, and %llu for 6.18's packets behind tail "
      "calls; wrongly refused: %.3f %% of the %llu that it accepts\n",
      Wide(tally_.OnlyHost()), Wide(tally_.behind_tail_calls),
      Percent(tally_.OnlyHost(), tally_.HostAccepts()),
      Wide(tally_.HostAccepts()));
}

TEST_F(CompareHostTest, DifferencesAreExplained) {
  const std::vector<Case> cases = Cases();
  for (const Case& one : cases) {
    Judge(one);
  }
  PrintCounts(cases.size());
  RunOnlyOurs();
  PrintOnlyHost();
  if (std::getenv("EBPF_SEEDS_FILE") != nullptr || cases.size() < 1000) {
    return;  // not at random, or too few to tell
  }
  uint64_t only_ours = 0;
  for (const auto& [name, programs] : tally_.only_ours) {
    only_ours += programs.size();
  }
  EXPECT_LE(only_ours, cases.size() / 500);
  EXPECT_LE(Percent(tally_.OnlyHost(), tally_.HostAccepts()), 1.0);
  EXPECT_GE(Percent(tally_.HostAccepts(), cases.size()), 30);
  EXPECT_LE(Percent(tally_.HostAccepts(), cases.size()), 70);
  const ProgramContents& contents = tally_.contents;
  EXPECT_GE(contents.Median(), 50u);
  for (const uint64_t part :
       {contents.loops, contents.spills, contents.variable_offsets,
        contents.functions, contents.packets, contents.helper_pointers}) {
    EXPECT_GE(contents.Percent(part), 25);
  }
}

}  // namespace
}  // namespace ebpf::oracle
