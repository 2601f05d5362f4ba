// SPDX-License-Identifier: MIT
//
// A loaded program: what bpf(2) made and probes run.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/string_view.h"
#include "core/btf/btf_object.h"
#include "core/isa/insn.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/maps/deferred_work.h"
#include "core/maps/map.h"
#include "core/maps/prog_array_map.h"
#include "core/maps/program_object.h"
#include "core/maps/value_timer.h"
#include "core/memory/allocator.h"
#include "core/memory/per_cpu.h"
#include "core/memory/ref_counted.h"
#include "core/memory/vector.h"
#include "core/program/engine.h"
#include "core/program/insn_facts.h"
#include "core/program/program_tag.h"
#include "core/program/task_run.h"
#include "core/program_types/program_type.h"
#include "core/sync/id_table.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// One function of a program.
struct ProgramFunction {
  uint32_t start;        // its first instruction's index
  uint16_t stack_bytes;  // a multiple of 8, at most kMaxStackBytes
  /// Calls between the program's first function and this one, at most.
  uint8_t depth;
  /// It, or what it calls, makes tail calls.
  bool reaches_tail_call;
};

/// A function as CallDirect calls it: r1..r5 in, r0 out. Context: any.
using DirectCall = uint64_t (*)(uint64_t r1, uint64_t r2, uint64_t r3,
                                uint64_t r4, uint64_t r5);

/// Who made a program of what, for those who ask by bpf(2).
struct ProgramOrigin {
  uint64_t load_time_ns = 0;
  uint32_t user_id = 0;
  /// What the verifier walked, over all paths.
  uint32_t verified_insns = 0;
  /// What it is attached to by BTF, or 0.
  uint32_t attach_btf_id = 0;
};

/// What a program is made of. The arrays belong to whoever fills the
/// description in, until Program::Create took them over.
struct ProgramParts {
  static constexpr size_t kNameSize = 16;  // BPF_OBJ_NAME_LEN

  const ProgramType* type = nullptr;
  /// Verified, from `allocator`. LD_IMM64 of a map (kPseudoMapFd) has the
  /// address of its Map as the 64-bit constant and src 0; of a map value, the
  /// value's address, src 0.
  isa::Insns insns;
  /// The maps that the program uses; one reference of each. From `allocator`.
  Span<Map*> maps;
  Span<InsnFacts> facts;  // one for each instruction, or empty
  /// By start, the first at 0; empty: nothing known, functions begin where
  /// calls go, each with kMaxStackBytes.
  Span<ProgramFunction> functions;
  /// For each instruction its index in what the client loaded; empty: the same.
  Span<uint32_t> original_indices;
  /// What CallDirect instructions call, by their imm; or empty.
  Span<DirectCall> direct_calls;
  /// Those of its types that it makes objects of; they go with the program.
  Span<ObjectType*> object_types;
  /// Its own types, with one reference, or null; and what its functions and
  /// source lines are there, by their index in `insns`.
  btf::BtfObject* types = nullptr;
  Span<linux_abi::FunctionInfo> function_info;
  Span<linux_abi::LineInfo> line_info;
  ProgramOrigin origin;
  char name[kNameSize] = {};
  /// Of what the client loaded.
  uint8_t tag[kTagSize] = {};
  bool gpl_compatible = false;
  /// bpf_attach_type that it was loaded for.
  uint32_t attach_type = 0;
  bool sleepable = false;  // BPF_F_SLEEPABLE
  /// It calls bpf_override_return: only for functions that the kernel lets be
  /// overridden, and not for tail calls.
  bool overrides_return = false;
  /// How much it looks at of an iterator's element: its key, its value; or of
  /// the buffer that a tracepoint lets it write.
  uint32_t element_key_bytes = 0;
  uint32_t element_value_bytes = 0;
  /// The same of its context.
  uint32_t context_bytes = 0;
};

struct ProgramStats {
  uint64_t runs;
  uint64_t missed;  // not run: the CPU was inside a program already
  /// Of the runs, those that ended while somebody wanted times (RunTimes), and
  /// how long they took.
  uint64_t timed_runs;
  uint64_t run_time_ns;
};

/// While one lives, the time that each program runs is measured.
/// Context: any.
class RunTimes : public NonCopyable {
 public:
  RunTimes();
  ~RunTimes();

  static bool wanted() { return living() != 0; }
  /// How many want them.
  static uint32_t living() { return count.Load(kRelaxed); }

 private:
  /// Those that live. Nothing is ordered by it.
  [[gnu::visibility("hidden")]] static constinit Atomic<uint32_t> count;
};

struct RunLevels;

