// SPDX-License-Identifier: MIT
//
// A light skeleton end to end, beside Linux: bpftool turns an object into a
// program of type syscall and its data; that program, run once, makes the maps,
// loads types and programs, and leaves their descriptors in its context.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>
#include <vector>

#include "gtest/gtest.h"
#include "testing/linux_calls/compare.h"
#include "testing/programs/light_skeleton_object.h"

namespace ebpf::linux_calls {
namespace {

constexpr uint32_t kSyscallProgram = 31;
constexpr uint32_t kFromKernel = 1;  // BPF_SKEL_KERNEL

/// What the skeleton's loader leaves, as its header declares it.
struct MapPart {
  int32_t fd;
  uint32_t max_entries;
  uint64_t initial_value;
};
struct Context {
  uint32_t size;
  uint32_t flags;
  uint32_t log_level;
  uint32_t log_size;
  uint64_t log_buf;
  MapPart counts;
  MapPart seen;
  MapPart constants;  // .rodata
  MapPart variables;  // .data
  int32_t program_fd;
};
constexpr uint32_t kContextBytes = offsetof(Context, program_fd) + 4;

struct Skeleton {
  std::string data;
  std::string insns;
};

/// The bytes of the C string that begins behind `name`.
std::string BytesBehind(const std::string& text, const std::string& name) {
  size_t at = text.find(name);
  at = at == std::string::npos ? at : text.find('"', at);
  std::string bytes;
  if (at == std::string::npos) {
    return bytes;
  }
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] != '\\') {
      bytes += text[at];
    } else if (text[++at] == 'x') {
      bytes += static_cast<char>(
          std::strtoul(text.substr(at + 1, 2).c_str(), nullptr, 16));
      at += 2;
    } else if (text[at] == '0') {
      bytes += '\0';
    }  // else the end of a line
  }
  return bytes;
}

/// bpftool's, or empty where there is none that can.
Skeleton MakeSkeleton() {
  char path[] = "/tmp/light_skeleton_XXXXXX";
  const int file = mkstemp(path);
  const ConstBytes object = light_skeleton_object();
  const bool wrote = file >= 0 && write(file, object.data(), object.size()) ==
                                      static_cast<ssize_t>(object.size());
  close(file);
  std::string text;
  const std::string command = std::string("PATH=$PATH:/usr/sbin:/sbin ") +
                              "bpftool gen skeleton -L " + path +
                              " name light 2>/dev/null";
  if (FILE* pipe = wrote ? popen(command.c_str(), "r") : nullptr) {
    std::array<char, 4096> piece;
    for (size_t got; (got = fread(piece.data(), 1, piece.size(), pipe)) > 0;) {
      text.append(piece.data(), got);
    }
    pclose(pipe);
  }
  unlink(path);
  return {BytesBehind(text, "opts.data ="), BytesBehind(text, "opts.insns =")};
}

/// What libbpf's header does to run it, on one kernel: notes the answer of each
/// step, and returns what the loader left in its context.
Context RunLoader(const Skeleton& skeleton, const Context& context,
                  Kernel& kernel, Record& record) {
  const int64_t map = record.Fd(
      "the loader's map",
      kernel.CreateMap(linux_abi::kMapTypeArray, 4,
                       static_cast<uint32_t>(skeleton.data.size()), 1));
  const uint64_t key = kernel.Put(uint32_t{0});
  record.Value("its data", kernel.Elem(linux_abi::kMapUpdateElem, map, key,
                                       kernel.Put(skeleton.data.data(),
                                                  skeleton.data.size())));
  linux_abi::ProgLoadAttr load{};
  load.prog_type = kSyscallProgram;
  load.insns = kernel.Put(skeleton.insns.data(), skeleton.insns.size());
  load.insn_cnt = static_cast<uint32_t>(skeleton.insns.size() / 8);
  load.license = kernel.Put("Dual BSD/GPL");
  load.prog_flags = linux_abi::kProgSleepable;
  load.fd_array = kernel.Put(static_cast<int32_t>(map));
  const int64_t loader =
      record.Fd("the loader", kernel.Call(linux_abi::kProgLoad, load));
  linux_abi::ProgTestRunAttr run{};
  run.prog_fd = static_cast<uint32_t>(loader);
  run.ctx_in = kernel.Put(context);
  run.ctx_size_in = kContextBytes;
  const uint64_t at = kernel.Put(run);
  record.Value("it runs", kernel.Bpf(linux_abi::kProgTestRun, at, sizeof(run)));
  record.Value(
      "what it returns",
      static_cast<int32_t>(kernel.Get<linux_abi::ProgTestRunAttr>(at).retval));
  for (const int64_t fd : {map, loader}) {
    kernel.Close(fd);
  }
  return kernel.Get<Context>(run.ctx_in);
}

