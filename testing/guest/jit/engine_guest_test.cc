// SPDX-License-Identifier: MIT
//
// Which engine runs programs, that it says so, and what it does with constants.
#include "core/base/memory.h"
#include "core/capi/ebpf.h"
#include "core/maps/prog_array_map.h"
#include "core/syscall/system.h"
#include "testing/guest/jit/log_capture.h"
#include "testing/guest/jit/program.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"

namespace guest {
namespace {

using ebpf::Program;
using ebpf::Ref;
using ebpf::Result;
using ebpf::StringView;
using jit::Code;

const Code& Answer(int32_t value) {
  return jit::NewCode() << jit::MovImm(0, value) << jit::Exit();
}

StringView EngineName() {
  return StringView(ebpf::RunningSystem()->engine().name());
}

bool Says(StringView begin, StringView end) {
  const StringView line = jit::LastLine();
  return line.size() == begin.size() + end.size() + 1 &&
         line.First(begin.size()) == begin &&
         line.Substring(begin.size()).First(end.size()) == end;
}

GUEST_TEST(Engine, CompilesAndSaysSo) {
  GUEST_ASSERT(jit::Start());
  GUEST_EXPECT(
      Says("ebpf: programs are compiled for ", StringView(machine::kName)));
  GUEST_EXPECT(EngineName() == "jit");
  Result<Ref<Program>> program = jit::Load(Answer(42));
  GUEST_ASSERT(program.ok());
  GUEST_EXPECT_EQ((*program)->Run(nullptr), 42);
}

GUEST_TEST(Engine, CanBeSwitchedOffAndOn) {
  GUEST_ASSERT(jit::Start());
  Result<Ref<Program>> compiled = jit::Load(Answer(1));
  GUEST_EXPECT_EQ(ebpf_set_jit(false, false), 0);
  GUEST_EXPECT(
      Says("ebpf: programs are interpreted: ", "the compiler is switched off"));
  Result<Ref<Program>> interpreted = jit::Load(Answer(2));
  GUEST_EXPECT_EQ(ebpf_set_jit(true, false), 0);
  Result<Ref<Program>> again = jit::Load(Answer(3));
  GUEST_ASSERT(compiled.ok() && interpreted.ok() && again.ok());
  GUEST_EXPECT_EQ((*compiled)->Run(nullptr), 1);
  GUEST_EXPECT_EQ((*interpreted)->Run(nullptr), 2);
  GUEST_EXPECT_EQ((*again)->Run(nullptr), 3);
  GUEST_EXPECT(StringView((*interpreted)->engine().name()) == "interpreter");
  GUEST_EXPECT(StringView((*again)->engine().name()) == "jit");
}

GUEST_TEST(Engine, ProgramsOfTwoEnginesNeverCallEachOther) {
  GUEST_ASSERT(jit::Start());
  ebpf::MapSpec spec;
  spec.type = ebpf::MapType::kProgArray;
  spec.key_size = spec.value_size = 4;
  spec.max_entries = 2;
  auto map = ebpf::CreateMap(spec, ebpf::PortAllocator());
  GUEST_ASSERT(map.ok());
  auto& array = static_cast<ebpf::ProgArrayMap&>(**map);
  Result<Ref<Program>> compiled = jit::Load(Answer(1));
  GUEST_EXPECT_EQ(ebpf_set_jit(false, false), 0);
  Result<Ref<Program>> interpreted = jit::Load(Answer(2));
  GUEST_EXPECT_EQ(ebpf_set_jit(true, false), 0);
  GUEST_ASSERT(compiled.ok() && interpreted.ok());
  GUEST_EXPECT(IsOk(
      array.Set(0, ebpf::Ref<Program>(*compiled).Leak()->tail_call_target())));
  GUEST_EXPECT(array.Set(1, (*interpreted)->tail_call_target()) ==
               ebpf::Status::kInvalid);
  array.UserReferencesGone();
}

// Constants of a program that an attacker has chosen.

constexpr size_t kConstants = 64;

uint32_t ConstantAt(size_t index) {
  uint64_t z = 0x9e37'79b9'7f4a'7c15 * (index + 1);
  z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
  return static_cast<uint32_t>(z >> 32) | 0x4000'0001;
}

/// Moves, arithmetic, compares, stores and wide constants, in turn.
const Code& PlantConstants(uint64_t* result) {
  Code& code = jit::NewCode();
  code << jit::MovImm(0, 0);
  uint64_t r0 = 0;
  for (size_t i = 0; i < kConstants; ++i) {
    const auto imm = static_cast<int32_t>(ConstantAt(i));
    const auto wide = static_cast<uint64_t>(int64_t{imm});
    switch (i % 4) {
      case 0:
        code << jit::MovImm(2, imm) << jit::Make(0x0f, 0, 2);
        r0 += wide;
        break;
      case 1:
        code << jit::Make(0xa7, 0, 0, 0, imm);  // r0 ^= imm
        r0 ^= wide;
        break;
      case 2:
        code << jit::Make(0x55, 0, 0, 0, imm);  // if r0 != imm goto +0
        break;
      case 3:
        code.Constant(3, ConstantAt(i)) << jit::Make(0x0f, 0, 3);
        r0 += ConstantAt(i);
        break;
    }
  }
  *result = r0;
  return code << jit::Exit();
}

/// How many of the constants are somewhere in the program's image.
size_t ConstantsInImage(const Program& program) {
  char name[48];
  uint64_t begin = 0;
  uint64_t size = 0;
  const auto entry = reinterpret_cast<uint64_t>(
      const_cast<Program&>(program).tail_call_target().entry);
  GUEST_EXPECT(ebpf_symbol_by_address(entry, name, &begin, &size));
  size_t found = 0;
  for (size_t i = 0; i < kConstants; ++i) {
    bool here = false;
    for (uint64_t at = begin; at + 4 <= begin + size && !here; ++at) {
      here = ebpf::LoadUnaligned<uint32_t>(reinterpret_cast<const void*>(at)) ==
             ConstantAt(i);
    }
    found += here ? 1 : 0;
  }
  Line() << "  " << found << " of " << kConstants << " constants in " << size
         << " bytes";
  return found;
}

GUEST_TEST(Engine, HardenedImagesHoldNoConstantsOfPrograms) {
  GUEST_ASSERT(jit::Start());
  uint64_t expected = 0;
  const Code& code = PlantConstants(&expected);
  Result<Ref<Program>> plain = jit::Load(code);
  GUEST_EXPECT_EQ(ebpf_set_jit(true, true), 0);
  Result<Ref<Program>> hard = jit::Load(code);
  GUEST_EXPECT_EQ(ebpf_set_jit(true, false), 0);
  GUEST_ASSERT(plain.ok() && hard.ok());
  GUEST_EXPECT_EQ((*plain)->Run(nullptr), expected);
  GUEST_EXPECT_EQ((*hard)->Run(nullptr), expected);
  const size_t in_plain = ConstantsInImage(**plain);
  GUEST_EXPECT_EQ(ConstantsInImage(**hard), 0);
  if (StringView(machine::kName) == "x86_64") {
    GUEST_EXPECT(in_plain >= kConstants / 2);  // the search finds what is there
  }
}

}  // namespace
}  // namespace guest
