// SPDX-License-Identifier: MIT
//
// libFuzzer over CO-RE relocation, walks through structs and BPF_BTF_LOAD's
// rules: whatever two BTFs say, each question ends, stays inside and keeps what
// its header promises.
//
// The input: a byte that counts relocations, these (8 bytes each), the size of
// the program's BTF, that, and the kernel's.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "core/btf/btf_object.h"
#include "core/btf/core_relo.h"
#include "core/btf/struct_access.h"
#include "core/btf/validate.h"
#include "core/isa/insn.h"

namespace {

using ebpf::Bytes;
using ebpf::ConstBytes;
using ebpf::IsOk;
using ebpf::PortAllocator;
using ebpf::Ref;
using ebpf::Result;
using ebpf::Status;
using ebpf::StringView;
using ebpf::TextWriter;
using ebpf::isa::Insn;
using namespace ebpf::btf;

constexpr uint32_t kMaxTypesAsked = 64;

void Expect(bool condition) {
  if (!condition) {
    std::abort();
  }
}

/// Takes fixed-size things off the input; zeros beyond its end.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(data, size) {}

  template <typename T>
  T Take() {
    T value{};
    const size_t size = ebpf::Min(sizeof(T), rest_.size());
    ebpf::CopyBytes(&value, rest_.data(), size);
    rest_ = rest_.Subspan(size);
    return value;
  }
  ConstBytes TakeBytes(size_t size) {
    size = ebpf::Min(size, rest_.size());
    const ConstBytes bytes = rest_.First(size);
    rest_ = rest_.Subspan(size);
    return bytes;
  }
  ConstBytes rest() const { return rest_; }

 private:
  ConstBytes rest_;
};

struct Question {
  uint8_t insn;
  uint8_t kind;
  uint16_t type;
  uint32_t access;
};

/// What is judged good can be opened.
Ref<BtfObject> OpenJudged(ConstBytes bytes, Ref<BtfObject> base) {
  char buffer[256];
  TextWriter log(buffer, sizeof(buffer));
  const Status verdict =
      Validate(bytes, PortAllocator(), &log, base ? &base->btf() : nullptr);
  Result<Ref<BtfObject>> object =
      BtfObject::Create(bytes, PortAllocator(), ebpf::Move(base));
  Expect(!IsOk(verdict) || object.ok());
  return object.ok() ? ebpf::Move(*object) : Ref<BtfObject>();
}

std::vector<Insn> SomeInsns() {
  // Arithmetic, loads and stores of each size, a wide constant, a jump.
  std::vector<Insn> insns;
  for (const uint8_t opcode : {0xb7, 0x07, 0x61, 0x69, 0x71, 0x79, 0x62, 0x7b,
                               0x81, 0x18, 0x00, 0x05, 0x18}) {
    Insn insn{};
    insn.opcode = opcode;
    insns.push_back(insn);
  }
  return insns;
}

void Relocate(const Btf& local, const Btf& target,
              const std::vector<Question>& questions) {
  char buffer[512];
  TextWriter log(buffer, sizeof(buffer));
  const auto relocator = std::make_unique<CoreRelocator>(local, target, &log);
  std::vector<Insn> insns = SomeInsns();
  const Bytes code(reinterpret_cast<uint8_t*>(insns.data()),
                   insns.size() * sizeof(Insn));
  for (const Question& question : questions) {
    CoreRelocation relocation;
    relocation.insn_offset = question.insn * uint32_t{sizeof(Insn)};
    relocation.type = question.type;
    relocation.access = question.access;
    relocation.kind = static_cast<CoreKind>(question.kind);
    log.Clear();
    relocator->Describe(relocation, log);
    const Result<CoreResult> result = relocator->Resolve(relocation);
    if (result.ok() && result->wrong_size) {
      Expect(!result->poison && result->old_size != result->new_size);
    }
    const std::vector<Insn> before = insns;
    if (!IsOk(relocator->Apply(relocation, code))) {
      Expect(memcmp(before.data(), insns.data(), code.size()) == 0);
    }
  }
}

void WalkFrom(const Btf& btf, TypeId id, uint32_t offset) {
  char buffer[256];
  TextWriter log(buffer, sizeof(buffer));
  for (const uint32_t size : {1u, 2u, 4u, 8u}) {
    const Result<Access> access =
        AccessStruct(btf, id, offset, size, false, &log);
    if (access.ok()) {
      Expect(access->kind != AccessKind::kStruct);
      Expect(access->type < btf.type_count());
      Expect(access->kind != AccessKind::kPointer || size == 8);
    }
  }
  (void)HasStructAt(btf, id, offset, btf, id + 1, false);
}

void Walk(const Btf& btf) {
  const uint32_t count =
      ebpf::Min(btf.type_count(), btf.first_id() + kMaxTypesAsked);
  for (TypeId id = 0; id < count; ++id) {
    for (const uint32_t offset : {0u, 1u, 4u, 8u, 24u, 0xfffffffcu}) {
      WalkFrom(btf, id, offset);
    }
    const Result<Elements> elements = ElementsOf(btf, id);
    if (elements.ok() && elements->size != 0) {
      Expect(elements->total % elements->size == 0);
    }
    const Result<Type> type = btf.TypeAt(id);
    Expect(type.ok());
    const Result<StringView> name = btf.Name(type->name);
    if (name.ok() && !name->empty() && type->kind != Kind::kDeclTag) {
      // Whoever has a name is found by it.
      Expect(btf.Find(type->kind, *name).ok());
      Expect(btf.NextNamed(EssentialName(*name)).ok());
      (void)FindMember(btf, id, *name);
    }
    (void)btf.NextTag(id);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  std::vector<Question> questions(input.Take<uint8_t>() % 64);
  for (Question& question : questions) {
    question = input.Take<Question>();
  }
  const ConstBytes local_bytes = input.TakeBytes(input.Take<uint16_t>());
  const Ref<BtfObject> local = OpenJudged(local_bytes, Ref<BtfObject>());
  const Ref<BtfObject> target = OpenJudged(input.rest(), Ref<BtfObject>());
  if (local) {
    Walk(local->btf());
  }
  if (target) {
    Walk(target->btf());
    // The program's as a split BTF on top of the kernel's.
    const Ref<BtfObject> split = OpenJudged(local_bytes, target);
    if (split) {
      Walk(split->btf());
    }
  }
  if (local && target) {
    Relocate(local->btf(), target->btf(), questions);
  }
  return 0;
}
