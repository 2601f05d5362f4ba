// SPDX-License-Identifier: MIT
//
// The algorithm of read_section.cc, step by step (R1..R4, C1..C3, W1..W5), in
// every order that CPUs may perform it; and mutants of it, each of which must
// fail.
#include <cstdio>
#include <string>
#include <vector>

#include "core/sync/weak_memory_model.h"
#include "gtest/gtest.h"

namespace ebpf::model {
namespace {

constexpr int kCpus = 2;

// Memory.
constexpr int kPhase = 0;      // the lowest bit counts
constexpr int kPublished = 1;  // the number of the object that readers find
constexpr int kFreed = 2;      // [object]: 1 when it is freed
constexpr int kObjects = 3;
constexpr int kEntered = kFreed + kObjects;  // [cpu][phase]
constexpr int kLeft = kEntered + 2 * kCpus;
constexpr int kTurns = kLeft + 2 * kCpus;  // of CPU 0's CpuSection
constexpr size_t kMemorySize = kTurns + 1;

/// What is taken away from the algorithm.
struct Mutant {
  std::string name;
  bool no_reader_fence = false;      // R3
  bool no_waiter_fence = false;      // W1
  bool no_release = false;           // R4
  bool no_acquire = false;           // W2
  bool entered_first = false;        // W3 before W2
  bool cpu_by_cpu = false;           // W2, W3 of one CPU, then of the next
  bool one_flip = false;             // W4 once
  bool separate_load_store = false;  // R2 and R4 are not read-modify-write
  bool no_section_fence = false;     // C2
  bool no_section_release = false;   // C3
};

Location Fixed(int location) {
  return [location](const Values&) { return location; };
}

/// Appends the steps of a reader, one call per program point, so that another
/// reader can be put between any two of them.
class Reader {
 public:
  Reader(const Mutant& mutant, int cpu_at_entry, int cpu_at_exit)
      : mutant_(mutant), entry_(cpu_at_entry), exit_(cpu_at_exit) {}

  static constexpr int kPoints = 8;

  void Append(Thread& thread, int point) {
    const auto counter = [this](int base, int cpu) -> Location {
      return [base, cpu, phase = phase_](const Values& values) {
        return base + 2 * cpu + (values[static_cast<size_t>(phase)] & 1);
      };
    };
    const Order release =
        mutant_.no_release ? Order::kRelaxed : Order::kRelease;
    switch (point) {
      case 0:  // R1
        phase_ = thread.Load(Fixed(kPhase));
        return;
      case 1:  // R2
        Increment(thread, counter(kEntered, entry_), Order::kRelaxed);
        return;
      case 2:
        FinishIncrement(thread, counter(kEntered, entry_), Order::kRelaxed);
        return;
      case 3:  // R3
        if (!mutant_.no_reader_fence) {
          thread.Fence();
        }
        return;
      case 4:
        object_ = thread.Load(Fixed(kPublished));
        return;
      case 5:
        thread.Use(
            [object = object_](const Values& values) {
              return kFreed + values[static_cast<size_t>(object)];
            },
            {object_});
        return;
      case 6:  // R4
        Increment(thread, counter(kLeft, exit_), release);
        return;
      case 7:
        FinishIncrement(thread, counter(kLeft, exit_), release);
        return;
      default:
        return;
    }
  }

 private:
  void Increment(Thread& thread, Location location, Order order) {
    if (mutant_.separate_load_store) {
      loaded_ = thread.Load(std::move(location), {phase_});
    } else {
      thread.Add(std::move(location), 1, {phase_}, order);
    }
  }
  void FinishIncrement(Thread& thread, Location location, Order order) {
    if (mutant_.separate_load_store) {
      thread.Store(
          std::move(location),
          [loaded = loaded_](const Values& values) {
            return static_cast<uint8_t>(values[static_cast<size_t>(loaded)] +
                                        1);
          },
          {phase_, loaded_}, order);
    }
  }

