// SPDX-License-Identifier: MIT
//
// Helpers that call functions of the program that calls them.
#include "core/helpers/dynptr.h"
#include "core/helpers/functions.h"
#include "core/helpers/result.h"
#include "core/maps/map.h"
#include "core/maps/user_ring_buffer_map.h"
#include "core/program/program.h"
#include "core/program/run_context.h"

namespace ebpf::helpers {
namespace {

/// Linux's BPF_MAX_LOOPS.
constexpr uint32_t kMaxLoops = 1u << 23;

/// A function of the program that runs on this CPU.
class Callback {
 public:
  Callback(RunContext& run, uint64_t function)
      : run_(run), engine_(run.program->engine()), function_(function) {}

  /// Whether the function wants no more: it returned 1.
  bool Ends(const uint64_t (&args)[5]) const {
    return engine_.CallBack(run_, function_, args) != 0;
  }

 private:
  RunContext& run_;
  const Engine& engine_;
  const uint64_t function_;
};

class CallbackVisitor final : public ElementVisitor {
 public:
  CallbackVisitor(const Callback& callback, uint64_t map, uint64_t context)
      : callback_(callback), map_(map), context_(context) {}

  bool Visit(ConstBytes key, Bytes value) override {
    return !callback_.Ends({map_, reinterpret_cast<uint64_t>(key.data()),
                            reinterpret_cast<uint64_t>(value.data()), context_,
                            0});
  }

 private:
  const Callback& callback_;
  const uint64_t map_;
  const uint64_t context_;
};

class SampleCallback final : public SampleVisitor {
 public:
  SampleCallback(const Callback& callback, uint64_t context)
      : callback_(callback), context_(context) {}

  bool Visit(Bytes sample) override {
    Dynptr dynptr;
    // No ring gives more than a dynptr can have.
    if (!IsOk(dynptr.Set(DynptrKind::kLocal, sample.data(), sample.size(),
                         /*read_only=*/false))) {
      return false;
    }
    return !callback_.Ends(
        {reinterpret_cast<uint64_t>(&dynptr), context_, 0, 0, 0});
  }

 private:
  const Callback& callback_;
  const uint64_t context_;
};

}  // namespace

/// long bpf_tail_call(context, array, index), where the verifier did not make
/// an instruction of it: there is nobody to go to.
uint64_t TailCall(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return AsResult(Status::kNotFound);
}

/// long bpf_for_each_map_elem(map, callback, context, flags): how many elements
/// the callback saw. callback(map, key, value, context)
uint64_t ForEachMapElem(uint64_t map, uint64_t function, uint64_t context,
                        uint64_t flags, uint64_t) {
  RunContext* run = CurrentRun();
  if (flags != 0 || run == nullptr) {
    return AsResult(Status::kInvalid);
  }
  const Callback callback(*run, function);
  CallbackVisitor visitor(callback, map, context);
  const Result<uint64_t> count = reinterpret_cast<Map*>(map)->ForEach(visitor);
  return count.ok() ? *count : AsResult(count.status());
}

/// long bpf_loop(count, callback, context, flags): how often the callback ran.
/// callback(index, context)
uint64_t Loop(uint64_t loops, uint64_t function, uint64_t context,
              uint64_t flags, uint64_t) {
  const auto count = static_cast<uint32_t>(loops);
  RunContext* run = CurrentRun();
  if (flags != 0 || run == nullptr) {
    return AsResult(Status::kInvalid);
  }
  if (count > kMaxLoops) {
    return AsResult(Status::kTooBig);
  }
  const Callback callback(*run, function);
  for (uint32_t i = 0; i < count; ++i) {
    if (callback.Ends({i, context, 0, 0, 0})) {
      return uint64_t{i} + 1;
    }
  }
  return count;
}

/// long bpf_user_ringbuf_drain(map, callback, context, flags): how many records
/// the callback saw. callback(dynptr, context)
uint64_t UserRingbufDrain(uint64_t map, uint64_t function, uint64_t context,
                          uint64_t flags, uint64_t) {
  RunContext* run = CurrentRun();
  if (run == nullptr) {
    return AsResult(Status::kInvalid);
  }
  const Callback callback(*run, function);
  SampleCallback visitor(callback, context);
  // The verifier lets only maps of this kind through.
  auto* const ring =
      static_cast<UserRingBufferMap*>(reinterpret_cast<Map*>(map));
  const Result<uint64_t> count = ring->ring().Drain(visitor, flags);
  return count.ok() ? *count : AsResult(count.status());
}

}  // namespace ebpf::helpers