/// Loads the skeleton's programs, and what the loaded program does.
void LoadAndRun(const Skeleton& skeleton, uint64_t step, Kernel& kernel,
                Record& record) {
  Context context{};
  context.size = kContextBytes;
  context.seen.max_entries = 32;  // instead of the object's
  context.constants.initial_value = kernel.Put(step);
  context.variables.initial_value = kernel.Put(uint64_t{1000});
  context = RunLoader(skeleton, context, kernel, record);
  const int64_t fds[] = {context.counts.fd, context.seen.fd,
                         context.constants.fd, context.variables.fd,
                         context.program_fd};
  for (const int64_t fd : fds) {
    record.Value("it left a descriptor", fd > 2);
  }
  linux_abi::ProgTestRunAttr packet{};
  packet.prog_fd = static_cast<uint32_t>(context.program_fd);
  packet.data_in = kernel.Put(nullptr, 64);
  packet.data_size_in = 64;
  packet.repeat = 3;
  const uint64_t packet_at = kernel.Put(packet);
  record.Value("its program runs",
               kernel.Bpf(linux_abi::kProgTestRun, packet_at, sizeof(packet)));
  record.Value("and returns",
               kernel.Get<linux_abi::ProgTestRunAttr>(packet_at).retval);
  const auto value = [&](const char* what, int64_t fd, uint32_t index) {
    const uint64_t at = kernel.Put(nullptr, 64);
    record.Value(
        std::string(what) + ": found",
        kernel.Elem(linux_abi::kMapLookupElem, fd, kernel.Put(index), at));
    return record.Value(what, kernel.Get<int32_t>(at));
  };
  EXPECT_EQ(value("counts[1]", context.counts.fd, 1),
            static_cast<int64_t>(3 * step));
  value("counts[0]", context.counts.fd, 0);
  value("seen[64]", context.seen.fd, 64);
  EXPECT_EQ(value("step", context.constants.fd, 0), static_cast<int64_t>(step));
  EXPECT_EQ(value("total", context.variables.fd, 0),
            static_cast<int64_t>(1000 + 3 * step));
  record.Value("step is read-only",
               kernel.Elem(linux_abi::kMapUpdateElem, context.constants.fd,
                           kernel.Put(uint32_t{0}), kernel.Put(uint64_t{0})));
  for (const int64_t fd : fds) {
    kernel.Close(fd);
  }
}

TEST(LightSkeletonTest, LoadsMapsTypesAndPrograms) {
  const Skeleton skeleton = MakeSkeleton();
  if (skeleton.insns.empty()) {
    fprintf(stderr, "NOT TESTED: no bpftool that makes light skeletons\n");
    GTEST_SKIP();
  }
  ASSERT_EQ(skeleton.insns.size() % 8, 0u);
  for (const uint64_t step : {5, 7}) {
    Compare([&](Kernel& kernel, Record& record) {
      LoadAndRun(skeleton, step, kernel, record);
    });
  }
}

TEST(LightSkeletonTest, WhatTheLoaderMadeGoesWithItWhereAStepFails) {
  const Skeleton skeleton = MakeSkeleton();
  if (skeleton.insns.empty()) {
    GTEST_SKIP();
  }
  Compare([&](Kernel& kernel, Record& record) {
    for (const uint64_t value : {uint64_t{0}, kNowhere, uint64_t{1} << 63}) {
      for (const uint32_t flags : {0u, kFromKernel}) {
        const int64_t before = kernel.CreateMap(2, 4, 4, 1);
        kernel.Close(before);
        Context context{};
        context.size = kContextBytes;
        context.flags = flags;
        context.seen.max_entries = 0x80000000;  // too many
        context.constants.initial_value = value;
        RunLoader(skeleton, context, kernel, record);
        const int64_t after = kernel.CreateMap(2, 4, 4, 1);
        record.Value("nothing is left open", after - before);
        kernel.Close(after);
      }
    }
  });
}

}  // namespace
}  // namespace ebpf::linux_calls
