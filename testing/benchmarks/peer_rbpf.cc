// SPDX-License-Identifier: MIT
//
// The shared library that testing/benchmarks/rbpf makes, loaded at run time:
// where there is no Cargo, its columns are absent and the rest is not.
#include <cstring>
#include <dlfcn.h>

#include "core/isa/insn.h"
#include "testing/benchmarks/peer.h"
#include "tools/cli/failure.h"
#include "tools/cli/object_program.h"

namespace ebpf::benchmarks {
namespace {

struct Functions {
  void* (*make)(const uint8_t* program, size_t size) = nullptr;
  uint64_t (*interpret)(void* peer, uint8_t* memory, size_t size,
                        uint64_t count) = nullptr;
  uint64_t (*run_jit)(void* peer, uint8_t* memory, size_t size,
                      uint64_t count) = nullptr;
  void (*free)(void* peer) = nullptr;
};

/// Empty, or why it could not be loaded.
std::string LoadFunctions(const std::string& path, Functions& functions) {
  if (path.empty()) {
    return "not built (no Cargo, or no crates)";
  }
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return dlerror();
  }
  const auto find = [library](const char* name, auto& function) {
    void* symbol = dlsym(library, name);
    std::memcpy(&function, &symbol, sizeof(symbol));
    return symbol != nullptr;
  };
  return find("rbpf_peer_new", functions.make) &&
                 find("rbpf_peer_interpret", functions.interpret) &&
                 find("rbpf_peer_run_jit", functions.run_jit) &&
                 find("rbpf_peer_delete", functions.free)
             ? ""
             : "not the library that it should be";
}

class RbpfRunner final : public Runner {
 public:
  RbpfRunner(const Functions& functions, RbpfEngine engine, void* peer)
      : functions_(functions),
        engine_(engine),
        peer_(peer),
        memory_(kMemorySize + sizeof(uint64_t)) {
    FillMemory(memory_.data());
  }
  ~RbpfRunner() override { functions_.free(peer_); }

  uint64_t Run(uint64_t count) override {
    const auto run =
        engine_ == RbpfEngine::kJit ? functions_.run_jit : functions_.interpret;
    const uint64_t begin = Now();
    result_ = run(peer_, memory_.data(), memory_.size(), count);
    return Now() - begin;
  }
  uint64_t result() const override { return result_; }
  const uint8_t* memory() const override { return memory_.data(); }

 private:
  const Functions functions_;
  const RbpfEngine engine_;
  void* const peer_;
  std::vector<uint8_t> memory_;
  uint64_t result_ = 0;
};

class RbpfPeer final : public Peer {
 public:
  RbpfPeer(RbpfEngine engine, const std::string& path)
      : engine_(engine), absence_(LoadFunctions(path, functions_)) {}

  std::string name() const override {
    return engine_ == RbpfEngine::kJit ? "rbpf JIT" : "rbpf interp.";
  }
  std::string absence() const override { return absence_; }

  std::unique_ptr<Runner> Load(const Kernel& kernel,
                               std::string& why) override {
    if (kernel.raw_object.empty()) {
      why = "it knows no maps";
      return nullptr;
    }
    const cli::LinkedProgram linked = cli::LinkProgram(
        {kernel.raw_object.begin(), kernel.raw_object.end()}, std::nullopt);
    void* peer =
        functions_.make(reinterpret_cast<const uint8_t*>(linked.insns.data()),
                        linked.insns.size() * sizeof(isa::Insn));
    if (peer == nullptr) {
      why = "rbpf refuses it";
      return nullptr;
    }
    return std::make_unique<RbpfRunner>(functions_, engine_, peer);
  }

 private:
  const RbpfEngine engine_;
  Functions functions_;
  const std::string absence_;
};

}  // namespace

std::unique_ptr<Peer> MakeRbpfPeer(RbpfEngine engine, const std::string& path) {
  return std::make_unique<RbpfPeer>(engine, path);
}

}  // namespace ebpf::benchmarks
