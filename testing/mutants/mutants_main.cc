// SPDX-License-Identifier: MIT
//
// Spoils the programs of objects, asks our verifier and the host's kernel about
// each, and prints where they differ, by the host's last words:
//
//     mutants [--first SEED] [--count N] [--program NAME] OBJECT...
//
// Ends with 1 where only we accept a program. As root, on Linux.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include <vector>

#include "core/files/client.h"
#include "core/linux_abi/bpf.h"
#include "core/loader/object.h"
#include "core/memory/allocator.h"
#include "core/syscall/bpf.h"
#include "core/syscall/file_calls.h"
#include "testing/mutants/mutator.h"
#include "tools/cli/engines.h"
#include "tools/cli/kernel_types.h"

namespace ebpf::mutants {
namespace {

using linux_abi::ProgLoadAttr;

constexpr size_t kLogSize = 4 << 20;
constexpr int kPatience = 300;  // ms for one program, of the host's kernel

struct Options {
  uint64_t first = 1;
  uint64_t count = 100;
  std::string program;  // empty: all
  std::vector<std::string> objects;
};

/// What is asked about the program that the loader loads next; its calls find
/// it here.
struct Question {
  uint64_t first = 0;
  uint64_t count = 1;
  bool wants_log = false;
  Client* client = nullptr;
  // Answers.
  std::vector<int> errors;  // 0: accepted
  Code program;
  std::string log;
};
Question question;

int64_t AskUs(uint32_t command, const void* attr, uint32_t size) {
  Client& client = *question.client;
  return Bpf(client, command, client.Pointer(reinterpret_cast<uint64_t>(attr)),
             size);
}
int64_t AskHost(uint32_t command, const void* attr, uint32_t size) {
  const long result = syscall(SYS_bpf, command, attr, size);
  return result < 0 ? -errno : result;
}
int64_t CloseOurs(int fd) { return Close(*question.client, fd); }
int64_t CloseHosts(int fd) { return close(fd); }

/// The kernel gives up where a signal waits.
void SetTimer(int ms) {
  itimerval timer = {};
  timer.it_value.tv_usec = ms * 1000;
  setitimer(ITIMER_REAL, &timer, nullptr);
}

/// bpf(2) of a kernel, but PROG_LOAD: it gets the spoilt programs one by one.
template <bool kHost>
int64_t Ask(uint32_t command, const void* attr, uint32_t size) {
  const auto ask = kHost ? AskHost : AskUs;
  if (command != linux_abi::kProgLoad) {
    return ask(command, attr, size);
  }
  static std::vector<char> log(kLogSize);
  ProgLoadAttr load{};
  memcpy(&load, attr, std::min<size_t>(size, sizeof(load)));
  const auto* insns = reinterpret_cast<const isa::Insn*>(load.insns);
  question.program.assign(insns, insns + load.insn_cnt);
  load.log_level = question.wants_log ? 1 : 0;
  load.log_buf =
      question.wants_log ? reinterpret_cast<uint64_t>(log.data()) : 0;
  load.log_size = question.wants_log ? static_cast<uint32_t>(log.size()) : 0;
  for (uint64_t i = 0; i < question.count; ++i) {
    const uint64_t seed = question.first + i;
    const Code spoilt =
        seed == 0 ? question.program : Spoilt(question.program, seed);
    load.insns = reinterpret_cast<uint64_t>(spoilt.data());
    log[0] = 0;
    SetTimer(kHost ? kPatience : 0);
    const int64_t result = ask(command, &load, size);
    SetTimer(0);
    if (result >= 0) {
      (void)(kHost ? CloseHosts : CloseOurs)(static_cast<int>(result));
    }
    question.errors.push_back(result < 0 ? static_cast<int>(-result) : 0);
    question.log = question.wants_log ? log.data() : "";
  }
  return -EINVAL;  // nobody needs the program itself
}

/// One object in one of the kernels; its bytes outlive it.
class Session {
 public:
  Session(const std::string& bytes, bool host, const btf::Btf& types)
      : log_(text_, sizeof(text_)),
        client_(*Client::Create(Origin::kKernel, PortAllocator())) {
    loader::Kernel kernel;
    kernel.btf = &types;
    kernel.find_symbol = cli::FindHostSymbol;
    kernel.only_judges = true;
    kernel.bpf = host ? Ask<true> : Ask<false>;
    kernel.close = host ? CloseHosts : CloseOurs;
    question.client = client_;
    object_.emplace(*client_, PortAllocator(), log_, kernel);
    status_ = object_->Open(ConstBytes(
        reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
    if (IsOk(status_)) {
      status_ = object_->CreateMaps();
    }
  }
  ~Session() {
    question.client = client_;
    object_.reset();
    client_->Delete();
  }

  Status status() const { return status_; }
  size_t program_count() const { return object_->program_count(); }
  std::string NameOf(size_t program) const {
    const StringView name = object_->file().programs()[program].name;
    return std::string(name.data(), name.size());
  }
  /// The errors of `program` spoilt by `count` seeds; fewer where the loader
  /// itself refuses it.
  std::vector<int> Judge(size_t program, uint64_t first, uint64_t count,
                         bool wants_log = false) {
    question = Question();
    question.client = client_;
    question.first = first;
    question.count = count;
    question.wants_log = wants_log;
    (void)object_->LoadProgram(program, loader::LoadRequest());
    return question.errors;
  }

 private:
  char text_[1 << 16];
  TextWriter log_;
  Client* client_;
  std::optional<loader::Object> object_;
  Status status_ = Status::kOk;
};

/// The last line of a log that says something, numbers left out.
std::string LastWords(const std::string& log) {
  std::istringstream in(log);
  std::string line;
  std::string last;
  while (std::getline(in, line)) {
    const std::string_view text = line;
    if (!text.empty() && text.rfind("processed ", 0) != 0 &&
        text.rfind("verification time", 0) != 0 &&
        text.rfind("stack depth", 0) != 0) {
      last = line;
    }
  }
  std::string words;
  for (const char c : last.substr(0, 100)) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit || words.empty() || words.back() != '#') {
      words += digit ? '#' : c;
    }
  }
  return words;
}

struct Class {
  uint64_t count = 0;
  std::string example;
};

/// What came of all programs.
struct Table {
  uint64_t programs = 0;
  uint64_t both = 0;
  uint64_t neither = 0;
  uint64_t only_host = 0;
  uint64_t undecided = 0;  // the host had no time, or no right
  std::map<std::string, Class> only_we;

