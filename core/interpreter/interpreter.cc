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
    return static_cast<void*>(
        EBPF_TRY(interpreter::MakeImage(program, interpreter::Fusing::kYes)));
  }

  void Release(void* image) override {
    interpreter::FreeImage(static_cast<interpreter::Image*>(image));
  }

  uint64_t Run(const Program& /*program*/, void* image, void* context,
               RunContext& run) const override {
    const uint64_t args[5] = {reinterpret_cast<uint64_t>(context)};
    run.frame_count = 0;
    return interpreter::Execute(AsImage(image).first(), args, run.StackTop(),
                                run);
  }

  const void* TailCallEntry(const Program& /*program*/,
                            void* image) const override {
    return AsImage(image).first();
  }

  uint64_t CallBack(RunContext& run, uint64_t function,
                    const uint64_t (&args)[5]) const override;

 private:
  static const interpreter::Image& AsImage(void* image) {
    return *static_cast<const interpreter::Image*>(image);
  }
};

uint64_t Interpreter::CallBack(RunContext& run, uint64_t function,
                               const uint64_t (&args)[5]) const {
  const uint64_t stack_below = run.stack_below;
  const uint32_t frame_count = run.frame_count;
  if (!interpreter::HasStack(run, stack_below)) {
    return 0;  // not verified: stop before it does harm
  }
  const uint64_t result =
      interpreter::Execute(reinterpret_cast<const interpreter::Step*>(function),
                           args, stack_below, run);
  // A helper that the function called may have used them.
  run.stack_below = stack_below;
  run.frame_count = frame_count;
  return result;
}

constinit Interpreter interpreter_engine;

}  // namespace

Engine& InterpreterEngine() { return interpreter_engine; }

}  // namespace ebpf
