// SPDX-License-Identifier: MIT
//
// The texts under Linux's paths, in each kernel: of its own symbols, and of
// what its port lets nobody probe.
#include "core/base/memory.h"
#include "core/base/text_writer.h"
#include "core/capi/ebpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/platform/symbol_name.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/test.h"

namespace guest {
namespace {

using ebpf::StringView;
using ebpf::TextWriter;

constexpr StringView kSubject = "texts_subject";

extern "C" [[gnu::noinline, gnu::used]] uint64_t texts_subject(uint64_t x) {
  asm volatile("" : "+r"(x));
  return 3 * x + 1;
}

template <typename T>
uint64_t AddressOf(const T* object) {
  return reinterpret_cast<uint64_t>(object);
}

/// A text, line by line, read in small pieces.
class Lines {
 public:
  Lines(ebpf_client* client, const char* path)
      : client_(client),
        fd_(static_cast<int32_t>(ebpf_text_open(client, AddressOf(path), 0))) {
    GUEST_EXPECT(fd_ >= 0);
  }
  ~Lines() { GUEST_EXPECT_EQ(ebpf_close(client_, fd_), 0); }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  /// The next line without its end; false: that was all.
  bool Next(StringView* line) {
    TextWriter text(line_, sizeof(line_));
    for (char c = Get(); c != '\0'; c = Get()) {
      if (c == '\n') {
        *line = text.text();
        return true;
      }
      text.Put(c);
    }
    GUEST_EXPECT(text.text().empty());
    return false;
  }
  /// Whether there is a line with `wanted` in it from here on; it is printed.
  bool Has(StringView wanted) {
    StringView line;
    while (Next(&line)) {
      for (size_t at = 0; at < line.size(); ++at) {
        if (line.Substring(at).StartsWith(wanted)) {
          PrintLine(line);
          return true;
        }
      }
    }
    return false;
  }

 private:
  char Get() {
    if (at_ == size_) {
      const int64_t count =
          ebpf_read(client_, fd_, AddressOf(piece_), sizeof(piece_));
      GUEST_EXPECT(count >= 0);
      size_ = count < 0 ? 0 : static_cast<size_t>(count);
      at_ = 0;
    }
    return at_ == size_ ? '\0' : piece_[at_++];
  }

  ebpf_client* const client_;
  const int32_t fd_;
  size_t at_ = 0;
  size_t size_ = 0;
  char piece_[100];
  char line_[600];
};

class Client {
 public:
  Client() : client_(ebpf_client_create(EBPF_ORIGIN_KERNEL)) {}
  ~Client() { ebpf_client_delete(client_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ebpf_client* get() const { return client_; }

 private:
  ebpf_client* const client_;
};

GUEST_TEST(Texts, Start) { GUEST_EXPECT_EQ(-StartEbpf(), 0); }

GUEST_TEST(Texts, KallsymsHasEachFunctionOfTheKernel) {
  const Client client;
  Lines lines(client.get(), "/proc/kallsyms");
  char buffer[64];
  TextWriter subject(buffer, sizeof(buffer));
  subject.PutHex(reinterpret_cast<uint64_t>(&texts_subject), 16)
      .Put(" T ")
      .Put(kSubject);

  size_t count = 0;
  size_t found = 0;
  StringView line;
  while (lines.Next(&line)) {
    ++count;
    found += line == subject.text() ? 1 : 0;
  }
  size_t functions = 0;
  uint64_t position = 0;
  ebpf_symbol symbol;
  while (ebpf_port_symbol_next(&position, &symbol)) {
    ++functions;
  }
  Line() << functions << " functions";
  GUEST_EXPECT(functions > 100);
  GUEST_EXPECT_EQ(count, functions);
  GUEST_EXPECT_EQ(found, 1);
}

GUEST_TEST(Texts, TheListShowsAnEventWhileItIsOpen) {
  const Client client;
  ebpf::linux_abi::PerfEventAttr attr = {};
  attr.type = ebpf::linux_abi::kPerfTypeKprobe;
  attr.size = sizeof(attr);
  attr.config1 = AddressOf(kSubject.data());
  const int64_t event =
      ebpf_perf_event_open(client.get(), AddressOf(&attr), -1, 0, -1,
                           ebpf::linux_abi::kPerfFlagFdCloexec);
  GUEST_ASSERT(event >= 0);
  for (uint64_t i = 0; i < 5; ++i) {
    GUEST_EXPECT_EQ(texts_subject(i), 3 * i + 1);
  }
  const char* const list = "/sys/kernel/debug/kprobes/list";
  GUEST_EXPECT(Lines(client.get(), list).Has("  k  texts_subject+0x0"));
  StringView line;
  // Its profile is of probes with names.
  GUEST_EXPECT(
      !Lines(client.get(), "/sys/kernel/tracing/kprobe_profile").Next(&line));
  GUEST_EXPECT_EQ(ebpf_close(client.get(), static_cast<int32_t>(event)), 0);
  GUEST_EXPECT(!Lines(client.get(), list).Next(&line));
}

GUEST_TEST(Texts, TheBlacklistHasWhatTheTrapCalls) {
  const Client client;
  const char* const path = "/sys/kernel/debug/kprobes/blacklist";
  GUEST_EXPECT(Lines(client.get(), path).Has("\tebpf_port_cpu_id"));
  GUEST_EXPECT(!Lines(client.get(), path).Has("\ttexts_subject"));
}

}  // namespace
}  // namespace guest
