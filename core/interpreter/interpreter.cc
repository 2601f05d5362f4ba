// SPDX-License-Identifier: MIT
//
// The interpreter as an Engine.
#include "core/interpreter/interpreter.h"

#include "core/interpreter/execute.h"
#include "core/interpreter/image.h"

namespace ebpf {
namespace {

class Interpreter final : public Engine {
 public:
  constexpr Interpreter() = default;

  const char* name() const override { return "interpreter"; }

  Result<void*> Prepare(const Program& program) override {
    return static_cast<void*>(EBPF_TRY(interpreter::MakeImage(program)));
  }

  void Release(void* image) override {
    interpreter::FreeImage(static_cast<interpreter::Image*>(image));
  }

  uint64_t Run(const Program& /*program*/, void* image, void* context,
               RunContext& run) const override {
    return interpreter::Execute(*static_cast<const interpreter::Image*>(image),
                                context, run);
  }

  const void* TailCallEntry(const Program& /*program*/,
                            void* image) const override {
    return static_cast<const interpreter::Image*>(image)->steps.data();
  }

  uint64_t CallBack(RunContext& /*run*/, uint64_t /*function*/,
                    const uint64_t (&/*args*/)[5]) const override {
    return 0;  // no helper calls back yet
  }
};

constinit Interpreter interpreter_engine;

}  // namespace

Engine& InterpreterEngine() { return interpreter_engine; }

}  // namespace ebpf
