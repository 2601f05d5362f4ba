// SPDX-License-Identifier: MIT
//
// The contract of core/platform/exec.h: what is written is what runs, on every
// CPU, also where other code ran before.
#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "core/platform/exec.h"
#include "core/platform/memory.h"
#include "core/platform/text.h"
#include "core/selftest/case.h"
#include "core/selftest/code.h"

namespace ebpf::selftest {
namespace {

constexpr size_t kPage = 4096;
constexpr uint32_t kMostCpus = 8;

constinit uint8_t data[64] = {};

/// What a CPU found when it called code.
struct CallOn {
  Environment* environment;
  uintptr_t address;
  Atomic<uint32_t> result{0};
};

void CallThere(void* argument) {
  auto& call = *static_cast<CallOn*>(argument);
  call.environment->BeforeCall(call.address, kCodeSize);
  call.result.Store(CallCode(call.address), kRelaxed);
}

/// Whether each CPU that runs tasks gets `value` from the code at `address`.
bool AllGet(Environment& environment, const uint8_t* code, uint32_t value) {
  static constinit CallOn calls[kMostCpus] = {};
  uint32_t count = 0;
  for (; count < kMostCpus; ++count) {
    calls[count].environment = &environment;
    calls[count].address = AddressOf(code);
    calls[count].result.Store(0, kRelaxed);
    if (!environment.StartOn(count, CallThere, &calls[count])) {
      break;
    }
  }
  environment.JoinTasks();
  if (count == 0) {  // a kernel that gives no tasks
    CallThere(&calls[count++]);
  }
  bool all = true;
  for (uint32_t i = 0; i < count; ++i) {
    all = all && calls[i].result.Load(kRelaxed) == value;
  }
  return all;
}

int WriteCode(uint8_t* to, uint32_t index) {
  return ebpf_port_exec_write(to, BytesOfCode(index), kCodeSize);
}

bool HasWriting() {
  CodeMemory memory(kCodeSize);
  return memory.ok() && WriteCode(memory.at(0), 0) == 0;
}

#define NEEDS_WRITING(environment)                 \
  if (!HasWriting()) {                             \
    (environment).Skipped("no executable memory"); \
    return;                                        \
  }

void WrittenCodeRunsOnEachCpu(Environment& environment) {
  NEEDS_WRITING(environment);
  CodeMemory memory(kCodeSize);
  PORT_ASSERT(environment, memory.ok());
  for (uint32_t i = 0; i < 2 * kCodeCount; ++i) {
    PORT_ASSERT(environment, WriteCode(memory.at(0), i) == 0);
    PORT_EXPECT(environment,
                AllGet(environment, memory.at(0), ValueOf(i % kCodeCount)));
  }
}

void MemoryThatIsGivenAgainRunsItsNewCode(Environment& environment) {
  NEEDS_WRITING(environment);
  const CodeMemory keeper(kCodeSize);  // of a page that they may share
  uint32_t same_place = 0;
  const uint8_t* last = nullptr;
  for (uint32_t i = 0; i < 4 * kCodeCount; ++i) {
    CodeMemory memory(kCodeSize);
    PORT_ASSERT(environment, memory.ok());
    same_place += memory.at(0) == last ? 1 : 0;
    last = memory.at(0);
    PORT_ASSERT(environment, WriteCode(memory.at(0), i) == 0);
    PORT_EXPECT(environment,
                AllGet(environment, memory.at(0), ValueOf(i % kCodeCount)));
  }
  if (same_place == 0) {
    environment.Skipped("memory is never given again");
  }
}

constinit uint8_t patterns[2 * kPage + 1] = {};

void WritesEachSizeAtEachPlaceAndNoMore(Environment& environment) {
  NEEDS_WRITING(environment);
  CodeMemory memory(4 * kPage);
  PORT_ASSERT(environment, memory.ok());
  constexpr size_t kSizes[] = {1, 2, 3, 7, 63, 65, kPage - 1, kPage, 2 * kPage};
  constexpr size_t kPlaces[] = {0, 1, 30, kPage - 1, kPage, kPage + 5};
  static constinit uint8_t before[4 * kPage] = {};
  uint8_t number = 0;
  for (size_t size : kSizes) {
    for (size_t place : kPlaces) {
      for (size_t i = 0; i < size; ++i) {
        patterns[i] = static_cast<uint8_t>(i * 7 + number);
      }
      ++number;
      CopyBytes(before, memory.at(0), sizeof before);
      PORT_ASSERT(environment,
                  ebpf_port_exec_write(memory.at(place), patterns, size) == 0);
      CopyBytes(before + place, patterns, size);
      PORT_EXPECT(environment,
                  EqualBytes(ConstBytes(before, sizeof before),
                             ConstBytes(memory.at(0), sizeof before)));
    }
  }
}

void CodeAcrossPagesRuns(Environment& environment) {
  NEEDS_WRITING(environment);
  CodeMemory memory(3 * kPage);
  PORT_ASSERT(environment, memory.ok());
  // The border between two pages, wherever the memory begins.
  const size_t border = kPage - AddressOf(memory.at(0)) % kPage;
  for (uint32_t i = 0; i < kCodeCount; ++i) {
    uint8_t* const code = memory.at(border - 4);
    PORT_ASSERT(environment, WriteCode(code, i) == 0);
    PORT_EXPECT(environment, AllGet(environment, code, ValueOf(i)));
  }
}

/// Whatever was given before.
void WholePagesBeginWherePagesDo(Environment& environment) {
  NEEDS_WRITING(environment);
  CodeMemory before(64);
  CodeMemory page(kPage);
  CodeMemory between(192);
  CodeMemory pages(3 * kPage);
  PORT_ASSERT(environment,
              before.ok() && page.ok() && between.ok() && pages.ok());
  PORT_EXPECT(environment, AddressOf(page.at(0)) % kPage == 0);
  PORT_EXPECT(environment, AddressOf(pages.at(0)) % kPage == 0);
}

/// The largest image that the port takes, as large as a program can get.
void LargeImagesAreWrittenWhole(Environment& environment) {
  NEEDS_WRITING(environment);
  constexpr size_t kSizes[] = {size_t{4} << 20, size_t{1} << 20,
                               size_t{128} << 10, size_t{32} << 10};
  for (size_t size : kSizes) {
    CodeMemory memory(size);
    auto* image = static_cast<uint8_t*>(ebpf_port_alloc(size, 8));
    const bool there = memory.ok() && image != nullptr;
    if (there) {
      for (size_t at = 0; at + kCodeSize <= size; at += kCodeSize) {
        CopyBytes(image + at, BytesOfCode(static_cast<uint32_t>(at / 32 % 7)),
                  kCodeSize);
      }
      PORT_EXPECT(environment,
                  ebpf_port_exec_write(memory.at(0), image, size) == 0);
      PORT_EXPECT(environment, EqualBytes(ConstBytes(image, size),
                                          ConstBytes(memory.at(0), size)));
      const size_t places[] = {0, size / 2 / kPage * kPage, size - kCodeSize};
      for (size_t at : places) {
        PORT_EXPECT(environment,
                    AllGet(environment, memory.at(at), ValueOf(at / 32 % 7)));
      }
    }
    if (image != nullptr) {
      ebpf_port_free(image, size, 8);
    }
    if (there) {
      return;
    }
  }
  PORT_EXPECT(environment, !"at least 32 KiB");
}

void NeighboursGoOnWhileOneIsWritten(Environment& environment) {
  NEEDS_WRITING(environment);
  struct Neighbour {
    uintptr_t address = 0;
    Atomic<bool> end{false};
    Atomic<uint64_t> calls{0};
    Atomic<uint64_t> wrong{0};
  };
  static constinit Neighbour neighbour;
  neighbour.end.Store(false, kRelaxed);
  neighbour.calls.Store(0, kRelaxed);
  neighbour.wrong.Store(0, kRelaxed);
  CodeMemory memory(kPage);
  PORT_ASSERT(environment, memory.ok());
  PORT_ASSERT(environment, WriteCode(memory.at(0), 5) == 0);
  neighbour.address = AddressOf(memory.at(0));
  const auto call = [](void*) {
    while (!neighbour.end.Load(kRelaxed)) {
      const bool right = CallCode(neighbour.address) == ValueOf(5);
      neighbour.wrong.FetchAdd(right ? 0 : 1, kRelaxed);
      neighbour.calls.FetchAdd(1, kRelaxed);
    }
  };
  if (!environment.StartOn(1, call, nullptr)) {
    environment.Skipped("one CPU");
    return;
  }
  while (neighbour.calls.Load(kRelaxed) == 0) {
    environment.Yield();
  }
  for (uint32_t i = 0; i < 200; ++i) {
    PORT_EXPECT(environment, WriteCode(memory.at(64 + i % 16 * 64), i) == 0);
  }
  const uint64_t calls = neighbour.calls.Load(kRelaxed);
  while (neighbour.calls.Load(kRelaxed) == calls) {
    environment.Yield();
  }
  neighbour.end.Store(true, kRelaxed);
  environment.JoinTasks();
  PORT_EXPECT(environment, neighbour.wrong.Load(kRelaxed) == 0);
}

void RefusesWhatIsNoExecutableMemory(Environment& environment) {
  NEEDS_WRITING(environment);
  CodeMemory memory(kPage);
  PORT_ASSERT(environment, memory.ok());
  uint8_t before[kCodeSize];
  CopyBytes(before, BytesOfCode(0), sizeof before);
  const uint8_t bytes[4] = {1, 2, 3, 4};
  const auto write = [&](uintptr_t to, size_t size) {
    return ebpf_port_exec_write(reinterpret_cast<void*>(to), bytes, size);
  };
  PORT_EXPECT(environment, write(AddressOf(data), 4) < 0);
  PORT_EXPECT(environment, write(AddressOf(BytesOfCode(0)), 4) < 0);
  PORT_EXPECT(environment, write(0, 4) < 0);
  PORT_EXPECT(environment, write(UINTPTR_MAX - 1, 4) < 0);
  // Nothing of a write that goes beyond the memory.
  PORT_EXPECT(environment, AllZero(ConstBytes(data, sizeof data)));
  PORT_EXPECT(environment,
              EqualBytes(ConstBytes(before, sizeof before),
                         ConstBytes(BytesOfCode(0), sizeof before)));
}

void WhatWasGivenBackIsRefused(Environment& environment) {
  NEEDS_WRITING(environment);
  void* memory =
      ebpf_port_exec_alloc(kPage, AddressOf(BytesOfCode(0)), kAnywhere);
  PORT_ASSERT(environment, memory != nullptr);
  ebpf_port_exec_free(memory, kPage);
  PORT_EXPECT(environment,
              ebpf_port_exec_write(memory, BytesOfCode(0), kCodeSize) < 0);
}

void NoMappingWritesAndExecutes(Environment& environment) {
  NEEDS_WRITING(environment);
  CodeMemory memory(kPage);
  PORT_ASSERT(environment, memory.ok());
  switch (environment.TryWrite(AddressOf(memory.at(0)))) {
    case Environment::Attempt::kUnknown:
      environment.Skipped("nobody can try");
      break;
    case Environment::Attempt::kDone:
      if (environment.MayWriteWhatRuns()) {
        environment.Skipped(
            "this kernel maps nothing that runs and cannot be "
            "written");
      } else {
        PORT_EXPECT(environment, !"executable memory can be written");
      }
      break;
    case Environment::Attempt::kFaulted:
      break;
  }
}

constexpr Case kCases[] = {
    {"Exec.WrittenCodeRunsOnEachCpu", WrittenCodeRunsOnEachCpu, kMayKill},
    {"Exec.MemoryThatIsGivenAgainRunsItsNewCode",
     MemoryThatIsGivenAgainRunsItsNewCode, kMayKill},
    {"Exec.WritesEachSizeAtEachPlaceAndNoMore",
     WritesEachSizeAtEachPlaceAndNoMore, kMayKill},
    {"Exec.CodeAcrossPagesRuns", CodeAcrossPagesRuns, kMayKill},
    {"Exec.WholePagesBeginWherePagesDo", WholePagesBeginWherePagesDo},
    {"Exec.LargeImagesAreWrittenWhole", LargeImagesAreWrittenWhole, kMayKill},
    {"Exec.NeighboursGoOnWhileOneIsWritten", NeighboursGoOnWhileOneIsWritten,
     kMayKill},
    {"Exec.RefusesWhatIsNoExecutableMemory", RefusesWhatIsNoExecutableMemory,
     kMayKill},
    {"Exec.WhatWasGivenBackIsRefused", WhatWasGivenBackIsRefused, kMayKill},
    {"Exec.NoMappingWritesAndExecutes", NoMappingWritesAndExecutes, kMayKill},
};

}  // namespace

Span<const Case> ExecCases() { return kCases; }

}  // namespace ebpf::selftest