  void Print() const {
    uint64_t wrong = 0;
    for (const auto& [words, one] : only_we) {
      printf("only we accept %llu, where Linux says \"%s\": %s\n",
             static_cast<unsigned long long>(one.count), words.c_str(),
             one.example.c_str());
      wrong += one.count;
    }
    printf(
        "%llu programs; spoilt: both accept %llu, both refuse %llu, only the "
        "host accepts %llu, only we %llu, not decided %llu\n",
        static_cast<unsigned long long>(programs),
        static_cast<unsigned long long>(both),
        static_cast<unsigned long long>(neither),
        static_cast<unsigned long long>(only_host),
        static_cast<unsigned long long>(wrong),
        static_cast<unsigned long long>(undecided));
  }
};

bool IsUndecided(int error) {
  return error == EAGAIN || error == EFAULT || error == EPERM || error == EBUSY;
}

void Compare(Session& own, Session& host, size_t program,
             const Options& options, const std::string& path, Table& table) {
  const std::vector<int> ours =
      own.Judge(program, options.first, options.count);
  const std::vector<int> hosts =
      host.Judge(program, options.first, options.count);
  table.programs += ours.empty() || hosts.empty() ? 0 : 1;
  for (size_t i = 0; i < std::min(ours.size(), hosts.size()); ++i) {
    if (IsUndecided(hosts[i])) {
      ++table.undecided;
    } else if ((ours[i] == 0) == (hosts[i] == 0)) {
      ++(ours[i] == 0 ? table.both : table.neither);
    } else if (ours[i] != 0) {
      ++table.only_host;
    } else {
      const uint64_t seed = options.first + i;
      (void)host.Judge(program, seed, 1, true);
      Class& one = table.only_we[LastWords(question.log)];
      ++one.count;
      one.example = path + " --program " + own.NameOf(program) + " --first " +
                    std::to_string(seed) + " --count 1";
    }
  }
}

bool Read(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.rfind("--", 0) != 0) {
      options.objects.emplace_back(word);
    } else if (++i == argc) {
      return false;
    } else if (word == "--first") {
      options.first = strtoull(argv[i], nullptr, 0);
    } else if (word == "--count") {
      options.count = strtoull(argv[i], nullptr, 0);
    } else if (word == "--program") {
      options.program = argv[i];
    } else {
      return false;
    }
  }
  return !options.objects.empty();
}

int Main(int argc, char** argv) {
  Options options;
  if (!Read(argc, argv, options)) {
    fprintf(stderr,
            "usage: mutants [--first SEED] [--count N] [--program NAME] "
            "OBJECT...\n");
    return 2;
  }
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  sigaction(SIGALRM, &action, nullptr);
  const Ref<btf::BtfObject> types = cli::ReadKernelTypes(cli::kHostBtf);
  KernelView view;
  view.profile = verifier::Profile::kLinux;
  view.btf = &types->btf();
  const cli::Runtime runtime(nullptr, view);
  Table table;
  for (const std::string& path : options.objects) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream all;
    all << in.rdbuf();
    const std::string bytes = all.str();
    Session own(bytes, false, types->btf());
    Session host(bytes, true, types->btf());
    if (!IsOk(own.status()) || !IsOk(host.status())) {
      printf("%s: errno %d here, %d there\n", path.c_str(),
             static_cast<int>(own.status()), static_cast<int>(host.status()));
      continue;
    }
    for (size_t i = 0; i < own.program_count(); ++i) {
      if (options.program.empty() || own.NameOf(i) == options.program) {
        Compare(own, host, i, options, path, table);
      }
    }
  }
  table.Print();
  return table.only_we.empty() ? 0 : 1;
}

}  // namespace
}  // namespace ebpf::mutants

int main(int argc, char** argv) { return ebpf::mutants::Main(argc, argv); }
