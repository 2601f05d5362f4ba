// SPDX-License-Identifier: MIT
//
// A helper that a compiled program calls walks the frame pointers to the
// program's caller, and finds the program's name on its way.
#include "core/capi/ebpf.h"
#include "core/jit/jit.h"
#include "core/platform/symbol_name.h"
#include "testing/guest/jit/frame.h"
#include "testing/guest/jit/program.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/test.h"

namespace guest {
namespace {

using ebpf::StringView;
using jit::Code;

constexpr size_t kMostFrames = 32;
constexpr char kName[] = "bpf_prog_0011223344556677_walker";

struct Walk {
  uintptr_t pcs[kMostFrames];
  size_t count;
};
constinit Walk walk = {};

[[gnu::noinline]] uint64_t WalkHere(uint64_t r1, uint64_t /*r2*/,
                                    uint64_t /*r3*/, uint64_t /*r4*/,
                                    uint64_t /*r5*/) {
  jit::Frame frame = jit::CurrentFrame();
  walk.count = 0;
  while (walk.count < kMostFrames && jit::NextFrame(&frame)) {
    walk.pcs[walk.count++] = frame.return_address;
  }
  return r1 + 1;
}

/// The kernel's function that runs the program.
extern "C" [[gnu::noinline, gnu::used]] uint64_t guest_runs_a_program(
    const ebpf::Program& program) {
  const uint64_t result = program.Run(nullptr);
  asm volatile("");  // not a tail call
  return result;
}

bool IsIn(uintptr_t pc, StringView function) {
  ebpf_symbol symbol = {};
  char name[64];
  return ebpf_port_symbol_by_address(pc - 1, &symbol) &&
         ebpf::ReadSymbolName(symbol, name) == function;
}

/// Prints the walk, and counts the program's frames before its caller's.
size_t ProgramFramesBeforeTheCaller() {
  size_t frames = 0;
  for (size_t i = 0; i < walk.count; ++i) {
    const uintptr_t pc = walk.pcs[i];
    char name[48];
    uint64_t begin = 0;
    uint64_t size = 0;
    ebpf_symbol symbol = {};
    if (ebpf_symbol_by_address(pc, name, &begin, &size)) {
      (Line() << "  " << name << "+").Hex(pc - begin);
      GUEST_EXPECT(StringView(name) == kName);
      GUEST_EXPECT(pc - begin < size);
      ++frames;
    } else if (ebpf_port_symbol_by_address(pc - 1, &symbol)) {
      char text[256];
      Line() << "  " << ebpf::ReadSymbolName(symbol, text);
    }
    if (IsIn(pc, "guest_runs_a_program")) {
      return frames;
    }
  }
  return 0;
}

/// One for each function; and on CPUs where the image begins with a stub that
/// makes a C function of the program, the stub's.
void ExpectFrames(size_t functions) {
  const size_t frames = ProgramFramesBeforeTheCaller();
  GUEST_EXPECT(frames == functions || frames == functions + 1);
}

GUEST_TEST(Unwind, AHelperFindsTheProgramAndItsCaller) {
  GUEST_ASSERT(jit::Start());
  Code& code = jit::NewCode();
  code << jit::MovImm(1, 41) << jit::Make(0x85, 0, 15, 0, 0) << jit::Exit();
  auto program = jit::Load(code, "walker", {.direct_call = WalkHere});
  GUEST_ASSERT(program.ok());
  GUEST_EXPECT_EQ(guest_runs_a_program(**program), 42);
  ExpectFrames(1);
}

GUEST_TEST(Unwind, SubprogramsHaveFramesOfTheirOwn) {
  GUEST_ASSERT(jit::Start());
  Code& code = jit::NewCode();
  code << jit::MovImm(1, 7) << jit::MovImm(6, 100)
       << jit::Make(0x85, 0, 1, 0, 2)  // call +2
       << jit::Make(0x0f, 0, 6)        // r0 += r6
       << jit::Exit();
  code << jit::MovImm(6, 5) << jit::Make(0x85, 0, 1, 0, 2)
       << jit::Make(0x0f, 0, 6) << jit::Exit();
  code << jit::Make(0x85, 0, 15, 0, 0) << jit::Exit();
  auto program = jit::Load(code, "walker", {.direct_call = WalkHere});
  GUEST_ASSERT(program.ok());
  GUEST_EXPECT_EQ(guest_runs_a_program(**program), 7 + 1 + 5 + 100);
  // The innermost function only passes on, but calls, so it has one, too.
  ExpectFrames(3);
}

GUEST_TEST(Unwind, AddressesTellTheirInstruction) {
  GUEST_ASSERT(jit::Start());
  Code& code = jit::NewCode();
  code << jit::MovImm(1, 41) << jit::Make(0x85, 0, 15, 0, 0)
       << jit::MovImm(0, 1) << jit::Exit();
  auto program = jit::Load(code, "walker", {.direct_call = WalkHere});
  GUEST_ASSERT(program.ok());
  (void)guest_runs_a_program(**program);
  uint32_t found = 0;
  for (size_t i = 0; i < walk.count; ++i) {
    char name[48];
    uint64_t begin = 0;
    uint64_t size = 0;
    uint32_t insn = 99;
    if (ebpf::FindJitSymbol(walk.pcs[i] - 1, name, &begin, &size, &insn)) {
      GUEST_EXPECT_EQ(insn, found == 0 ? 1 : 0);  // the call; the stub's
      ++found;
    }
  }
  GUEST_EXPECT(found == 1 || found == 2);
}

GUEST_TEST(Unwind, NobodysAddressesHaveNoProgram) {
  GUEST_ASSERT(jit::Start());
  char name[48];
  uint64_t begin = 0;
  uint64_t size = 0;
  GUEST_EXPECT(!ebpf_symbol_by_address(0, name, &begin, &size));
  GUEST_EXPECT(!ebpf_symbol_by_address(
      reinterpret_cast<uintptr_t>(&guest_runs_a_program), name, &begin, &size));
}

}  // namespace
}  // namespace guest
