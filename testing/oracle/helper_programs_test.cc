// SPDX-License-Identifier: MIT
//
// Programs that call helpers, through bpf(2) here, interpreted and compiled,
// and in the host's kernel: they leave the same outcomes behind.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/btf/test_builder.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf.h"
#include "core/loader/object.h"
#include "core/syscall/system.h"
#include "gtest/gtest.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_timer.h"
#include "testing/host_port/host_variables.h"
#include "testing/oracle/host_object.h"

namespace ebpf::oracle {
namespace {

/// As in testing/programs/outcomes.h.
struct Outcome {
  int64_t result;
  uint64_t value;
  char text[64];
};
constexpr size_t kOutcomes = 256;

std::vector<uint8_t> ReadObject(const std::string& name) {
  std::ifstream in("testing/programs/" + name + ".x86_64.bpf.o",
                   std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Time for what a program started to happen.
void Pause(const std::string& program) {
  if (program == "start") {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

int64_t TestRun(TestCaller& caller, const loader::Object& object, size_t index,
                uint32_t& result) {
  linux_abi::ProgTestRunAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(object.program(index).fd);
  const ProgramTypeId type = object.file().programs()[index].section.type;
  if (type == ProgramTypeId::kRawTracepoint ||
      type == ProgramTypeId::kSyscall) {
    attr.ctx_in = caller.Put(nullptr, 64);
    attr.ctx_size_in = 64;
  } else {
    attr.data_in = caller.Put(nullptr, 64);
    attr.data_size_in = 64;
  }
  const uint64_t at = caller.Put(attr);
  const int64_t status =
      caller.BpfAt(linux_abi::kProgTestRun, at, sizeof(attr));
  result = caller.Get<linux_abi::ProgTestRunAttr>(at).retval;
  if (status == Minus(Status::kNotSupportedLinux)) {
    const Result<Ref<File>> file =
        caller.client().fds().Get(object.program(index).fd);
    uint64_t context[8] = {};
    result =
        static_cast<uint32_t>((*file)->AsProgram()->program()->Run(context));
    return 0;
  }
  return status;
}

/// A few of the types and variables that Linux has, for a kernel that is none.
class KernelTypes {
 public:
  KernelTypes() {
    using btf::Kind;
    btf::Builder b;
    const uint32_t word = b.Add(Kind::kInt, b.Name("unsigned int"), 4, {32});
    const uint32_t number =
        b.Add(Kind::kInt, b.Name("long unsigned int"), 8, {64});
    const uint32_t u32 = b.Add(Kind::kTypedef, b.Name("__u32"), word);
    const uint32_t state = b.Add(Kind::kStruct, b.Name("rnd_state"), 16,
                                 {b.Name("s1"), u32, 0, b.Name("s2"), u32, 32,
                                  b.Name("s3"), u32, 64, b.Name("s4"), u32, 96},
                                 4);
    const uint32_t loops =
        b.Add(Kind::kVariable, b.Name("cpu_loops_per_jiffy"), number, {1});
    const uint32_t random =
        b.Add(Kind::kVariable, b.Name("bpf_user_rnd_state"), state, {1});
    b.Add(Kind::kDataSection, b.Name(".data..percpu"), 24,
          {loops, 0, 8, random, 8, 16}, 2);
    b.Add(Kind::kVariable, b.Name("boots"), number, {1});
    AddFunctions(b, number);
    b.Add(Kind::kVariable, b.Name("boot_state"), state, {1});
    blob_ = b.Blob();
    const ConstBytes bytes(blob_.data(), blob_.size());
    index_.resize(*btf::Btf::CountTypes(bytes));
    btf_ = *btf::Btf::Open(bytes, {index_.data(), index_.size()});
    AddHostVariable("cpu_loops_per_jiffy", loops_, sizeof(loops_[0]));
    AddHostVariable("bpf_user_rnd_state", states_, sizeof(states_[0]));
    AddHostVariable("boots", &boots_);
    AddHostVariable("boot_state", &boot_state_);
  }
  ~KernelTypes() { RemoveHostVariables(); }

  const btf::Btf* btf() const { return &*btf_; }
  KernelView view() const {
    KernelView view;
    view.btf = btf();
    return view;
  }

 private:
  /// Those for objects of the programs' own.
  static void AddFunctions(btf::Builder& b, uint32_t number) {
    using btf::Kind;
    const uint32_t any = b.Add(Kind::kPointer, 0, 0);
    const auto add = [&](const char* name, const char* argument, uint32_t type,
                         uint32_t result) {
      const uint32_t prototype =
          b.Add(Kind::kFunctionProto, 0, result,
                {b.Name(argument), type, b.Name("meta__ign"), any}, 2);
      b.Add(Kind::kFunction, b.Name(name), prototype);
    };
    add("bpf_obj_new_impl", "local_type_id__k", number, any);
    add("bpf_obj_drop_impl", "p__alloc", any, 0);
    add("bpf_refcount_acquire_impl", "p__refcounted_kptr", any, any);
  }

  std::vector<uint8_t> blob_;
  std::vector<uint32_t> index_;
  std::optional<btf::Btf> btf_;
  struct State {
    uint32_t s[4];
  };
  const uint64_t loops_[kMaxHostCpus] = {10, 11, 12, 13};
  const State states_[kMaxHostCpus] = {{}, {}, {}, {{5, 6, 7, 8}}};
  const uint64_t boots_ = 77;
  const State boot_state_ = {{1, 22, 3, 4}};
};

/// The same here.
HostRun RunHere(const std::vector<uint8_t>& bytes, const btf::Btf* types) {
  HostRun run;
  TestCaller caller(Origin::kKernel);
  std::vector<char> text(1 << 16);
  TextWriter log(text.data(), text.size());
  {
    const HostTimerWorker timers(1);
    const HostDeferWorker tasks(2);
    loader::Kernel kernel;
    kernel.btf = types;
    loader::Object object(caller.client(), PortAllocator(), log, kernel);
    Status status = object.Open(ConstBytes(bytes.data(), bytes.size()));
    status = IsOk(status) ? object.Load() : status;
    if (!IsOk(status)) {
      run.error = std::string(log.text().data(), log.text().size());
      return run;
    }
    for (size_t i = 0; i < object.program_count(); ++i) {
      const StringView name = object.file().programs()[i].name;
      uint32_t result = 0;
      const int64_t error = TestRun(caller, object, i, result);
      run.programs.emplace_back(name.data(), name.size());
      run.results.push_back(result);
      if (error != 0) {
        run.error = run.programs.back() + ": " + std::to_string(error);
        return run;
      }
      Pause(run.programs.back());
    }
    run.data.resize(kOutcomes * sizeof(Outcome) + 8);
    const uint32_t key = 0;
    EXPECT_EQ(caller.Elem(linux_abi::kMapLookupElem, *object.MapFd(".bss"),
                          reinterpret_cast<uint64_t>(&key),
                          reinterpret_cast<uint64_t>(run.data.data())),
              0);
    object.Close();
  }
  caller.client().fds().CloseAll();
  return run;
}

/// Programs' outcomes in `run`.
std::vector<Outcome> OutcomesOf(const HostRun& run) {
  std::vector<Outcome> outcomes(kOutcomes);
  if (run.data.size() < kOutcomes * sizeof(Outcome) + 4) {
    return {};
  }
  // The compiler lays out .bss: the count first, or the list.
  uint32_t count;
  std::memcpy(&count, run.data.data() + kOutcomes * sizeof(Outcome), 4);
  std::memcpy(outcomes.data(), run.data.data(), kOutcomes * sizeof(Outcome));
  outcomes.resize(count);
  return outcomes;
}

class HelperProgramsTest
    : public ::testing::TestWithParam<std::tuple<const char*, bool>> {
 protected:
  KernelTypes types_;
  TestSystem system_{types_.view()};
};

TEST(KernelVariablesTest, ProgramsReadThoseThatThePortHas) {
  const KernelTypes types;
  const TestSystem system(types.view());
  const HostCpu cpu(3);
  for (const bool compiled : {false, true}) {
    const Status engine = SelectEngine(compiled, /*blind_constants=*/false);
    ASSERT_TRUE(IsOk(engine) || !compiled);
    const HostRun here = RunHere(ReadObject("kernel_variables"), types.btf());
    ASSERT_EQ(here.error, "");
    const std::vector<Outcome> found = OutcomesOf(here);
    const int64_t wanted[][2] = {
        {1, 13},             // this CPU's, and the same by its number
        {1, 0},   {1, 0},    // CPUs that are none
        {1, 11},  {22, 77},  // another CPU's; those of all
        {1, 133}, {1, 0},
    };
    ASSERT_EQ(found.size(), sizeof(wanted) / sizeof(wanted[0]));
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].result, wanted[i][0]) << i;
      EXPECT_EQ(static_cast<int64_t>(found[i].value), wanted[i][1]) << i;
    }
  }
}

TEST(OwnObjectsTest, ProgramsFindTheFunctionsInTheTypesThatEachKernelHas) {
  const TestSystem system;
  const HostRun here =
      RunHere(ReadObject("own_objects"), RunningSystem()->kernel.btf);
  ASSERT_EQ(here.error, "");
  EXPECT_EQ(here.programs.size(), 8u);
  for (const uint32_t result : here.results) {
    EXPECT_EQ(result, 0u);
  }
  EXPECT_EQ(OutcomesOf(here).size(), 43u);
}

TEST_P(HelperProgramsTest, LeaveTheSameOutcomesAsInTheHostsKernel) {
  const auto [name, compiled] = GetParam();
  if (!HasHostObjects()) {
    GTEST_SKIP() << "NO ORACLE: no libbpf, or no bpf(2) for this process";
  }
  const Status engine = SelectEngine(compiled, /*blind_constants=*/false);
  ASSERT_TRUE(IsOk(engine) || !compiled);
  const std::vector<uint8_t> object = ReadObject(name);
  ASSERT_FALSE(object.empty()) << name;

  const HostRun host = RunOnHost(object, Pause);
  const HostRun here = RunHere(object, types_.btf());

  ASSERT_EQ(host.error, "");
  ASSERT_EQ(here.error, "");
  EXPECT_EQ(here.programs, host.programs);
  EXPECT_EQ(here.results, host.results);
  const std::vector<Outcome> wanted = OutcomesOf(host);
  const std::vector<Outcome> found = OutcomesOf(here);
  EXPECT_EQ(found.size(), wanted.size());
  EXPECT_GT(wanted.size(), 5u);
  EXPECT_LT(wanted.size(), kOutcomes);
  for (size_t i = 0; i < wanted.size() && i < found.size(); ++i) {
    EXPECT_EQ(found[i].result, wanted[i].result) << "outcome " << i;
    EXPECT_EQ(found[i].value, wanted[i].value) << "outcome " << i;
    EXPECT_EQ(std::string(found[i].text, sizeof(found[i].text)),
              std::string(wanted[i].text, sizeof(wanted[i].text)))
        << "outcome " << i;
  }
  printf("%s: %zu outcomes of %zu programs\n", name, wanted.size(),
         host.programs.size());
}

INSTANTIATE_TEST_SUITE_P(
    All, HelperProgramsTest,
    ::testing::Combine(::testing::Values("helper_strings", "helper_dynptr",
                                         "helper_locks", "helper_timers",
                                         "helper_rest", "helper_values",
                                         "map_kinds", "own_objects"),
                       ::testing::Bool()),
    [](const auto& info) {
      return std::string(std::get<0>(info.param)) +
             (std::get<1>(info.param) ? "Compiled" : "Interpreted");
    });

}  // namespace
}  // namespace ebpf::oracle
