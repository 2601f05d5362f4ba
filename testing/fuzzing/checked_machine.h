// SPDX-License-Identifier: MIT
//
// A machine that executes eBPF like an engine, but trusts nothing: each access
// is looked up, each byte of stack knows whether it was written. What the
// verifier accepts must run on it without a fault.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "core/helpers/prototype.h"
#include "core/isa/decode.h"
#include "core/program/insn_facts.h"
#include "core/program/run_context.h"
#include "core/verifier/program_builder.h"

namespace ebpf::fuzzing {

struct MachineFrame {
  std::vector<uint8_t> stack = std::vector<uint8_t>(kMaxStackBytes);
  std::vector<bool> written = std::vector<bool>(kMaxStackBytes);
  uint32_t call_site = 0;
  /// A helper called it; the caller's registers wait for it to go on.
  bool called_back = false;
  /// How often it still goes on behind may_goto.
  uint64_t gotos_left = 0;
  /// The rounds of the helper that it has called and that calls back.
  bool in_helper = false;
  uint64_t round = 0;
  uint64_t rounds = 0;
  /// Addresses in the map that it walks over.
  std::vector<uint64_t> keys = {};
  std::vector<uint64_t> values = {};
  uint64_t saved[isa::kRegisterCount] = {};
  bool saved_written[isa::kRegisterCount] = {};
  bool saved_half[isa::kRegisterCount] = {};

  uint64_t top() const {
    return reinterpret_cast<uint64_t>(stack.data()) + kMaxStackBytes;
  }
};

/// Memory besides stacks that a program may access.
struct MachineRegion {
  uint64_t address;
  uint64_t size;
  bool readable;
  bool writable;
  const Map* map;  // whose value or key it is; null: the context, or a record
  bool is_record;
  bool is_key = false;
};

class CheckedMachine {
 public:
  /// Called before each instruction; false stops the run.
  using Hook = std::function<bool(uint32_t index)>;

  /// `code` names maps by their index in `maps`. `context` stays the caller's.
  /// With `read_any_stack`, stack that was not written may be read.
  /// `seed` decides what is left to chance: whether tail calls find a program,
  /// and what that gives, and how long may_goto lasts.
  CheckedMachine(const verifier::Code& code, Span<Map* const> maps,
                 Span<uint8_t> context, bool read_any_stack = false,
                 uint64_t seed = 0);

  /// The context is a struct __sk_buff, whose packet this is; it may be
  /// written, and stays the caller's. Before Run.
  void SetPacket(Span<uint8_t> packet);

  /// Each of `facts`, one for each instruction, must hold as it runs.
  void Believe(std::vector<InsnFacts> facts) { facts_ = std::move(facts); }

  /// Runs to the end or for `max_steps`. What went wrong, or nothing. Helpers
  /// are the real ones, so a read section is open.
  std::string Run(uint64_t max_steps, const Hook& before);

  uint64_t reg(unsigned number) const { return regs_[number]; }
  bool written(unsigned number) const { return written_[number]; }
  /// Empty if there is none.
  Span<uint8_t> packet() const { return packet_; }
  const std::vector<MachineFrame>& frames() const { return frames_; }
  const std::vector<MachineRegion>& regions() const { return regions_; }
  uint64_t context() const { return context_; }
  uint64_t steps() const { return steps_; }

 private:
  bool Fail(const std::string& what);
  bool Step(bool& done);
  bool Alu(const isa::DecodedInsn& insn);
  bool Jump(const isa::DecodedInsn& insn);
  bool Control(const isa::DecodedInsn& insn, bool& done);
  bool LoadImm64(const isa::DecodedInsn& insn);
  bool Memory(const isa::DecodedInsn& insn);
  bool AtomicAccess(const isa::DecodedInsn& insn);
  bool CallHelper(const isa::DecodedInsn& insn);
  bool Exit(bool& done);
  bool MayGoto(const isa::DecodedInsn& insn);
  bool TailCall(bool& done);
  bool CallBack(const isa::DecodedInsn& insn);
  bool BeginRounds(const isa::DecodedInsn& insn, bool& fails);
  void PushFrame(bool called_back);
  void PopFrame();
  void Clobber();
  bool CheckArguments(const HelperPrototype& helper);
  void AfterHelper(const HelperPrototype& helper, const Map* map,
                   uint64_t first, uint64_t size);

  bool Read(unsigned number, uint64_t& value);
  /// The same, but of 32 bits or fewer.
  bool ReadLow(unsigned number, uint64_t& value);
  bool Write(unsigned number, uint64_t value);
  /// Whether what is believed of the instruction is so.
  bool CheckFacts(const isa::DecodedInsn& insn);
  bool CheckPointer(const isa::DecodedInsn& insn, PointerKind kind);
  bool CheckDivisor(const isa::DecodedInsn& insn);
  /// Of a load at `address`: one of the packet's addresses.
  bool IsPacketAddress(uint64_t address, unsigned bytes, uint64_t& value) const;
  bool IsInStack(uint64_t address) const;
  InsnFacts fact() const {
    return index_ < facts_.size() ? facts_[index_] : InsnFacts{};
  }
  /// Whether `size` bytes may be accessed so; those of a stack are marked.
  bool Access(uint64_t address, uint64_t size, bool write);

  const verifier::Code code_;
  const Span<Map* const> maps_;
  const uint64_t context_;
  Span<uint8_t> packet_;
  const bool read_any_stack_;
  uint64_t regs_[isa::kRegisterCount] = {};
  bool written_[isa::kRegisterCount] = {};
  /// The upper half may be anything, since nobody was said to read it.
  bool half_[isa::kRegisterCount] = {};
  std::vector<InsnFacts> facts_;
  std::vector<MachineFrame> frames_;
  std::vector<MachineRegion> regions_;
  /// Where the keys of walks are.
  std::deque<std::vector<uint8_t>> keys_;
  std::mt19937_64 random_;
  uint32_t index_ = 0;
  uint32_t next_ = 0;
  uint64_t steps_ = 0;
  std::string fault_;
};

}  // namespace ebpf::fuzzing
