// SPDX-License-Identifier: MIT
//
// Core's engines, with programs that bpf(2) verified and with programs that
// nobody looked at.
#include "core/interpreter/interpreter.h"
#include "core/program/run_context.h"
#include "core/sync/read_section.h"
#include "testing/benchmarks/object_maps.h"
#include "testing/benchmarks/peer.h"
#include "testing/host_port/host_machine.h"
#include "tools/cli/compile.h"
#include "tools/cli/engines.h"
#include "tools/cli/failure.h"
#include "tools/cli/object_program.h"
#include "tools/cli/verified_program.h"

namespace ebpf::benchmarks {
namespace {

/// A program and its maps, however they were made.
struct Loaded {
  Ref<Program> program;
  ObjectMaps maps;
};

Loaded LoadVerified(const Kernel& kernel) {
  cli::VerifiedObject object = cli::LoadVerified(
      {kernel.object.begin(), kernel.object.end()}, std::nullopt);
  return {object.programs.at(0).program, std::move(object.maps)};
}

Loaded LoadUnverified(const Kernel& kernel, Engine& engine) {
  cli::LinkedProgram linked = cli::LinkProgram(
      {kernel.object.begin(), kernel.object.end()}, std::nullopt);
  Loaded loaded;
  for (size_t i = 0; i < linked.maps.size(); ++i) {
    loaded.maps.emplace(linked.map_names[i], linked.maps[i]);
  }
  loaded.program = cli::MakeProgram(linked.insns, linked.maps, engine);
  return loaded;
}

class OurRunner final : public Runner {
 public:
  OurRunner(Loaded loaded, Engine& engine)
      : program_(Move(loaded.program)),
        maps_(std::move(loaded.maps)),
        engine_(engine) {
    Result<void*> image = engine_.Prepare(*program_);
    cli::Require(image.status(), "not prepared");
    image_ = *image;
    const auto data = maps_.find(".bss");
    if (data != maps_.end()) {
      memory_ = data->second->DirectValue()->data();
    } else {
      // Nothing of it is used, and the compiler dropped it.
      static uint8_t unused[kMemorySize + sizeof(uint64_t)];
      memory_ = unused;
    }
    FillMemory(memory_);
  }
  ~OurRunner() override { engine_.Release(image_); }

  uint64_t Run(uint64_t count) override {
    DrainRings(maps_);
    RunContext* run = BeginRun();
    run->program = program_.get();
    run->context = nullptr;
    uint64_t ns;
    {
      const ReadSection reading;
      const uint64_t begin = Now();
      for (uint64_t i = 0; i < count; ++i) {
        (void)engine_.Run(*program_, image_, nullptr, *run);
      }
      ns = Now() - begin;
    }
    EndRun(run);
    return ns;
  }

  uint64_t result() const override {
    return *reinterpret_cast<const uint64_t*>(memory_ + kResultOffset);
  }
  const uint8_t* memory() const override { return memory_; }
  size_t insn_count() const override { return program_->insns().size(); }
  size_t code_size() const override {
    if (&engine_ == &InterpreterEngine()) {
      return 0;
    }
    return cli::CompileFor(ThisMachine(), ThisCpuFeatures(), *program_, 0)
        .code.size();
  }

 private:
  Ref<Program> program_;
  ObjectMaps maps_;
  Engine& engine_;
  void* image_;
  uint8_t* memory_;
};

class OurPeer final : public Peer {
 public:
  explicit OurPeer(OurEngine kind) : kind_(kind) {
    try {
      engine_ = &cli::FindEngine(kind == OurEngine::kInterpreter ? "interpreter"
                                                                 : "jit");
    } catch (const cli::Failure& failure) {
      absence_ = failure.what();
    }
  }

  std::string name() const override {
    switch (kind_) {
      case OurEngine::kJit:
        return kOurJit;
      case OurEngine::kJitWithoutFacts:
        return "no facts";
      default:
        return "our interp.";
    }
  }
  std::string absence() const override { return absence_; }

  std::unique_ptr<Runner> Load(const Kernel& kernel,
                               std::string& why) override {
    try {
      return std::make_unique<OurRunner>(kind_ == OurEngine::kJitWithoutFacts
                                             ? LoadUnverified(kernel, *engine_)
                                             : LoadVerified(kernel),
                                         *engine_);
    } catch (const cli::Failure& failure) {
      why = failure.what();
      return nullptr;
    }
  }

 private:
  const OurEngine kind_;
  Engine* engine_ = nullptr;
  std::string absence_;
};

}  // namespace

std::unique_ptr<Peer> MakeOurPeer(OurEngine engine) {
  return std::make_unique<OurPeer>(engine);
}

}  // namespace ebpf::benchmarks
