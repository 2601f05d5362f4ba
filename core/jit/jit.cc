// SPDX-License-Identifier: MIT
//
// The compiler as an engine: places, names and ends of images.
#include "core/jit/jit.h"

#include "core/base/atomic.h"
#include "core/base/lowest.h"
#include "core/base/memory.h"
#include "core/base/static_storage.h"
#include "core/base/text_writer.h"
#include "core/jit/compilation.h"
#include "core/jit/image_pool.h"
#include "core/machine/code_buffer.h"
#include "core/memory/buffer.h"
#include "core/platform/time.h"
#include "core/program/program.h"
#include "core/sync/mutex.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

using jit::Compilation;
using jit::ExceptionEntry;

/// A compiled program.
struct Image {
  const Program* program;
  uint64_t address;
  size_t size;      // of the code
  size_t reserved;  // what the pool was asked for
  uint32_t entry;
  uint32_t tail_entry;
  uint32_t callback_entry;
  Span<ExceptionEntry> exceptions;
  /// For each instruction, where its code begins.
  Span<uint32_t> offsets;
  Atomic<Image*> next{nullptr};

  bool Contains(uint64_t at) const {
    return at >= address && at - address < size;
  }
};

/// What `place` needs besides.
struct Placing {
  jit::ImagePool& pool;
  Buffer<uint8_t>& code;
  size_t reserved = 0;
};

Status Place(Compilation& compilation, size_t size) {
  auto& placing = *static_cast<Placing*>(compilation.place_argument);
  if (placing.reserved != 0) {
    placing.pool.Free(compilation.address, placing.reserved);
    placing.reserved = 0;
    compilation.allocator->DeleteArray(placing.code.Take());
  }
  EBPF_TRY(placing.code.Allocate(size + machine::CodeBuffer::kMaxAppend));
  compilation.address = EBPF_TRY(placing.pool.Allocate(size));
  placing.reserved = size;
  compilation.code = placing.code.span();
  return Status::kOk;
}

class Jit final : public Engine {
 public:
  Jit(const machine::MachineOps& machine, uint64_t cpu_features,
      Allocator& allocator, uint64_t near)
      : machine_(machine),
        cpu_features_(cpu_features),
        allocator_(allocator),
        pool_(machine, allocator, near) {}
  ~Jit() = default;

  const char* name() const override { return "jit"; }
  Result<void*> Prepare(const Program& program) override;
  void Release(void* image) override;
  uint64_t Run(const Program& program, void* image, void* context,
               RunContext& run) const override;
  const void* TailCallEntry(const Program& /*program*/,
                            void* image) const override {
    const auto& it = *static_cast<const Image*>(image);
    return reinterpret_cast<const void*>(it.address + it.tail_entry);
  }
  CompiledEntry EntryOf(const void* image) const override {
    const auto& it = *static_cast<const Image*>(image);
    return reinterpret_cast<CompiledEntry>(it.address + it.entry);
  }
  MachineCode CodeOf(const void* image) const override {
    const auto& it = *static_cast<const Image*>(image);
    return {it.address, it.size,
            Span<const uint32_t>(it.offsets.data(), it.offsets.size())};
  }
  uint64_t CallBack(RunContext& run, uint64_t function,
                    const uint64_t (&args)[5]) const override;

  /// Whether this kernel gives memory that can be filled.
  bool Works();

  /// Null if there is none. Context: any, in a read section.
  const Image* Find(uint64_t address) const {
    const Image* image = images_.Load(kAcquire);
    while (image != nullptr && !image->Contains(address)) {
      image = image->next.Load(kAcquire);
    }
    return image;
  }

  /// Context: any, in a read section.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const Image* image = images_.Load(kAcquire); image != nullptr;
         image = image->next.Load(kAcquire)) {
      visit(*image);
    }
  }

 private:
  Result<Image*> Compile(const Program& program, Compilation& compilation,
                         Placing& placing);
  Result<Image*> MakeImage(const Program& program,
                           const Compilation& compilation);
  void FreeImage(Image* image);
  void Publish(Image& image);
  void Unpublish(Image& image);

  const machine::MachineOps& machine_;
  const uint64_t cpu_features_;
  Allocator& allocator_;
  Mutex mutex_;
  jit::ImagePool pool_;
  /// Changed under the mutex, read by anyone.
  Atomic<Image*> images_{nullptr};
};