  const Mutant& mutant_;
  int entry_, exit_;
  int phase_ = 0, object_ = 0, loaded_ = 0;
};

Thread ReaderThread(const Mutant& mutant, int cpu_at_entry, int cpu_at_exit) {
  Thread thread;
  Reader reader(mutant, cpu_at_entry, cpu_at_exit);
  for (int point = 0; point < Reader::kPoints; ++point) {
    reader.Append(thread, point);
  }
  return thread;
}

/// Appends a step of a CpuSection of CPU 0: its turn's load, or its store.
int LoadTurn(Thread& thread) { return thread.Load(Fixed(kTurns)); }
void StoreTurn(Thread& thread, int loaded, Order order) {
  thread.Store(
      Fixed(kTurns),
      [loaded](const Values& values) {
        return static_cast<uint8_t>(values[static_cast<size_t>(loaded)] + 1);
      },
      {loaded}, order);
}

/// What comes behind its opening.
void AppendOpenSection(const Mutant& mutant, Thread& thread) {
  if (!mutant.no_section_fence) {
    thread.Fence();  // C2
  }
  const int object = thread.Load(Fixed(kPublished));
  thread.Use(
      [object](const Values& values) {
        return kFreed + values[static_cast<size_t>(object)];
      },
      {object});
  StoreTurn(
      thread, LoadTurn(thread),
      mutant.no_section_release ? Order::kRelaxed : Order::kRelease);  // C3
}

/// `sections` CpuSections of CPU 0, one after the other.
Thread CpuSectionThread(const Mutant& mutant, int sections) {
  Thread thread;
  for (int i = 0; i < sections; ++i) {
    StoreTurn(thread, LoadTurn(thread), Order::kRelaxed);  // C1
    AppendOpenSection(mutant, thread);
  }
  return thread;
}

/// One that is interrupted by `others`, between the load and the store of its
/// C1, and followed by one more.
Thread InterruptedCpuSection(const Mutant& mutant, int others) {
  Thread thread;
  const int loaded = LoadTurn(thread);
  for (int i = 0; i < others; ++i) {
    StoreTurn(thread, LoadTurn(thread), Order::kRelaxed);
    AppendOpenSection(mutant, thread);
  }
  StoreTurn(thread, loaded, Order::kRelaxed);
  AppendOpenSection(mutant, thread);
  StoreTurn(thread, LoadTurn(thread), Order::kRelaxed);
  AppendOpenSection(mutant, thread);
  return thread;
}

/// A reader that is interrupted before its `at`-th point by another one.
Thread NestedReaders(const Mutant& mutant, int at) {
  Thread thread;
  Reader outer(mutant, 0, 0);
  Reader inner(mutant, 0, 0);
  for (int point = 0; point <= Reader::kPoints; ++point) {
    if (point == at) {
      for (int inside = 0; inside < Reader::kPoints; ++inside) {
        inner.Append(thread, inside);
      }
    }
    outer.Append(thread, point);
  }
  return thread;
}

/// IsQuiet as a wait: loads both sums of the phase that step `flip` returned.
void AppendSums(const Mutant& mutant, Thread& thread, int flip) {
  std::vector<int> left;
  std::vector<int> entered;
  const auto counter = [flip](int base, int cpu) -> Location {
    return [base, cpu, flip](const Values& values) {
      return base + 2 * cpu + (values[static_cast<size_t>(flip)] & 1);
    };
  };
  const auto load_left = [&](int cpu) {
    left.push_back(
        thread.Load(counter(kLeft, cpu), {flip},
                    mutant.no_acquire ? Order::kRelaxed : Order::kAcquire));
  };
  const auto load_entered = [&](int cpu) {
    entered.push_back(thread.Load(counter(kEntered, cpu), {flip}));
  };
  if (mutant.cpu_by_cpu) {
    for (int cpu = 0; cpu < kCpus; ++cpu) {
      load_left(cpu);
      load_entered(cpu);
    }
  } else {
    for (int cpu = 0; cpu < 2 * kCpus; ++cpu) {
      const bool first_sum = cpu < kCpus;
      first_sum != mutant.entered_first ? load_left(cpu % kCpus)
                                        : load_entered(cpu % kCpus);
    }
  }
  std::vector<int> all = left;
  all.insert(all.end(), entered.begin(), entered.end());
  thread.Wait(
      [left, entered](const Values& values) {
        int balance = 0;
        for (size_t i = 0; i < left.size(); ++i) {
          balance += values[static_cast<size_t>(entered[i])];
          balance -= values[static_cast<size_t>(left[i])];
        }
        return balance == 0;
      },
      all);
}

/// WaitWhileOpen: the wait is for a second load that says so.
void AppendSectionWait(Thread& thread) {
  const int first = thread.Load(Fixed(kTurns), {}, Order::kAcquire);  // W5
  const int again = thread.Load(Fixed(kTurns), {}, Order::kAcquire);
  thread.Wait(
      [first, again](const Values& values) {
        const uint8_t turn = values[static_cast<size_t>(first)];
        return (turn & 1) == 0 || values[static_cast<size_t>(again)] != turn;
      },
      {first, again});
}

/// Unlinks and frees `rounds` objects, one after the other.
Thread WaiterThread(const Mutant& mutant, int rounds) {
  Thread thread;
  for (int round = 0; round < rounds; ++round) {
    thread.Store(Fixed(kPublished), [round](const Values&) {
      return static_cast<uint8_t>(round + 1);
    });
    if (!mutant.no_waiter_fence) {
      thread.Fence();  // W1
    }
    AppendSectionWait(thread);
    for (int flips = 0; flips < (mutant.one_flip ? 1 : 2); ++flips) {
      const int flip = thread.Add(Fixed(kPhase), 1);  // W4
      AppendSums(mutant, thread, flip);
    }
    thread.Store(Fixed(kFreed + round), [](const Values&) { return 1; });
  }
  return thread;
}

struct Scenario {
  std::string name;
  std::vector<Thread> threads;
};

std::vector<Scenario> ScenariosOf(const Mutant& mutant) {
  std::vector<Scenario> scenarios;
  scenarios.push_back(
      {"a reader", {ReaderThread(mutant, 0, 0), WaiterThread(mutant, 1)}});
  scenarios.push_back({"a reader that migrates",
                       {ReaderThread(mutant, 0, 1), WaiterThread(mutant, 1)}});
  scenarios.push_back({"two grace periods",
                       {ReaderThread(mutant, 0, 0), WaiterThread(mutant, 2)}});
  scenarios.push_back({"readers on two CPUs",
                       {ReaderThread(mutant, 0, 0), ReaderThread(mutant, 1, 1),
                        WaiterThread(mutant, 1)}});
  scenarios.push_back({"a reader beside one that migrates",
                       {ReaderThread(mutant, 1, 1), ReaderThread(mutant, 0, 1),
                        WaiterThread(mutant, 1)}});
  scenarios.push_back({"two readers, one of which migrates, two grace periods",
                       {ReaderThread(mutant, 0, 1), ReaderThread(mutant, 1, 1),
                        WaiterThread(mutant, 2)}});
  scenarios.push_back({"a CPU's section",
                       {CpuSectionThread(mutant, 1), WaiterThread(mutant, 1)}});
  scenarios.push_back({"two CPU's sections, two grace periods",
                       {CpuSectionThread(mutant, 2), WaiterThread(mutant, 2)}});
  for (int others : {1, 2}) {
    scenarios.push_back(
        {"a CPU's section, interrupted by " + std::to_string(others),
         {InterruptedCpuSection(mutant, others), WaiterThread(mutant, 1)}});
  }
  scenarios.push_back(
      {"a CPU's section, interrupted, two grace periods",
       {InterruptedCpuSection(mutant, 1), WaiterThread(mutant, 2)}});
  for (int at = 0; at <= Reader::kPoints; ++at) {
    const std::string point = ", before point " + std::to_string(at);
    scenarios.push_back({"a reader inside another" + point,
                         {NestedReaders(mutant, at), WaiterThread(mutant, 1)}});
    scenarios.push_back({"the same, two grace periods" + point,
                         {NestedReaders(mutant, at), WaiterThread(mutant, 2)}});
    scenarios.push_back({"the same beside a reader" + point,
                         {NestedReaders(mutant, at), ReaderThread(mutant, 1, 0),
                          WaiterThread(mutant, 1)}});
  }
  return scenarios;
}

/// The names of the scenarios in which somebody reads what is freed.
std::vector<std::string> Violations(const Mutant& mutant) {
  std::vector<std::string> violated;
  size_t states = 0;
  for (Scenario& scenario : ScenariosOf(mutant)) {
    const Outcome outcome =
        Explorer(std::move(scenario.threads), kMemorySize).Explore();
    states += outcome.states;
    EXPECT_TRUE(outcome.completed || outcome.violated) << scenario.name;
    if (outcome.violated) {
      violated.push_back(scenario.name);
    }
  }
  std::printf("%s: %zu states, %zu scenarios violated\n", mutant.name.c_str(),
              states, violated.size());
  return violated;
}

TEST(ReadSectionModelTest, NobodyReadsWhatIsFreed) {
  EXPECT_EQ(Violations({.name = "the algorithm"}), std::vector<std::string>());
}

class ReadSectionMutantTest : public testing::TestWithParam<Mutant> {};

TEST_P(ReadSectionMutantTest, IsFoundOut) {
  EXPECT_FALSE(Violations(GetParam()).empty());
}

INSTANTIATE_TEST_SUITE_P(
    Mutants, ReadSectionMutantTest,
    testing::Values(
        Mutant{.name = "NoReaderFence", .no_reader_fence = true},
        Mutant{.name = "NoWaiterFence", .no_waiter_fence = true},
        Mutant{.name = "NoReleaseAtExit", .no_release = true},
        Mutant{.name = "NoAcquireBetweenTheSums", .no_acquire = true},
        Mutant{.name = "EnteredSummedFirst", .entered_first = true},
        Mutant{.name = "SummedCpuByCpu", .cpu_by_cpu = true},
        Mutant{.name = "OneFlipOnly", .one_flip = true},
        Mutant{.name = "LoadAndStoreApart", .separate_load_store = true},
        Mutant{.name = "NoSectionFence", .no_section_fence = true},
        Mutant{.name = "NoReleaseAtSectionsEnd", .no_section_release = true}),
    [](const testing::TestParamInfo<Mutant>& info) { return info.param.name; });

}  // namespace
}  // namespace ebpf::model
