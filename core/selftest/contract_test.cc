// SPDX-License-Identifier: MIT
//
// The host port keeps core/platform's contract: each case is a test of its own.
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <vector>

#include "core/platform/features.h"
#include "core/selftest/case.h"
#include "core/selftest/environment.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_task.h"
#include "testing/host_port/host_timer.h"

namespace ebpf::selftest {
namespace {

// CPU 0 and 1 are for the tasks that tests start.
constexpr uint32_t kDeferCpu = 2;
constexpr uint32_t kOwnCpu = 3;

class HostEnvironment final : public Environment {
 public:
  void Begin(const char* /*name*/) override {}
  void End() override {}

  void Fail(const char* file, int line, const char* what) override {
    ADD_FAILURE_AT(file, line) << what;
  }
  void Skip(const char* why) override { skipped_ = why; }

  bool StartOn(uint32_t cpu, void (*body)(void* argument),
               void* argument) override {
    if (cpu >= kDeferCpu) {
      return false;
    }
    const uint32_t id = next_id_++;
    threads_.emplace_back([=] {
      HostCpu self(cpu);
      SetHostTask(id, id, "contract");
      body(argument);
    });
    return true;
  }

  void JoinTasks() override {
    for (std::thread& thread : threads_) {
      thread.join();
    }
    threads_.clear();
  }

  void Yield() override {
    RunHostTimers();
    std::this_thread::yield();
  }

  bool TimersInterrupt() override { return false; }

  bool CallInTrap(void (*body)(void* argument), void* argument) override {
    HostTrap trap;
    body(argument);
    return true;
  }

  // Registers come with the trap: selftest_test.cc has these cases.
  bool HookTrap(TrapHook /*hook*/, void* /*argument*/) override {
    return false;
  }
  void UnhookTrap() override {}

  bool InterruptsMasked() override { return HostIrqsMasked(); }

  uintptr_t UnmappedPage() override {
    static void* const pages = [] {
      void* memory = mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      mprotect(static_cast<char*>(memory) + kPage, kPage, PROT_NONE);
      return memory;
    }();
    return reinterpret_cast<uintptr_t>(pages) + kPage;
  }

  Attempt TryWrite(uintptr_t address) override {
    FILE* maps = fopen("/proc/self/maps", "r");
    char line[512];
    Attempt attempt = Attempt::kUnknown;
    while (fgets(line, sizeof(line), maps) != nullptr) {
      unsigned long from, to;
      char rights[8];
      if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) == 3 &&
          from <= address && address < to) {
        attempt = rights[1] == 'w' ? Attempt::kDone : Attempt::kFaulted;
      }
    }
    fclose(maps);
    return attempt;
  }

  void BeforeCall(uintptr_t /*address*/, size_t /*size*/) override {}

  uint64_t AllocatedBytes() override { return HostAllocatedBytes(); }

  const std::string& skipped() const { return skipped_; }

 private:
  static constexpr size_t kPage = 4096;

  std::vector<std::thread> threads_;
  uint32_t next_id_ = 100;
  std::string skipped_;
};

class ContractTest : public testing::Test {
 public:
  explicit ContractTest(const Case& test) : test_(test) {}

  void TestBody() override {
    HostCpu self(kOwnCpu);
    HostDeferWorker worker(kDeferCpu);
    SetHostTextSupport(true);
    // Stacks come with the trap, which is not linked here.
    SetHostFeatures(EBPF_PORT_TIMERS);
    SetHostRendezvousTimeout(1000);
    HostEnvironment environment;
    test_.run(environment);
    environment.JoinTasks();
    SetHostTextSupport(false);
    if (!environment.skipped().empty()) {
      GTEST_SKIP() << environment.skipped();
    }
  }

 private:
  const Case& test_;
};

void Register(void* /*context*/, const Case& test, uint32_t /*tier*/) {
  const std::string name = test.name;
  const size_t dot = name.find('.');
  testing::RegisterTest(
      (name.substr(0, dot) + "Contract").c_str(), name.substr(dot + 1).c_str(),
      nullptr, nullptr, __FILE__, __LINE__,
      [&test]() -> testing::Test* { return new ContractTest(test); });
}

const bool registered = [] {
  ForEachCase(Register, nullptr);
  return true;
}();

}  // namespace
}  // namespace ebpf::selftest

// Asked for too much, AddressSanitizer is to say no as a kernel would.
extern "C" const char* __asan_default_options() {
  return "allocator_may_return_null=1";
}