constinit StaticStorage<Jit> jit_storage;
constinit Atomic<Jit*> running_jit{nullptr};
constinit Atomic<bool> blinding{false};

bool Jit::Works() {
  MutexGuard guard(mutex_);
  const Result<uint64_t> memory = pool_.Allocate(1);
  if (!memory.ok()) {
    return false;
  }
  pool_.Free(*memory, 1);
  return true;
}

Result<Image*> Jit::MakeImage(const Program& program,
                              const Compilation& compilation) {
  Buffer<uint32_t> offsets(allocator_);
  EBPF_TRY(offsets.Allocate(compilation.states.size()));
  for (size_t i = 0; i < compilation.states.size(); ++i) {
    offsets[i] = static_cast<uint32_t>(compilation.states[i].offset);
  }
  Image* image = EBPF_TRY(allocator_.New<Image>());
  image->program = &program;
  image->address = compilation.address;
  image->size = compilation.code_size;
  image->entry = compilation.entry;
  image->tail_entry = compilation.tail_entry;
  image->callback_entry = compilation.callback_entry;
  image->exceptions = compilation.exceptions;
  image->offsets = offsets.Take();
  return image;
}

void Jit::FreeImage(Image* image) {
  allocator_.DeleteArray(image->offsets);
  allocator_.DeleteArray(image->exceptions);
  allocator_.Delete(image);
}

Result<Image*> Jit::Compile(const Program& program, Compilation& compilation,
                            Placing& placing) {
  EBPF_TRY(machine_.compiler->compile(compilation));
  placing.reserved = pool_.Shrink(compilation.address, placing.reserved,
                                  compilation.code_size);
  Result<Image*> image = MakeImage(program, compilation);
  allocator_.DeleteArray(compilation.states);
  if (!image.ok()) {
    allocator_.DeleteArray(compilation.exceptions);
    return image.status();
  }
  (*image)->reserved = placing.reserved;
  const Status status =
      pool_.Write((*image)->address,
                  ConstBytes(compilation.code.data(), compilation.code_size));
  if (!IsOk(status)) {
    FreeImage(*image);
    return status;
  }
  return image;
}

Result<void*> Jit::Prepare(const Program& program) {
  const bool blind = blinding.Load(kRelaxed);
  Buffer<uint8_t> code(allocator_);
  Placing placing = {pool_, code};
  Compilation compilation;
  compilation.insns = program.insns();
  compilation.facts = program.facts();
  compilation.functions = program.parts().functions;
  compilation.direct_calls = program.parts().direct_calls;
  compilation.options = {.blind_constants = blind,
                         .seed = blind ? ebpf_port_random() : 0,
                         .cpu_features = cpu_features_};
  compilation.options.nofault_range_count =
      ebpf_port_nofault_ranges(&compilation.options.nofault_ranges);
  compilation.allocator = &allocator_;
  compilation.place = Place;
  compilation.place_argument = &placing;

  MutexGuard guard(mutex_);
  Result<Image*> image = Compile(program, compilation, placing);
  if (!image.ok()) {
    if (placing.reserved != 0) {
      pool_.Free(compilation.address, placing.reserved);
    }
    return image.status();
  }
  Publish(**image);
  return static_cast<void*>(*image);
}

void Jit::Publish(Image& image) {
  image.next.Store(images_.Load(kRelaxed), kRelaxed);
  // Releases the image: pairs with the acquire in Find.
  images_.Store(&image, kRelease);
}

void Jit::Unpublish(Image& image) {
  Atomic<Image*>* link = &images_;
  while (link->Load(kRelaxed) != &image) {
    link = &link->Load(kRelaxed)->next;
  }
  link->Store(image.next.Load(kRelaxed), kRelease);
}

void Jit::Release(void* released) {
  auto* image = static_cast<Image*>(released);
  {
    MutexGuard guard(mutex_);
    Unpublish(*image);
  }
  // Nobody runs it, but a fault or a backtrace may be looking at it.
  WaitForReaders();
  MutexGuard guard(mutex_);
  pool_.Free(image->address, image->reserved);
  FreeImage(image);
}

