// SPDX-License-Identifier: MIT
//
// Every file of a trace is the same text in pieces of any size, also where one
// of them cannot be copied.
#include <string>
#include <vector>

#include "core/files/text_walk.h"
#include "core/tracepoints/events/irq.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/caller/trace_files.h"
#include "testing/host_port/host_clock.h"

namespace ebpf {
namespace {

class TracePiecesTest : public SyscallTest {
 protected:
  TracePiecesTest() : files_(caller_) { SetHostTime(5'000'000'000); }
  ~TracePiecesTest() override {
    ResumeHostTime();
    caller_.client().fds().CloseAll();
  }

  /// All below `directory` that can be read, but for what is gone once read.
  void Collect(const std::string& directory, std::vector<std::string>* files) {
    TextEntry entry;
    for (uint32_t i = 0;; ++i) {
      const std::string path = TraceFiles::PathOf(directory);
      if (ReadTextDirectory(caller_.client(),
                            caller_.client().Pointer(caller_.Put(path.c_str())),
                            i, &entry) != 0) {
        return;
      }
      const std::string name =
          directory + (directory.empty() ? "" : "/") + entry.name;
      if (entry.is_directory) {
        Collect(name, files);
      } else if ((entry.mode & 0400) != 0 && name != "trace_pipe" &&
                 name.find("/trace_pipe") == std::string::npos &&
                 name.find("filter_functions") == std::string::npos) {
        files->push_back(name);
      }
    }
  }

  TraceFiles files_;
};

INSTANTIATE_TEST_SUITE_P(, TracePiecesTest, testing::Values(Origin::kKernel),
                         OriginName);

TEST_P(TracePiecesTest, EveryFileIsTheSameInPiecesOfAnySize) {
  ASSERT_EQ(files_.Write1("events/irq/enable", "1"), 1);
  for (int i = 0; i < 5; ++i) {
    EBPF_TRACE(IrqHandlerEntry, i, nullptr, "a device");
    ASSERT_EQ(files_.Write1("trace_marker", "mark\n"), 5);
  }
  ASSERT_LT(files_.Write1("events/irq/irq_handler_entry/filter", "irq =="), 0);
  std::vector<std::string> files;
  Collect("", &files);
  ASSERT_GT(files.size(), 60u);
  size_t bytes = 0;
  for (const std::string& file : files) {
    const std::string whole = files_.ReadAll(file, 1 << 20);
    ASSERT_EQ(whole.find('!'), whole.find("!\" before")) << file << whole;
    bytes += whole.size();
    for (const size_t step : {size_t{1}, size_t{2}, size_t{3}, size_t{7},
                              size_t{16}, size_t{4095}, size_t{4097}}) {
      ASSERT_EQ(files_.ReadAll(file, step), whole) << file << " by " << step;
    }
    caller_.ForgetMemory();
  }
  printf("%zu files of %zu bytes\n", files.size(), bytes);
  ASSERT_EQ(files_.Write1("events/irq/irq_handler_entry/filter", "0"), 1);
  ASSERT_EQ(files_.Write1("events/enable", "0"), 1);
}

}  // namespace
}  // namespace ebpf
