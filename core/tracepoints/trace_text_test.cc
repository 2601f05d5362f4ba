// SPDX-License-Identifier: MIT
//
// What is expected is what Linux 6.18 writes.
#include "core/tracepoints/trace_text.h"

#include <cstring>
#include <memory>
#include <string>

#include "core/tracepoints/own_events.h"
#include "core/tracepoints/trace_buffer_test_util.h"
#include "core/tracepoints/tracepoint_test_util.h"
#include "testing/host_port/host_clock.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

class TraceTextTest : public TracepointFixture {
 protected:
  TraceTextTest() : trace_(*TraceInstance::Create(PortAllocator())) {
    SetHostTime(1'134'127'822'561);
  }
  ~TraceTextTest() override { ResumeHostTime(); }

  /// Puts a record of `size` bytes with this header.
  void Put(const EventHeader& header, size_t size = sizeof(EventHeader)) {
    const uintptr_t preemption = ebpf_port_preempt_disable();
    {
      const ReadSection reading;
      const uint32_t cpu = ebpf_port_cpu_id();
      void* room = trace_->buffer().Reserve(size, cpu);
      ASSERT_NE(room, nullptr);
      memset(room, 0, size);
      memcpy(room, &header, Min(size, sizeof(header)));
      trace_->buffer().Commit(room);
    }
    ebpf_port_preempt_enable(preemption);
  }
  std::string Lines(size_t room = kMaxTraceTextLine) {
    std::string text(65536, '?');
    text.resize(TakeLines(*trace_, trace_->cursor(),
                          Span<char>(text.data(), text.size()), room));
    return text;
  }
  /// The five columns.
  std::string IrqInfo(uint8_t flags, uint8_t preempt_count) {
    Put({FtracePrint::tracepoint.id, flags, preempt_count, 5});
    const std::string line = Lines();
    return line.substr(line.find("] ") + 2, 5);
  }

  std::unique_ptr<TraceInstance, DestroyOwned> trace_;
};

TEST_F(TraceTextTest, ColumnsTellOfTheContext) {
  EXPECT_EQ(IrqInfo(0, 0), ".....");
  EXPECT_EQ(IrqInfo(0x01, 1), "d..1.");
  EXPECT_EQ(IrqInfo(0x80, 0x10), "b...1");
  EXPECT_EQ(IrqInfo(0x81, 0x2f), "D..f2");
  EXPECT_EQ(IrqInfo(0x04, 0), ".n...");
  EXPECT_EQ(IrqInfo(0x24, 0), ".N...");
  EXPECT_EQ(IrqInfo(0x20, 0), ".p...");
  EXPECT_EQ(IrqInfo(0x02, 0), ".l...");
  EXPECT_EQ(IrqInfo(0x22, 0), ".L...");
  EXPECT_EQ(IrqInfo(0x06, 0), ".b...");
  EXPECT_EQ(IrqInfo(0x26, 0), ".B...");
  EXPECT_EQ(IrqInfo(0x08, 0), "..h..");
  EXPECT_EQ(IrqInfo(0x10, 0), "..s..");
  EXPECT_EQ(IrqInfo(0x18, 0), "..H..");
  EXPECT_EQ(IrqInfo(0x40, 0), "..z..");
  EXPECT_EQ(IrqInfo(0x49, 0), "d.Z..");
}

TEST_F(TraceTextTest, TimesAreRoundedToMicroseconds) {
  Put({FtracePrint::tracepoint.id, 0, 0, 5});
  EXPECT_EQ(Lines(),
            "           <...>-5       [000] .....  1134.127823: "
            "tracing_mark_write: \n");
  const auto time = [](uint64_t ns) {
    char text[40];
    TextWriter writer(text, sizeof(text));
    PutTraceTime(writer, ns);
    return std::string(writer.text().data(), writer.text().size());
  };
  EXPECT_EQ(time(0), "    0.000000");
  EXPECT_EQ(time(499), "    0.000000");
  EXPECT_EQ(time(500), "    0.000001");
  EXPECT_EQ(time(999'999'500), "    1.000000");
  EXPECT_EQ(time(123'456'000'001'000), "123456.000001");
}

TEST_F(TraceTextTest, RecordsOfNobodyKnownAndShortOnesAreHarmless) {
  Put({0x7fff, 0, 0, 5});
  EXPECT_NE(Lines().find(": UNKNOWN TYPE 32767\n"), std::string::npos);
  Put({1, 0, 0, 5}, 4);
  EXPECT_EQ(Lines(), "");
}

TEST_F(TraceTextTest, LinesAreCutWhereThereIsNoRoomForThem) {
  EXPECT_TRUE(trace_->Mark(StringView("0123456789")).ok());
  const std::string line = Lines(60);
  EXPECT_EQ(line.size(), 60u);
  EXPECT_EQ(line.back(), '\n');
  EXPECT_EQ(Lines(), "");
}

TEST_F(TraceTextTest, OnlyWhatIsSureToFitIsTaken) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(trace_->Mark("x").ok());
  }
  char text[250];
  const size_t size = TakeLines(*trace_, trace_->cursor(), text, 100);
  EXPECT_EQ(std::count(text, text + size, '\n'), 3);
  EXPECT_EQ(TakeLines(*trace_, trace_->cursor(), Span<char>(text, 99), 100),
            0u);
}

}  // namespace
}  // namespace ebpf
