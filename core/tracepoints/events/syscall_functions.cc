// SPDX-License-Identifier: MIT
//
// core/tracepoints/events/syscall_functions.h's implementation.
#include "core/tracepoints/events/syscall_functions.h"

#include "core/base/construct.h"
#include "core/base/memory.h"
#include "core/base/thread_annotations.h"
#include "core/machine/function_entry.h"
#include "core/platform/symbols.h"
#include "core/probes/kprobe.h"
#include "core/probes/return_hook.h"
#include "core/sync/mutex.h"
#include "core/tracepoints/events/raw_syscalls.h"
#include "core/tracepoints/events/syscall_table.h"
#include "core/tracepoints/trace.h"

namespace ebpf {
namespace {

/// Of Linux's <fcntl.h>.
constexpr uint64_t kAtCwd = static_cast<uint32_t>(-100);
constexpr uint8_t kAtSymlinkNofollow = 1;  // in units of kFlagUnit
constexpr uint8_t kAtRemovedir = 2;
constexpr uint64_t kFlagUnit = 0x100;

/// How a function's arguments become the call's.
struct Shape {
  bool at_cwd = false;     // that is first
  uint8_t count = 6;       // so many of the function's
  uint8_t last_flags = 0;  // and these, in units of kFlagUnit, then zeros
};

/// What a C library calls for a function of another name.
struct OtherName {
  StringView function;
  StringView call;
  Shape shape;
};

/// The first for which there is a number.
constexpr OtherName kOtherNames[] = {
    {"yield", "sched_yield", {false, 0, 0}},
    {"stat", "newstat", {false, 2, 0}},
    {"lstat", "newlstat", {false, 2, 0}},
    {"fstat", "newfstat", {false, 2, 0}},
    {"open", "openat", {true, 3, 0}},
    {"mkdir", "mkdirat", {true, 2, 0}},
    {"unlink", "unlinkat", {true, 1, 0}},
    {"rmdir", "unlinkat", {true, 1, kAtRemovedir}},
    {"stat", "newfstatat", {true, 2, 0}},
    {"lstat", "newfstatat", {true, 2, kAtSymlinkNofollow}},
    {"dup2", "dup3", {false, 2, 0}},
};

struct Call {
  int16_t number;
  uint8_t narrow;  // a bit for each argument of 32 bits
  Shape shape;
};

bool IsNarrow(StringView type) {
  constexpr StringView kTypes[] = {
      "int",   "const int", "unsigned int",    "unsigned",  "u32",    "pid_t",
      "uid_t", "gid_t",     "const clockid_t", "clockid_t", "umode_t"};
  for (const StringView narrow : kTypes) {
    if (narrow == type) {
      return true;
    }
  }
  return false;
}

uint64_t WordAt(const machine::PtRegs& regs, uint16_t offset) {
  return LoadUnaligned<uint64_t>(reinterpret_cast<const uint8_t*>(&regs) +
                                 offset);
}

/// All of them: not changed while there are probes.
struct Functions {
  const machine::RegisterNames* registers = nullptr;
  Allocator* memory = nullptr;
  Span<uint64_t> addresses;  // sorted; of `count`
  Span<Call> calls;          // in the same order
  size_t count = 0;

  /// Precondition: a probe stands there.
  const Call& At(uint64_t address) const {
    size_t begin = 0;
    for (size_t left = count; left > 1;) {
      const size_t half = left / 2;
      if (addresses[begin + half] <= address) {
        begin += half;
      }
      left -= half;
    }
    return calls[begin];
  }

  Status Allocate(size_t capacity);
  void Free();
  /// Of two calls that are one function, the first stays.
  void Add(uint64_t address, const Call& call);
};

constinit Mutex mutex;
constinit Functions functions;

Status Functions::Allocate(size_t capacity) {
  addresses = EBPF_TRY(memory->NewArray<uint64_t>(capacity));
  Result<Span<Call>> made = memory->NewArray<Call>(capacity);
  if (!made.ok()) {
    memory->DeleteArray(addresses);
    return made.status();
  }
  calls = *made;
  return Status::kOk;
}

void Functions::Free() {
  memory->DeleteArray(addresses);
  memory->DeleteArray(calls);
}

void Functions::Add(uint64_t address, const Call& call) {
  size_t at = count;
  while (at > 0 && addresses[at - 1] >= address) {
    --at;
  }
  if (count == calls.size() || (at < count && addresses[at] == address)) {
    return;
  }
  for (size_t i = count; i > at; --i) {
    addresses[i] = addresses[i - 1];
    calls[i] = calls[i - 1];
  }
  addresses[at] = address;
  calls[at] = call;
  ++count;
}

/// Probes at all of the functions, for one tracepoint.
class Probes {
 public:
  Status Attach(KprobeConsumer& consumer) {
    const size_t count = functions.count;
    void* const room = functions.memory->Allocate(count * sizeof(Ref<Kprobe>),
                                                  alignof(Ref<Kprobe>));
    if (room == nullptr) {
      return Status::kNoMemory;
    }
    // Never destroyed as an array: each is emptied in Detach.
    probes_ = Span<Ref<Kprobe>>(static_cast<Ref<Kprobe>*>(room), count);
    for (Ref<Kprobe>& probe : probes_) {
      ConstructAt<Ref<Kprobe>>(&probe);
    }
    Status status =
        AttachKprobes(functions.addresses.First(count), consumer, probes_);
    if (IsOk(status)) {
      status = EnableKprobes(probes_);
    }
    if (!IsOk(status)) {
      Detach();
    }
    return status;
  }

