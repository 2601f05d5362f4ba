// SPDX-License-Identifier: MIT
//
// BPF_TASK_FD_QUERY compared with Linux. The host's probe is a uprobe, ours a
// kprobe: what differs is not compared.
#include <string>
#include <vector>

#include "core/linux_abi/bpf_attach.h"
#include "core/linux_abi/bpf_objects.h"
#include "gtest/gtest.h"
#include "testing/caller/insns.h"
#include "testing/linux_calls/compare.h"

namespace ebpf::linux_calls {
namespace {

using linux_abi::TaskFdQueryAttr;

struct Asked {
  Kernel& kernel;
  Record& record;
  uint32_t self;  // the caller's process

  void Ask(const std::string& step, uint32_t pid, int64_t fd,
           uint32_t room = 64, int buffer = 1, uint32_t flags = 0) {
    TaskFdQueryAttr attr{};
    attr.pid = pid;
    attr.fd = static_cast<uint32_t>(fd);
    attr.flags = flags;
    attr.buf_len = room;
    std::vector<char> bytes(512, 0x5a);
    const uint64_t at = kernel.Put(bytes.data(), bytes.size());
    attr.buf = buffer == 1 ? at : buffer == 0 ? 0 : kNowhere;
    attr.prog_id = 77;
    attr.fd_type = 88;
    const uint64_t attr_at = kernel.Put(attr);
    record.Value(step, kernel.Bpf(linux_abi::kTaskFdQuery, attr_at, 48));
    const auto told = kernel.Get<TaskFdQueryAttr>(attr_at);
    // The names differ, and so do the kinds of probes.
    const bool wrote = told.buf_len != room || room == 0;
    record.Value(step + ": length", wrote);
    record.Value(step + ": program", told.prog_id != 77);
    record.Value(step + ": type", told.fd_type != 88);
    const std::string text(static_cast<const char*>(kernel.At(at)), 512);
    const size_t end = text.find('\0');
    record.Value(step + ": it ends", end == std::string::npos ? -1
                                     : end + 1 == room        ? 1
                                     : end == told.buf_len    ? 2
                                                              : 3);
    record.Value(step + ": what is behind",
                 end == std::string::npos || text[end + 1] == 0x5a);
  }
};

TEST(TaskFdQueryCallsTest, WhatIsToldOfAProbe) {
  Compare([](Kernel& kernel, Record& record) {
    Asked asked = {kernel, record, kernel.Process()};
    const int64_t event = record.Fd(
        "event",
        kernel.PerfEventOpen(kernel.Put(kernel.Probe()), -1, 0, -1, 8));
    const int64_t program = record.Fd(
        "program", kernel.Call(linux_abi::kProgLoad,
                               kernel.Program(kKprobe, Returning(1))));
    const int64_t map = record.Fd("map", kernel.CreateMap(2, 4, 4, 1));
    asked.Ask("without a program", asked.self, event);
    record.Value("set", kernel.Ioctl(event, linux_abi::kPerfIocSetBpf,
                                     static_cast<uint64_t>(program)));
    asked.Ask("with one", asked.self, event, 256);
    for (const uint32_t room : {0u, 1u, 2u, 5u, 9u}) {
      const std::string step = "room for " + std::to_string(room);
      asked.Ask(step, asked.self, event, room);
      asked.Ask(step + ", no buffer", asked.self, event, room, 0);
      asked.Ask(step + ", nowhere", asked.self, event, room, 2);
    }
    asked.Ask("flags", asked.self, event, 64, 1, 1);
    asked.Ask("a map", asked.self, map);
    asked.Ask("a program", asked.self, program);
    asked.Ask("no descriptor", asked.self, -1);
    asked.Ask("descriptor 500", asked.self, 500);
    asked.Ask("no process", 0x7ffffff0, event);
    asked.Ask("process 0", 0, event);
    asked.Ask("process -1", 0xffffffff, event);
    linux_abi::LinkCreateAttr attr{};
    const int64_t other =
        kernel.PerfEventOpen(kernel.Put(kernel.Probe()), -1, 0, -1, 8);
    attr.prog_fd = static_cast<uint32_t>(program);
    attr.target_fd = static_cast<uint32_t>(other);
    attr.attach_type = 41;
    const int64_t link =
        record.Fd("link", kernel.Call(linux_abi::kLinkCreate, attr));
    asked.Ask("a link", asked.self, link);
    asked.Ask("a link's event", asked.self, other);
    linux_abi::PerfEventAttr samples{};
    samples.type = linux_abi::kPerfTypeSoftware;
    samples.size = sizeof(samples);
    samples.config = linux_abi::kPerfBpfOutput;
    samples.sample_type = linux_abi::kPerfSampleRaw;
    const int64_t output =
        kernel.PerfEventOpen(kernel.Put(samples), -1, 0, -1, 8);
    asked.Ask("samples", asked.self, output);
    kernel.SetRights(uint64_t{1} << 39);
    asked.Ask("no rights", asked.self, event);
    asked.Ask("no rights, flags", asked.self, event, 64, 1, 1);
    kernel.SetRights(~uint64_t{0});
    for (uint32_t size = 8; size <= 152; size += 4) {
      for (const uint32_t tail : {0u, 1u}) {
        std::vector<uint32_t> words(38);
        words[0] = asked.self;
        words[1] = static_cast<uint32_t>(event);
        words[size / 4 - 1] |= size > 48 ? tail : 0;
        record.Value("size " + std::to_string(size),
                     kernel.Bpf(linux_abi::kTaskFdQuery,
                                kernel.Put(words.data(), 152), size));
      }
    }
    for (const int64_t fd : {link, other, output, map, program, event}) {
      kernel.Close(fd);
    }
  });
}

}  // namespace
}  // namespace ebpf::linux_calls
