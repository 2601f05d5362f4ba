// SPDX-License-Identifier: MIT
//
// Records that the host made: its own text of them, and our printer's, by the
// host's formats. And which of its formats our printer understands.
#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "core/platform/symbols.h"
#include "core/tracepoints/print_format.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_symbols.h"
#include "testing/linux_tracefs/host_tracefs.h"
#include "testing/linux_tracefs/raw_page.h"

namespace ebpf {
namespace {

/// An event of the host's, out of its `format` file.
struct HostEvent {
  explicit HostEvent(const std::string& format) {
    std::smatch match;
    std::regex_search(format, match, std::regex("name: (\\w+)\nID: ([0-9]+)"));
    name = match[1];
    id = std::stoi(match[2]);
    print_format = format.substr(format.find("\nprint fmt: ") + 12);
    print_format.resize(print_format.find_last_not_of('\n') + 1);
    static const std::regex kField(
        "\tfield:([^;]*?) ?(\\w+)(\\[[^;]*\\])?;\toffset:([0-9]+);"
        "\tsize:([0-9]+);\tsigned:([01]);");
    for (std::sregex_iterator at(format.begin(), format.end(), kField), end;
         at != end; ++at) {
      const std::smatch& field = *at;
      if (field[2].str().starts_with("common_")) {
        continue;
      }
      texts.push_back(
          std::make_unique<std::string>(field[1].str() + field[3].str()));
      const std::string& type = *texts.back();
      texts.push_back(std::make_unique<std::string>(field[2].str()));
      EventField made;
      made.type = StringView(type.data(), type.size());
      made.name = StringView(texts.back()->data(), texts.back()->size());
      made.offset = static_cast<uint16_t>(std::stoi(field[4]));
      made.size = static_cast<uint16_t>(std::stoi(field[5]));
      made.is_signed = field[6] == "1";
      const bool is_array = field[3].matched;
      made.kind = type == "__data_loc char[]" ? FieldKind::kDynamicText
                  : is_array && type.starts_with("char[") ? FieldKind::kText
                  : is_array || made.size > 8             ? FieldKind::kBytes
                                                          : FieldKind::kInteger;
      fields.push_back(made);
    }
  }

  std::string Print(const std::string& record) const {
    std::string text(8192, '\0');
    TextWriter writer(text.data(), text.size());
    PrintRecord(writer, StringView(print_format.data(), print_format.size()),
                Span<const EventField>(fields.data(), fields.size()),
                ConstBytes(reinterpret_cast<const uint8_t*>(record.data()),
                           record.size()));
    text.resize(writer.text().size());
    return text;
  }
  bool IsUnderstood() const {
    size_t size = 8;
    for (const EventField& field : fields) {
      size = std::max<size_t>(size, field.offset + field.size);
    }
    return !Print(std::string(size, '\0')).starts_with("[FAILED");
  }

  std::string name;
  int id = 0;
  std::string print_format;
  std::vector<EventField> fields;
  std::vector<std::unique_ptr<std::string>> texts;
};

/// The host's functions, for those of their addresses that a record has.
class HostFunctions {
 public:
  HostFunctions() {
    std::ifstream file("/proc/kallsyms");
    std::string line;
    while (std::getline(file, line)) {
      std::istringstream words(line);
      uint64_t address;
      std::string kind;
      std::string name;
      std::string module;
      words >> std::hex >> address >> kind >> name >> module;
      // The first of several at one place is not always Linux's choice.
      if (address != 0) {
        names_[address].insert(module.empty() ? name : name + " " + module);
      }
    }
  }
  /// Those that the words of `record` are in are the host port's, too. False:
  /// one has several names, or it is in this program, which Linux does not
  /// look at.
  bool AddOf(const std::string& record) {
    bool is_clear = true;
    for (size_t at = 8; at + 8 <= record.size(); at += 8) {
      uint64_t word;
      memcpy(&word, record.data() + at, sizeof(word));
      ebpf_symbol own;
      is_clear = is_clear &&
                 (word >> 63 != 0 || !ebpf_port_symbol_by_address(word, &own));
      auto next = names_.upper_bound(word);
      if (next == names_.begin() || next == names_.end() ||
          word < names_.begin()->first) {
        continue;
      }
      const auto function = std::prev(next);
      is_clear = is_clear && function->second.size() == 1;
      if (added_.insert(function->first).second) {
        AddHostSymbol(function->second.begin()->c_str(), function->first,
                      next->first - function->first);
      }
    }
    return is_clear;
  }
  ~HostFunctions() {
    for (const uint64_t address : added_) {
      RemoveHostSymbol(address);
    }
  }

 private:
  std::map<uint64_t, std::set<std::string>> names_;
  std::set<uint64_t> added_;
};

class RecordsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string reason;
    host_ = HostTracefs::Open(&reason);
    if (host_ == nullptr) {
      GTEST_SKIP() << "NO ORACLE: " << reason;
    }
  }
  std::map<int, HostEvent> ReadEvents() {
    std::map<int, HostEvent> events;
    for (const auto& system :
         std::filesystem::directory_iterator(host_->PathOf("events"))) {
      if (!system.is_directory() || system.path().filename() == "ftrace") {
        continue;
      }
      for (const auto& event :
           std::filesystem::directory_iterator(system.path())) {
        if (event.is_directory()) {
          HostEvent made(
              host_->Read("events/" + system.path().filename().string() + "/" +
                          event.path().filename().string() + "/format"));
          events.emplace(made.id, std::move(made));
        }
      }
    }
    return events;
  }