  void Detach() {
    DetachKprobes(probes_);
    for (Ref<Kprobe>& probe : probes_) {
      probe = Ref<Kprobe>();
    }
    functions.memory->Free(probes_.data(), probes_.size() * sizeof(Ref<Kprobe>),
                           alignof(Ref<Kprobe>));
    probes_ = Span<Ref<Kprobe>>();
  }

 private:
  Span<Ref<Kprobe>> probes_;
};

class Entries final : public TracepointPlaces, public KprobeConsumer {
 public:
  constexpr Entries() : TracepointPlaces(RawSyscallsSysEnter::tracepoint) {}

  Status Open() override { return probes_.Attach(*this); }
  void Close() override { probes_.Detach(); }

  void Hit(machine::PtRegs& regs) override {
    const Call& call = functions.At(machine::PcIn(regs));
    const Span<const uint16_t> registers = functions.registers->arguments;
    uint64_t arguments[kSyscallArguments] = {};
    size_t to = 0;
    if (call.shape.at_cwd) {
      arguments[to++] = kAtCwd;
    }
    for (size_t i = 0;
         i < call.shape.count && i < registers.size() && to < kSyscallArguments;
         ++i) {
      const uint64_t word = WordAt(regs, registers[i]);
      const bool is_narrow = ((call.narrow >> to) & 1) != 0;
      arguments[to++] = is_narrow ? static_cast<uint32_t>(word) : word;
    }
    if (to < kSyscallArguments) {
      arguments[to] = kFlagUnit * call.shape.last_flags;
    }
    EBPF_TRACE(RawSyscallsSysEnter, &regs, int64_t{call.number}, arguments);
  }

 private:
  Probes probes_;
};

class Exits final : public TracepointPlaces, public ReturnConsumer {
 public:
  constexpr Exits() : TracepointPlaces(RawSyscallsSysExit::tracepoint) {}

  Status Open() override {
    EBPF_TRY(ReturnHook::Prepare());
    return probes_.Attach(hook_);
  }
  void Close() override {
    probes_.Detach();
    hook_.Cancel();
  }

  void Returned(machine::PtRegs& regs, const ReturnedCall& call) override {
    const uint64_t result = WordAt(regs, functions.registers->return_value);
    EBPF_TRACE(RawSyscallsSysExit, &regs, ResultOfFunction(result),
               int64_t{functions.At(call.function).number});
  }

 private:
  ReturnHook hook_{static_cast<ReturnConsumer&>(*this)};
  Probes probes_;
};

constinit Entries entries;
constinit Exits exits;

StringView NameOf(const SyscallInfo& info) {
  return info.enter_name.Substring(sizeof("sys_enter_") - 1);
}

int16_t NumberOf(const SyscallInfo& info, SyscallNumbers numbers) {
  return numbers == SyscallNumbers::kX86_64 ? info.x86_64 : info.generic;
}

/// The address of `prefix` and `name`, or 0 where no probe can stand there.
uint64_t FindProbed(StringView prefix, StringView name) {
  char text[64];
  if (prefix.size() + name.size() > sizeof(text)) {
    return 0;
  }
  CopyBytes(text, prefix.data(), prefix.size());
  CopyBytes(text + prefix.size(), name.data(), name.size());
  ebpf_symbol symbol;
  return ebpf_port_symbol_by_name(text, prefix.size() + name.size(), &symbol) &&
                 IsOk(CheckKprobe(symbol.address))
             ? symbol.address
             : 0;
}

void AddCall(const SyscallInfo& info, int16_t number, uint64_t address,
             const Shape& shape) {
  uint8_t narrow = 0;
  for (size_t i = 0; i < info.argument_count; ++i) {
    // The first field is the call's number.
    narrow |= IsNarrow(info.enter_fields[i + 1].type) ? 1 << i : 0;
  }
  functions.Add(address, {number, narrow, shape});
}

/// As far as there are functions.
void FindFunctions(SyscallNumbers numbers, StringView prefix) {
  for (const SyscallInfo& info : SyscallTable()) {
    const int16_t number = NumberOf(info, numbers);
    if (number < 0) {
      continue;
    }
    if (const uint64_t address = FindProbed(prefix, NameOf(info))) {
      AddCall(info, number, address, {});
    }
    for (const OtherName& other : kOtherNames) {
      const uint64_t address =
          other.call == NameOf(info) ? FindProbed(prefix, other.function) : 0;
      if (address != 0) {
        AddCall(info, number, address, other.shape);
      }
    }
  }
}

Status Start() {
  EBPF_TRY(AddPlaces(entries));
  const Status status = AddPlaces(exits);
  if (!IsOk(status)) {
    RemovePlaces(entries);
  }
  return status;
}

}  // namespace

Result<size_t> InitSyscallFunctions(const machine::RegisterNames* registers,
                                    Allocator& allocator,
                                    SyscallNumbers numbers, StringView prefix) {
  const MutexGuard guard(mutex);
  if (functions.memory != nullptr) {
    return Status::kExists;
  }
  if (registers == nullptr) {
    return Status::kNotSupported;
  }
  functions.registers = registers;
  functions.memory = &allocator;
  Status status = functions.Allocate(SyscallTable().size() +
                                     Span<const OtherName>(kOtherNames).size());
  if (IsOk(status)) {
    FindFunctions(numbers, prefix);
    status = functions.count == 0 ? Status::kNotFound : Start();
    if (IsOk(status)) {
      return functions.count;
    }
    functions.Free();
  }
  functions = {};
  return status;
}

void ExitSyscallFunctions() {
  const MutexGuard guard(mutex);
  if (functions.memory != nullptr) {
    RemovePlaces(entries);
    RemovePlaces(exits);
    functions.Free();
    functions = {};
  }
}

}  // namespace ebpf
