// SPDX-License-Identifier: MIT
//
// Programs on raw tracepoints compared with Linux: what is opened, what a link
// tells and takes. Both have a tracepoint task_rename, of two arguments.
#include <cstring>
#include <string>
#include <vector>

#include "core/linux_abi/bpf_attach.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/tracepoints/trace.h"
#include "gtest/gtest.h"
#include "testing/caller/insns.h"
#include "testing/linux_calls/compare.h"

namespace ebpf::linux_calls {
namespace {

constexpr uint32_t kRawTracepoint = 17;
constexpr uint32_t kRawTracepointWritable = 24;

struct TaskRename {
  static constexpr char kSystem[] = "task";
  static constexpr char kName[] = "task_rename";
  struct Record {
    EventHeader header;
  };
  static constexpr Span<const EventField> kFields = {};
  static constexpr char kPrintFormat[] = "\"\"";
  static void Fill(Record&, const void*, const char*) {}
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(TaskRename);

int64_t Open(Kernel& kernel, uint64_t name, int64_t program,
             uint64_t cookie = 0, uint32_t padding = 0) {
  return kernel.Call(
      linux_abi::kRawTracepointOpen,
      linux_abi::RawTracepointAttr{name, static_cast<uint32_t>(program),
                                   padding, cookie});
}

int64_t Load(Kernel& kernel, uint32_t type, const Code& code) {
  return kernel.Call(linux_abi::kProgLoad, kernel.Program(type, code));
}

TEST(TracepointCallsTest, WhatIsOpened) {
  Compare([](Kernel& kernel, Record& record) {
    const int64_t raw =
        record.Fd("raw", Load(kernel, kRawTracepoint, Returning(0)));
    const int64_t writable = record.Fd(
        "writable", Load(kernel, kRawTracepointWritable, Returning(0)));
    const int64_t kprobe =
        record.Fd("kprobe", Load(kernel, kKprobe, Returning(0)));
    const int64_t map = record.Fd("map", kernel.CreateMap(2, 4, 4, 1));
    std::vector<std::pair<std::string, uint64_t>> names = {
        {"null", 0}, {"nowhere", kNowhere}};
    for (const char* name : {"task_rename", "task:task_rename", "task_renam",
                             "task_rename ", "", "absent"}) {
      names.emplace_back(name, kernel.Put(name));
    }
    for (const size_t size : {126u, 127u, 128u, 129u, 300u}) {
      const std::string name(size, 'x');
      names.emplace_back(std::to_string(size) + " long",
                         kernel.Put(name.c_str()));
    }
    for (const auto& [what, fd] :
         std::vector<std::pair<std::string, int64_t>>{{"raw", raw},
                                                      {"writable", writable},
                                                      {"kprobe", kprobe},
                                                      {"map", map},
                                                      {"none", -1},
                                                      {"500", 500}}) {
      for (const auto& [name, at] : names) {
        kernel.Close(record.Fd(what + " at " + name, Open(kernel, at, fd)));
      }
    }
    const uint64_t name = kernel.Put("task_rename");
    record.Fd("once", Open(kernel, name, raw));
    record.Fd("twice", Open(kernel, name, raw));
    record.Fd("padding", Open(kernel, name, raw, 0, 1));
    for (const uint32_t type : {0u, 23u, 24u, 41u, 42u}) {
      linux_abi::LinkCreateAttr attr{};
      attr.prog_fd = static_cast<uint32_t>(raw);
      attr.attach_type = type;
      record.Fd("link as " + std::to_string(type),
                kernel.Call(linux_abi::kLinkCreate, attr));
    }
  });
}

TEST(TracepointCallsTest, HowMuchIsRead) {
  Compare([](Kernel& kernel, Record& record) {
    const uint64_t name = kernel.Put("task_rename");
    for (const uint32_t type : {kRawTracepoint, kRawTracepointWritable}) {
      for (const uint8_t opcode : {0x79, 0x61, 0x69, 0x71}) {
        const int16_t size = opcode == 0x79   ? 8
                             : opcode == 0x61 ? 4
                             : opcode == 0x69 ? 2
                                              : 1;
        for (int16_t offset = 0; offset <= 96;
             offset = static_cast<int16_t>(offset + size)) {
          const std::string what = std::to_string(type) + ", " +
                                   std::to_string(size) + " bytes at " +
                                   std::to_string(offset);
          const int64_t program = record.Fd(
              "load " + what,
              Load(kernel, type,
                   {Insn(opcode, 1, 1, offset, 0), MovImm(0, 0), Exit()}));
          if (program >= 0) {
            kernel.Close(
                record.Fd("open " + what, Open(kernel, name, program)));
            kernel.Close(program);
          }
        }
      }
    }
    // None of its arguments may be written.
    for (const int16_t offset : {0, 8}) {
      const int64_t program =
          record.Fd("a program that writes",
                    Load(kernel, kRawTracepointWritable,
                         {Insn(0x79, 2, 1, 0, 0), Insn(0x7a, 2, 0, offset, 0),
                          MovImm(0, 0), Exit()}));
      record.Fd("open it", Open(kernel, name, program));
    }
  });
}

TEST(TracepointCallsTest, WhatALinkTellsAndTakes) {
  Compare([](Kernel& kernel, Record& record) {
    const int64_t raw =
        record.Fd("raw", Load(kernel, kRawTracepoint, Returning(0)));
    const int64_t other =
        record.Fd("other", Load(kernel, kRawTracepoint, Returning(0)));
    const int64_t link = record.Fd(
        "link", Open(kernel, kernel.Put("task_rename"), raw, 0x1234567890));
    const auto fd = [](int64_t value) { return static_cast<uint32_t>(value); };
    for (const uint32_t room : {0u, 1u, 5u, 11u, 12u, 13u, 40u}) {
      for (const uint32_t size : {16u, 24u, 28u, 40u, 64u}) {
        for (const int where : {0, 1, 2}) {
          const std::string what = "information of " + std::to_string(size) +
                                   " with room for " + std::to_string(room) +
                                   " at " + std::to_string(where);
          std::vector<char> bytes(64, 0x5a);
          const uint64_t text = kernel.Put(bytes.data(), bytes.size());
          linux_abi::LinkInfo info{};
          info.raw_tracepoint.name = where == 0   ? 0
                                     : where == 1 ? text
                                                  : kNowhere;
          info.raw_tracepoint.name_size = room;
          const uint64_t at = kernel.Put(info);
          const uint64_t attr =
              kernel.Put(linux_abi::ObjectInfoAttr{fd(link), size, at});
          record.Value(what, kernel.Bpf(linux_abi::kObjGetInfoByFd, attr, 16));
          record.Value(what + ": size",
                       kernel.Get<linux_abi::ObjectInfoAttr>(attr).info_size);
          const auto told = kernel.Get<linux_abi::LinkInfo>(at);
          record.Value(what + ": type", told.type);
          record.Value(what + ": ids", told.id != 0 && told.prog_id != 0);
          record.Value(what + ": name", told.raw_tracepoint.name_size);
          record.Value(what + ": cookie",
                       static_cast<int64_t>(told.raw_tracepoint.cookie));
          const std::string name(static_cast<const char*>(kernel.At(text)), 16);
          record.Value(what + ": text",
                       static_cast<int64_t>(std::hash<std::string>()(name)));
        }
      }
    }
    for (const uint32_t room : {0u, 1u, 5u, 11u, 12u, 40u}) {
      linux_abi::TaskFdQueryAttr attr{};
      attr.pid = kernel.Process();
      attr.fd = fd(link);
      attr.buf_len = room;
      attr.buf = kernel.Put(std::string(64, 'x').c_str());
      attr.fd_type = 77;
      attr.probe_offset = attr.probe_addr = 88;
      const uint64_t at = kernel.Put(attr);
      const std::string what = "query with room for " + std::to_string(room);
      record.Value(what, kernel.Bpf(linux_abi::kTaskFdQuery, at, sizeof(attr)));
      const auto told = kernel.Get<linux_abi::TaskFdQueryAttr>(at);
      record.Value(what + ": length", told.buf_len);
      record.Value(what + ": type", told.fd_type);
      record.Value(what + ": id", told.prog_id != 0);
      record.Value(what + ": place",
                   static_cast<int64_t>(told.probe_offset + told.probe_addr));
      const std::string name(static_cast<const char*>(kernel.At(attr.buf)), 14);
      record.Value(what + ": text",
                   static_cast<int64_t>(std::hash<std::string>()(name)));
    }
    record.Value("detach", kernel.Call(linux_abi::kLinkDetach,
                                       linux_abi::LinkDetachAttr{fd(link)}));
    for (const uint32_t flags : {0u, 1u, 4u}) {
      for (const int64_t old : {int64_t{0}, raw, other}) {
        if (old == 0 && flags == 4) {
          continue;  // the host's process has something there
        }
        record.Value("update, flags " + std::to_string(flags),
                     kernel.Call(linux_abi::kLinkUpdate,
                                 linux_abi::LinkUpdateAttr{fd(link), fd(other),
                                                           flags, fd(old)}));
      }
    }
    record.Value("close", kernel.Close(link));
  });
}

}  // namespace
}  // namespace ebpf::linux_calls