  std::unique_ptr<HostTracefs> host_;
};

/// Something of each kind for the host to tell.
void Work() {
  for (size_t i = 0; i < 10; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      execl("/bin/true", "true", nullptr);
      _exit(1);
    }
    waitpid(child, nullptr, 0);
    usleep(500);
    std::vector<char> memory(1 << 20, 'x');
    std::thread([&] { memory[i] = 'y'; }).join();
  }
}

/// Goes over what the host recorded, beside its own text of it.
class Comparison {
 public:
  Comparison(const HostTracefs& host, const std::map<int, HostEvent>& events)
      : host_(host), events_(events) {}

  void OfCpu(long cpu) {
    static const std::regex kLine(
        "^.{16}-[0-9]+ +\\[[0-9]+\\] [^ ]+ +[0-9.]+: (\\w+)"
        "(?:: (.*)|[(](.*))$");
    const std::string folder = "per_cpu/cpu" + std::to_string(cpu) + "/";
    std::vector<std::pair<std::string, std::string>> lines;
    std::istringstream text(host_.Read(folder + "trace"));
    for (std::string line; std::getline(text, line);) {
      if (std::smatch match; std::regex_match(line, match, kLine)) {
        lines.emplace_back(match[1], match[2].matched ? match[2].str() : "(");
      }
    }
    size_t line = 0;
    const int fd = open(host_.PathOf(folder + "trace_pipe_raw").c_str(),
                        O_RDONLY | O_NONBLOCK);
    std::string page(4096, '\0');
    for (ssize_t got; (got = read(fd, page.data(), page.size())) > 0;) {
      for (const std::string& record :
           RecordsIn(page.substr(0, static_cast<size_t>(got)))) {
        uint16_t id = 0;
        memcpy(&id, record.data(), sizeof(id));
        const auto event = events_.find(id);
        if (event != events_.end() && line < lines.size()) {
          Compare(event->second, record, lines[line].first, lines[line].second);
          ++line;
        }
      }
    }
    close(fd);
  }

  size_t compared = 0;
  size_t failed = 0;
  std::set<std::string> seen;
  std::map<std::string, size_t> not_understood;

 private:
  void Compare(const HostEvent& event, const std::string& record,
               const std::string& name, const std::string& shown) {
    if (shown == "(") {
      return;  // Linux shows a system call in words of its own
    }
    ASSERT_EQ(event.name, name);
    const bool is_clear = functions_.AddOf(record);
    const std::string ours = event.Print(record);
    if (ours.starts_with("[FAILED")) {
      ++not_understood[name];
      return;
    }
    if (!is_clear && ours != shown) {
      return;
    }
    ++compared;
    seen.insert(name);
    if (ours != shown && ++failed < 20) {
      ADD_FAILURE() << name << "\nours " << ours << "\nhost " << shown;
    }
  }

  const HostTracefs& host_;
  const std::map<int, HostEvent>& events_;
  HostFunctions functions_;
};

TEST_F(RecordsTest, ReadAsTheHostItselfShowsThem) {
  const std::map<int, HostEvent> events = ReadEvents();
  Comparison comparison(*host_, events);
  ASSERT_EQ(host_->Write("options/hash-ptr", "0"), 0);
  ASSERT_EQ(host_->Write("buffer_size_kb", "512"), 0);
  // Not rcu and maple_tree, whose records point to text in the kernel.
  for (const char* system :
       {"sched",  "raw_syscalls", "irq",       "timer",       "kmem",
        "task",   "signal",       "workqueue", "exceptions",  "writeback",
        "ext4",   "jbd2",         "power",     "filemap",     "vmalloc",
        "cgroup", "mmap",         "skb",       "net",         "sock",
        "tcp",    "timestamp",    "tlb",       "huge_memory", "irq_vectors"}) {
    host_->Write("trace", "");
    host_->Write("tracing_on", "1");
    host_->Write(std::string("events/") + system + "/enable", "1");
    Work();
    host_->Write("tracing_on", "0");
    host_->Write(std::string("events/") + system + "/enable", "0");
    for (long cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); ++cpu) {
      comparison.OfCpu(cpu);
    }
  }
  printf("%zu records of %zu events read as the host shows them\n",
         comparison.compared, comparison.seen.size());
  for (const auto& [name, count] : comparison.not_understood) {
    printf("not understood: %s (%zu)\n", name.c_str(), count);
  }
  EXPECT_EQ(comparison.failed, 0u);
  EXPECT_GT(comparison.compared, 5000u);
  EXPECT_GT(comparison.seen.size(), 30u);
}

TEST_F(RecordsTest, MostOfTheHostsFormatsAreUnderstood) {
  size_t understood = 0;
  size_t others = 0;
  for (const auto& [id, event] : ReadEvents()) {
    if (event.IsUnderstood()) {
      ++understood;
    } else {
      ++others;
      printf("%s: %.500s\n", event.name.c_str(), event.print_format.c_str());
    }
  }
  printf("%zu of the host's formats are understood, %zu not\n", understood,
         others);
  EXPECT_GT(understood, 12 * others);
}

}  // namespace
}  // namespace ebpf
