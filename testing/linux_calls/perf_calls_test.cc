// SPDX-License-Identifier: MIT
//
// perf_event_open(2) and the calls on its descriptors compared with Linux. The
// host's probe is a uprobe, ours a kprobe: for these calls they are the same.
#include <string>
#include <unistd.h>
#include <vector>

#include "gtest/gtest.h"
#include "testing/caller/insns.h"
#include "testing/linux_calls/compare.h"

namespace ebpf::linux_calls {
namespace {

using linux_abi::PerfEventAttr;

constexpr uint64_t kCloexec = linux_abi::kPerfFlagFdCloexec;
constexpr uint32_t kQueryBpf = 0xc008240a;  // PERF_EVENT_IOC_QUERY_BPF

struct Target {
  int32_t pid = -1;
  int32_t cpu = 0;
  int32_t group_fd = -1;
  uint64_t flags = kCloexec;
};

int64_t Open(Kernel& kernel, Record& record, const std::string& step,
             const PerfEventAttr& attr, const std::string& excuse = "",
             const Target& target = {}) {
  const int64_t fd =
      record.Fd(step,
                kernel.PerfEventOpen(kernel.Put(attr), target.pid, target.cpu,
                                     target.group_fd, target.flags),
                excuse);
  if (fd >= 0) {
    kernel.Close(fd);
  }
  return fd;
}

TEST(PerfCallsTest, EverySizeOfTheAttribute) {
  Compare([](Kernel& kernel, Record& record) {
    // A probe's own fields lie in the first 72 bytes; what is cut off is a
    // probe of address 0, an error of another kind in each kernel.
    const PerfEventAttr probe = kernel.Probe();
    const uint64_t at = kernel.Put(nullptr, 4096);
    memcpy(kernel.At(at), &probe, sizeof(probe));
    std::vector<uint32_t> sizes = {4095, 4096, 4097, 65536, UINT32_MAX};
    for (uint32_t size = 0; size <= 200; ++size) {
      if (size < 80 || size > 127) {  // each costs the host's kernel a while
        sizes.push_back(size);
      }
    }
    for (uint32_t size : sizes) {
      static_cast<PerfEventAttr*>(kernel.At(at))->size = size;
      const int64_t fd = kernel.PerfEventOpen(at, -1, 0, -1, kCloexec);
      const bool is_cut = size == 0 || (size >= 64 && size < 72);
      if (!is_cut) {
        record.Fd("size " + std::to_string(size), fd);
      }
      // What it knows is written back where it is too big.
      const uint32_t written = static_cast<PerfEventAttr*>(kernel.At(at))->size;
      record.Value("size " + std::to_string(size) + ": rewritten",
                   written != size);
      if (written != size) {
        record.Value("at least today's", written >= sizeof(PerfEventAttr));
      }
      if (fd >= 0) {
        kernel.Close(fd);
      }
    }
  });
}

TEST(PerfCallsTest, TailsThatAreNotZero) {
  Compare([](Kernel& kernel, Record& record) {
    const PerfEventAttr probe = kernel.Probe();
    const uint64_t at = kernel.Put(nullptr, 4096);
    memcpy(kernel.At(at), &probe, sizeof(probe));
    for (uint32_t i = 160; i < 4096; i += 61) {
      static_cast<PerfEventAttr*>(kernel.At(at))->size = 4096;
      static_cast<uint8_t*>(kernel.At(at))[i] = 1;
      record.Fd("byte " + std::to_string(i),
                kernel.PerfEventOpen(at, -1, 0, -1, kCloexec));
      record.Value("rewritten",
                   static_cast<PerfEventAttr*>(kernel.At(at))->size < 4096);
      static_cast<uint8_t*>(kernel.At(at))[i] = 0;
    }
  });
}

TEST(PerfCallsTest, PointersThatAreWrong) {
  Compare([](Kernel& kernel, Record& record) {
    for (uint64_t bad : {uint64_t{0}, kNowhere, UINT64_MAX - 8}) {
      record.Value("attr", kernel.PerfEventOpen(bad, -1, 0, -1, kCloexec));
      record.Value("attr and flags",
                   kernel.PerfEventOpen(bad, -1, 0, -1, 1 << 10));
    }
    PerfEventAttr attr = kernel.Probe();
    attr.config1 = kNowhere;
    Open(kernel, record, "name", attr);
    const std::string longer(5000, 'x');
    attr.config1 = kernel.Put(longer.c_str());
    Open(kernel, record, "name without an end", attr,
         "kprobes answer E2BIG, uprobes EINVAL");
  });
}

TEST(PerfCallsTest, FlagsOfTheCall) {
  Compare([](Kernel& kernel, Record& record) {
    for (int bit = 0; bit < 64; ++bit) {
      Target target;
      target.flags = uint64_t{1} << bit;
      Open(kernel, record, "flag " + std::to_string(bit), kernel.Probe(), "",
           target);
    }
  });
}

TEST(PerfCallsTest, WhomAnEventIsFor) {
  Compare([](Kernel& kernel, Record& record) {
    for (int32_t pid : {-1, 0, -2, INT32_MIN}) {
      for (int32_t cpu : {-1, 0, 1, -2, 100000, INT32_MAX, INT32_MIN}) {
        Target target;
        target.pid = pid;
        target.cpu = cpu;
        Open(kernel, record,
             "pid " + std::to_string(pid) + " cpu " + std::to_string(cpu),
             kernel.Probe(), "", target);
      }
    }
  });
}

TEST(PerfCallsTest, Groups) {
  Compare([](Kernel& kernel, Record& record) {
    const int64_t map = kernel.CreateMap(linux_abi::kMapTypeArray, 4, 4, 1);
    const int64_t leader =
        kernel.PerfEventOpen(kernel.Put(kernel.Probe()), -1, 0, -1, kCloexec);
    record.Fd("leader", leader);
    for (int64_t fd : {int64_t{-2}, int64_t{500}, int64_t{INT32_MIN}, map}) {
      Target target;
      target.group_fd = static_cast<int32_t>(fd);
      Open(kernel, record, "group fd", kernel.Probe(), "", target);
    }
    Target target;
    target.group_fd = static_cast<int32_t>(leader);
    Open(kernel, record, "a real group", kernel.Probe(),
         "there are no groups yet", target);
    kernel.Close(map);
    kernel.Close(leader);
  });
}

TEST(PerfCallsTest, TypesThatAreNotThere) {
  Compare([](Kernel& kernel, Record& record) {
    for (uint32_t type : {100u, 0x7fffffffu, 0xffffffffu}) {
      PerfEventAttr attr = kernel.Probe();
      attr.type = type;
      Open(kernel, record, "type " + std::to_string(type), attr);
      Target target;
      target.pid = -2;
      Open(kernel, record, "type and pid", attr, "", target);
    }
  });
}

TEST(PerfCallsTest, BitsOfTheAttribute) {
  Compare([](Kernel& kernel, Record& record) {
    for (int bit = 0; bit < 64; ++bit) {
      PerfEventAttr attr = kernel.Probe();
      attr.read_format = uint64_t{1} << bit;
      Open(kernel, record, "read_format " + std::to_string(bit), attr);
      attr = kernel.Probe();
      attr.sample_type = uint64_t{1} << bit;
      Open(kernel, record, "sample_type " + std::to_string(bit), attr,
           bit < 25 ? "probes' events do not sample" : "");
      attr = kernel.Probe();
      attr.flags |= uint64_t{1} << bit;
      Open(kernel, record, "bit " + std::to_string(bit), attr,
           bit < 40 ? "what bits ask for without sampling is not looked at"
                    : "");
      attr = kernel.Probe();
      attr.sample_period = uint64_t{1} << bit;
      Open(kernel, record, "sample_period " + std::to_string(bit), attr);
    }
    PerfEventAttr attr = kernel.Probe();
    attr.reserved_2 = 1;
    Open(kernel, record, "reserved_2", attr);
  });
}

TEST(PerfCallsTest, ReadPollAndMmap) {
  Compare([](Kernel& kernel, Record& record) {
    const int64_t fd =
        kernel.PerfEventOpen(kernel.Put(kernel.Probe()), -1, 0, -1, kCloexec);
    record.Fd("open", fd);
    const uint64_t to = kernel.Put(nullptr, 64);
    for (uint64_t size : {0u, 1u, 7u, 8u, 9u, 64u}) {
      record.Value("read " + std::to_string(size), kernel.Read(fd, to, size));
    }
    record.Value("count", static_cast<int64_t>(kernel.Get<uint64_t>(to)));
    record.Value("read to nowhere", kernel.Read(fd, kNowhere, 8));
    record.Value("poll", kernel.Poll(fd));
    record.Value("mmap", kernel.Mmap(fd, 0, 8192, 3),
                 "probes' events have no buffers");
    record.Value("close", kernel.Close(fd));
    record.Value("read of a closed one", kernel.Read(fd, to, 8));
    record.Value("poll of a closed one", kernel.Poll(fd),
                 "poll(2) tells it by a bit; here the port asks for one");
  });
}

TEST(PerfCallsTest, Ioctls) {
  Compare([](Kernel& kernel, Record& record) {
    const int64_t fd =
        kernel.PerfEventOpen(kernel.Put(kernel.Probe()), -1, 0, -1, kCloexec);
    record.Fd("open", fd);
    for (uint32_t command :
         {linux_abi::kPerfIocEnable, linux_abi::kPerfIocEnable,
          linux_abi::kPerfIocReset, linux_abi::kPerfIocDisable,
          linux_abi::kPerfIocDisable}) {
      for (uint64_t argument : {uint64_t{0}, uint64_t{1}, uint64_t{77}}) {
        record.Value("ioctl " + std::to_string(command),
                     kernel.Ioctl(fd, command, argument));
      }
    }
    for (uint32_t command : {0u, 1u, 0x2410u, 0x5401u, 0xffffffffu}) {
      record.Value("ioctl " + std::to_string(command),
                   kernel.Ioctl(fd, command, 0));
    }
    record.Value("query", kernel.Ioctl(fd, kQueryBpf, 0));
    kernel.Close(fd);
  });
}

TEST(PerfCallsTest, ProgramsOfAnEvent) {
  Compare([](Kernel& kernel, Record& record) {
    const int64_t fd =
        kernel.PerfEventOpen(kernel.Put(kernel.Probe()), -1, 0, -1, kCloexec);
    const int64_t map = kernel.CreateMap(linux_abi::kMapTypeArray, 4, 4, 1);
    const int64_t filter = kernel.Call(
        linux_abi::kProgLoad, kernel.Program(kSocketFilter, Returning(0)));
    const int64_t kprobe = kernel.Call(linux_abi::kProgLoad,
                                       kernel.Program(kKprobe, Returning(0)));
    record.Fd("open", fd);
    record.Fd("kprobe program", kprobe);
    const auto set = [&](const std::string& step, int64_t event, int64_t prog) {
      record.Value(step, kernel.Ioctl(event, linux_abi::kPerfIocSetBpf,
                                      static_cast<uint64_t>(prog)));
    };
    set("fd 500", fd, 500);
    set("fd -1", fd, -1);
    set("a map", fd, map);
    set("an event", fd, fd);
    set("another type", fd, filter);
    set("on a map", map, kprobe);
    set("on a program", kprobe, kprobe);
    set("on nothing", 500, kprobe);
    set("a kprobe program", fd, kprobe);
    set("again", fd, kprobe);
    set("another type on top", fd, filter);
    set("fd 500 on top", fd, 500);
    record.Value("close the program", kernel.Close(kprobe));
    record.Value("enable", kernel.Ioctl(fd, linux_abi::kPerfIocEnable, 0));
    record.Value("close", kernel.Close(fd));
    kernel.Close(map);
    kernel.Close(filter);
  });
}

}  // namespace
}  // namespace ebpf::linux_calls