EBPF_CALLS_COMPILED uint64_t Jit::Run(const Program& /*program*/, void* image,
                                      void* context, RunContext& run) const {
  return EntryOf(image)(context, run.StackTop());
}

EBPF_CALLS_COMPILED uint64_t Jit::CallBack(RunContext& run, uint64_t function,
                                           const uint64_t (&args)[5]) const {
  const Image* image = Find(function);
  if (image == nullptr || image->callback_entry == jit::kNoOffset) {
    return 0;  // not verified: stop before it does harm
  }
  using Stub =
      uint64_t (*)(const uint64_t* args, uint64_t stack, uint64_t function);
  const uint64_t stack = run.stack_below;
  const uint64_t result = reinterpret_cast<Stub>(
      image->address + image->callback_entry)(args, stack, function);
  run.stack_below = stack;  // a helper of the function has used it
  return result;
}

}  // namespace

void SetJitBlinding(bool on) { blinding.Store(on, kRelaxed); }

Engine* InitJit(const machine::MachineOps& machine, uint64_t cpu_features,
                Allocator& allocator) {
  if (machine.compiler->compile == nullptr) {
    return nullptr;
  }
  // Images lie near what they call: helpers, which are near this.
  Jit& jit = jit_storage.Construct(machine, cpu_features, allocator,
                                   reinterpret_cast<uint64_t>(&InitJit));
  if (!jit.Works()) {
    jit_storage.Destroy();
    return nullptr;
  }
  running_jit.Store(&jit, kRelease);
  return &jit;
}

void ExitJit() {
  if (running_jit.Exchange(nullptr, kAcquire) != nullptr) {
    jit_storage.Destroy();
  }
}

bool FindJitFixup(uint64_t pc, uint64_t* resume, uint8_t* dst) {
  const Jit* jit = running_jit.Load(kAcquire);
  if (jit == nullptr) {
    return false;  // there may be no read sections
  }
  // Whoever faults need not be a program, and so not in one.
  ReadSection reading;
  const Image* image = jit->Find(pc);
  if (image == nullptr) {
    return false;
  }
  const uint64_t offset = pc - image->address;
  for (const ExceptionEntry& entry : image->exceptions) {
    if (offset >= entry.load && offset < entry.resume) {
      *resume = image->address + entry.resume;
      *dst = entry.dst;
      return true;
    }
  }
  return false;
}

namespace {

void WriteSymbolName(const Program& program, char (&name)[48]) {
  TextWriter writer(name, sizeof(name) - 1);
  writer.Put("bpf_prog_");
  for (const uint8_t byte : program.parts().tag) {
    writer.PutHex(byte, 2);
  }
  if (!program.name().empty()) {
    writer.Put("_").Put(program.name());
  }
  name[writer.text().size()] = 0;
}

}  // namespace

size_t ListJitSymbols(uint64_t from, Span<JitSymbol> symbols) {
  const Jit* jit = running_jit.Load(kAcquire);
  Lowest<JitSymbol> lowest(symbols);
  if (jit != nullptr) {
    jit->ForEach([&](const Image& image) {
      JitSymbol symbol = {image.address, image.size, {}};
      if (symbol.begin >= from && lowest.Wants(symbol)) {
        WriteSymbolName(*image.program, symbol.name);
        lowest.Offer(symbol);
      }
    });
  }
  return lowest.Sort();
}

bool FindJitSymbol(uint64_t address, char (&name)[48], uint64_t* begin,
                   uint64_t* size, uint32_t* insn) {
  const Jit* jit = running_jit.Load(kAcquire);
  const Image* image = jit == nullptr ? nullptr : jit->Find(address);
  if (image == nullptr) {
    return false;
  }
  const Program& program = *image->program;
  WriteSymbolName(program, name);
  *begin = image->address;
  *size = image->size;
  // The last instruction whose code begins at or before it.
  size_t low = 0;
  size_t high = image->offsets.size();
  while (high - low > 1) {
    const size_t middle = (low + high) / 2;
    if (image->offsets[middle] <= address - image->address) {
      low = middle;
    } else {
      high = middle;
    }
  }
  const Span<uint32_t> original = program.parts().original_indices;
  *insn = low < original.size() ? original[low] : static_cast<uint32_t>(low);
  return true;
}

}  // namespace ebpf
