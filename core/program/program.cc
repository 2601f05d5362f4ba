// SPDX-License-Identifier: MIT
//
// A program's life, and its runs.
#include "core/program/program.h"

#include "core/memory/this_cpu.h"
#include "core/platform/time.h"
#include "core/program/run_levels.h"
#include "core/sync/read_section.h"

namespace ebpf {

namespace {

constinit IdTable<Program> program_ids;

}  // namespace

constinit Atomic<uint32_t> RunTimes::count{0};

RunTimes::RunTimes() { count.FetchAdd(1, kRelaxed); }

RunTimes::~RunTimes() { count.FetchSub(1, kRelaxed); }

IdTable<Program>& ProgramIds() { return program_ids; }

Result<Ref<Program>> Program::Create(const ProgramParts& parts, Engine& engine,
                                     Allocator& allocator) {
  Program* program = EBPF_TRY(allocator.New<Program>(parts, engine, allocator));
  Status status = program->counters_.Allocate(allocator);
  if (IsOk(status)) {
    status = program->PrepareImage();
  }
  if (!IsOk(status)) {
    allocator.Delete(program);  // its parts stay the caller's
    return status;
  }
  program_ids.Add(*program);
  return Ref<Program>::Adopt(program);
}

Status Program::PrepareImage() {
  image_ = EBPF_TRY(engine_.Prepare(*this));
  if (const CompiledEntry compiled = engine_.EntryOf(image_)) {
    entry_ = compiled;
  }
  program_ids.Number(*this);
  tail_call_target_ = {
      .entry = engine_.TailCallEntry(*this, image_),
      .program = this,
      .engine = &engine_,
      .type = static_cast<uint32_t>(parts_.type->id),
      .attach_type = parts_.attach_type,
      .id = id(),
      .never_by_tail_call = parts_.overrides_return,
      .release =
          [](const TailCallTarget& target) {
            static_cast<Program*>(target.program)->Release();
          },
  };
  const Status status = ClaimArrays();
  if (!IsOk(status)) {
    engine_.Release(image_);
  }
  return status;
}

Status Program::ClaimArrays() {
  for (Map* map : parts_.maps) {
    if (map->spec().type == MapType::kProgArray) {
      EBPF_TRY(static_cast<ProgArrayMap*>(map)->Claim(tail_call_target_));
    }
  }
  return Status::kOk;
}

void Program::Destroy() {
  LeaveTable();
  WaitForReaders();
  engine_.Release(image_);
  FreeParts();
  Allocator& allocator = allocator_;
  allocator.Delete(this);
}

void Program::FreeParts() {
  for (Map* map : parts_.maps) {
    map->Release();
  }
  {
    MutexGuard guard(bound_maps_mutex_);
    for (Map* map : bound_maps_) {
      map->Release();
    }
  }
  for (ObjectType* type : parts_.object_types) {
    type->Release();
  }
  allocator_.DeleteArray(parts_.object_types);
  allocator_.DeleteArray(parts_.maps);
  allocator_.DeleteArray(parts_.insns);
  allocator_.DeleteArray(parts_.facts);
  allocator_.DeleteArray(parts_.functions);
  allocator_.DeleteArray(parts_.original_indices);
  allocator_.DeleteArray(parts_.direct_calls);
  allocator_.DeleteArray(parts_.function_info);
  allocator_.DeleteArray(parts_.line_info);
  if (parts_.types != nullptr) {
    parts_.types->Release();
  }
}

ObjectType* Program::FindObjectType(btf::TypeId id) const {
  for (ObjectType* type : parts_.object_types) {
    if (type->id() == id) {
      return type;
    }
  }
  return nullptr;
}

Status Program::BindMap(Ref<Map> map) {
  MutexGuard guard(bound_maps_mutex_);
  for (const Map* used : parts_.maps) {
    if (used == map.get()) {
      return Status::kOk;
    }
  }
  for (const Map* bound : bound_maps_) {
    if (bound == map.get()) {
      return Status::kOk;
    }
  }
  EBPF_TRY(bound_maps_.PushBack(map.get()));
  (void)map.Leak();
  return Status::kOk;
}

uint64_t Program::memory_bytes() const {
  return sizeof(*this) + parts_.insns.size() * sizeof(isa::Insn) +
         parts_.maps.size() * sizeof(Map*) +
         parts_.facts.size() * sizeof(InsnFacts) +
         parts_.functions.size() * sizeof(ProgramFunction) +
         parts_.original_indices.size() * sizeof(uint32_t) +
         parts_.direct_calls.size() * sizeof(DirectCall) +
         parts_.function_info.size() * sizeof(linux_abi::FunctionInfo) +
         parts_.line_info.size() * sizeof(linux_abi::LineInfo) + code().size;
}

Map* Program::MapAt(uint32_t index) const {
  if (index < parts_.maps.size()) {
    return parts_.maps[index];
  }
  MutexGuard guard(bound_maps_mutex_);
  const size_t bound = index - parts_.maps.size();
  return bound < bound_maps_.size() ? bound_maps_[bound] : nullptr;
}

uint64_t Program::Run(void* context) const {
  RunContext* run = BeginRun();
  return run == nullptr ? Missed() : RunIn(*run, context);
}

bool Program::RunInTask(TaskRun& run, void* context, uint64_t& result) const {
  if (!run.Enter()) {
    (void)Missed();
    return false;
  }
  RunContext& memory = run.context();
  memory.program = this;
  memory.context = context;
  memory.tail_calls = 0;
  memory.frames_left = 0;
  memory.frame_count = 0;
  result = engine_.Run(*this, image_, context, memory);
  counters_.Mine().runs.FetchAdd(1, kRelaxed);
  run.Leave();
  return true;
}

EBPF_CALLS_COMPILED uint64_t Program::RunUnlessNested(
    void* context, const RunOrigin& origin, uint64_t if_missed) const {
  RunLevels& mine = run_levels->Of(ThisCpu());
  RunContext* run = mine.EnterFirst();
  if (run == nullptr) {
    (void)Missed();
    return if_missed;
  }
  run->origin = &origin;
  uint64_t result;
  if (__builtin_expect(!RunTimes::wanted(), 1)) {
    // Execute, where it is short.
    run->program = this;
    run->context = context;
    result = entry_(context, run->StackTop());
    counters_.Of(run->cpu).runs.FetchAdd(1, kRelaxed);
  } else {
    result = Execute(*run, context);
  }
  mine.LeaveFirst();
  return static_cast<uint32_t>(result);
}

uint64_t Program::Interpret(void* context, uint64_t stack_top) {
  RunContext& run = RunContext::Of(stack_top);
  const Program& program = *run.program;
  return program.engine_.Run(program, program.image_, context, run);
}

uint64_t Program::RunIn(RunContext& run, void* context) const {
  uint64_t result;
  {
    ReadSection reading;
    result = Execute(run, context);
  }
  EndRun(&run);
  return result;
}

uint64_t Program::Execute(RunContext& run, void* context) const {
  const uint64_t result = ExecuteUncounted(run, context);
  counters_.Of(run.cpu).runs.FetchAdd(1, kRelaxed);
  return result;
}

EBPF_CALLS_COMPILED uint64_t Program::ExecuteUncounted(RunContext& run,
                                                       void* context) const {
  run.program = this;
  run.context = context;
  const bool timed = RunTimes::wanted();
  const uint64_t begin = timed ? ebpf_port_time_ns() : 0;
  const uint64_t result = entry_(context, run.StackTop());
  if (timed) {
    CountTimed(run, begin);
  }
  return result;
}

void Program::CountTimed(const RunContext& run, uint64_t begin) const {
  Counters& counters = counters_.Of(run.cpu);
  counters.timed_runs.FetchAdd(1, kRelaxed);
  counters.run_time_ns.FetchAdd(ebpf_port_time_ns() - begin, kRelaxed);
}

void Program::ReleaseLater() {
  // Releases what the caller did: pairs with the exchange in ReleaseLate.
  late_count_.FetchAdd(1, kRelease);
  // Without the service the program stays for good: nobody gets here then, as
  // only timers do.
  (void)late_release_.Request();
}

void Program::ReleaseLate(void* self) {
  auto* program = static_cast<Program*>(self);
  for (uint32_t n = program->late_count_.Exchange(0, kAcquire); n != 0; --n) {
    program->Release();  // not the last: the work has one
  }
}

void Program::RunFunction(uint64_t function, const uint64_t (&args)[5]) {
  RunContext* run = BeginRun();
  if (run == nullptr) {
    (void)Missed();
    return;
  }
  {
    const ReadSection reading;
    run->program = this;
    run->stack_below = run->StackTop();
    run->frame_count = 0;
    (void)engine_.CallBack(*run, function, args);
    counters_.Mine().runs.FetchAdd(1, kRelaxed);
  }
  EndRun(run);
}

uint64_t Program::Missed() const {
  // Preemption may be on: counting for another CPU is no harm.
  counters_.Mine().missed.FetchAdd(1, kRelaxed);
  return 0;
}

ProgramStats Program::Stats() const {
  ProgramStats sum = {};
  for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
    sum.runs += counters_.Of(cpu).runs.Load(kRelaxed) +
                counters_.Of(cpu).guarded_runs.Load(kRelaxed);
    sum.missed += counters_.Of(cpu).missed.Load(kRelaxed);
    sum.timed_runs += counters_.Of(cpu).timed_runs.Load(kRelaxed);
    sum.run_time_ns += counters_.Of(cpu).run_time_ns.Load(kRelaxed);
  }
  return sum;
}

}  // namespace ebpf