/// Context of what is not said otherwise: task.
class Program final : public RefCounted<Program>,
                      public IdNode,
                      public TimerProgram {
 public:
  /// Takes over the arrays and map references of `parts` when it succeeds, and
  /// only then. kNoMemory, kInvalid (its array for tail calls is for programs
  /// of another engine or type), or what the engine says.
  static Result<Ref<Program>> Create(const ProgramParts& parts, Engine& engine,
                                     Allocator& allocator);

  const ProgramType& type() const { return *parts_.type; }
  isa::ConstInsns insns() const { return parts_.insns; }
  Span<Map* const> maps() const {
    return Span<Map* const>(parts_.maps.data(), parts_.maps.size());
  }
  /// Keeps `map` as long as the program lives; nothing if it does already.
  /// kNoMemory.
  Status BindMap(Ref<Map> map);

  /// Of its own types, the one that it makes objects of; null: it makes none.
  /// Context: any, in a run of it.
  ObjectType* FindObjectType(btf::TypeId id) const;
  /// What it takes, its code included; maps and types are others'.
  uint64_t memory_bytes() const;
  /// The maps that it uses and then those that were bound to it; null behind
  /// the last.
  Map* MapAt(uint32_t index) const;

  Span<const InsnFacts> facts() const { return parts_.facts; }
  const ProgramParts& parts() const { return parts_; }
  StringView name() const {
    return StringView::FromField(parts_.name, ProgramParts::kNameSize);
  }
  Engine& engine() const { return engine_; }
  /// What its engine compiled; empty where it is interpreted.
  MachineCode code() const { return engine_.CodeOf(image_); }
  /// For the arrays of tail calls. Context: any.
  TailCallTarget& tail_call_target() { return tail_call_target_; }
  /// Where its memory came from, for the engine's image.
  Allocator& allocator() const { return allocator_; }

  /// Runs the program; r0, or 0 when this CPU has no run context left, which
  /// counts as missed. Context: any.
  uint64_t Run(void* context) const;

  /// The same in memory of the caller's, for programs that may wait; false:
  /// this CPU is inside of a program. Context: task.
  [[nodiscard]] bool RunInTask(TaskRun& run, void* context,
                               uint64_t& result) const;

  /// The same, but not while another program runs on this CPU: then missed, as
  /// Linux does for programs on kprobes, and `if_missed` is the result. Of r0
  /// only the low 32 bits count: a C function that returns int sets no more.
  /// The caller is in a read section with preemption off, as consumers of
  /// probes are. Context: any.
  uint64_t RunUnlessNested(void* context, const RunOrigin& origin = RunOrigin(),
                           uint64_t if_missed = 0) const;

  ProgramStats Stats() const;
  /// Counts a run that was none. Context: any.
  void CountMissed(uint32_t cpu) const {
    counters_.Of(cpu).missed.FetchAdd(1, kRelaxed);
  }

  // TimerProgram. A function's run counts as one of the program.
  bool AcquireForTimer() override { return TryAcquire(); }
  void ReleaseLater() override;
  void RunFunction(uint64_t function, const uint64_t (&args)[5]) override;

 private:
  friend class RefCounted<Program>;
  friend class Allocator;
  friend void RunGuarded(RunLevels& levels, uint64_t mark, uint32_t cpu,
                         const Program& program, void* context,
                         const RunOrigin& origin, bool timed);

  Program(const ProgramParts& parts, Engine& engine, Allocator& allocator)
      : parts_(parts),
        engine_(engine),
        allocator_(allocator),
        bound_maps_(allocator),
        late_release_(&ReleaseLate, this, this) {}
  ~Program() = default;

  Status PrepareImage();
  /// kInvalid if an array of its maps is for other programs.
  Status ClaimArrays();

  /// Waits for readers (probes run programs in read sections), then frees.
  void Destroy();

  /// ProgramStats of one CPU; a program can interrupt the counting of another.
  struct Counters {
    Atomic<uint64_t> runs;
    Atomic<uint64_t> missed;
    Atomic<uint64_t> timed_runs;
    Atomic<uint64_t> run_time_ns;
    /// guarded_run.h's. In a run nobody else changes these.
    Atomic<uint64_t> guarded_runs;
  };

  /// Frees what belongs to `parts_`.
  void FreeParts();
  /// The entry where the engine has none, but is asked to run. `stack_top`: of
  /// a RunContext whose program it is.
  static uint64_t Interpret(void* context, uint64_t stack_top);
  uint64_t RunIn(RunContext& run, void* context) const;
  uint64_t Execute(RunContext& run, void* context) const;
  uint64_t ExecuteUncounted(RunContext& run, void* context) const;
  void CountTimed(const RunContext& run, uint64_t begin) const;
  uint64_t Missed() const;
  static void ReleaseLate(void* self);

  const ProgramParts parts_;
  Engine& engine_;
  Allocator& allocator_;
  mutable Mutex bound_maps_mutex_;
  Vector<Map*> bound_maps_ EBPF_GUARDED_BY(bound_maps_mutex_);
  void* image_ = nullptr;
  CompiledEntry entry_ = Interpret;  // or the engine's
  TailCallTarget tail_call_target_;
  PerCpu<Counters> counters_;
  /// References to give back in a task.
  Atomic<uint32_t> late_count_{0};
  DeferredWork late_release_;
};

/// All programs. Context: any.
IdTable<Program>& ProgramIds();

}  // namespace ebpf
