// SPDX-License-Identifier: MIT
//
// Registers that nobody reads any more and numbers that do not matter are left
// out: a path may be cut short where they differ.
#include "testing/fuzzing/state_recorder.h"

#include <cstring>
#include <map>

#include "core/verifier/cfg.h"
#include "core/verifier/liveness.h"
#include "core/verifier/relevance.h"
#include "core/verifier/saved_state.h"
#include "core/verifier/structure.h"

namespace ebpf::fuzzing {

using verifier::ByteKind;
using verifier::FrameView;
using verifier::RegState;
using verifier::RegType;
using verifier::SavedState;
using verifier::StackSlot;

namespace {

constexpr size_t kMaxStates = 20000;

/// Compares one recorded state with the machine.
class Membership {
 public:
  Membership(const SavedState& state, const CheckedMachine& machine,
             const std::vector<verifier::Relevant>& relevant)
      : state_(state), machine_(machine), relevant_(relevant) {}

  bool Holds(uint32_t index, uint16_t live) {
    const auto& frames = machine_.frames();
    if (state_.frame_count() != frames.size()) {
      return false;
    }
    for (uint32_t i = 1; i < state_.frame_count(); ++i) {
      if (state_.frame(i).call_site != frames[i].call_site) {
        return false;
      }
    }
    const FrameView& current = state_.frame(state_.frame_count() - 1);
    for (unsigned r = 0; r < isa::kRegisterCount; ++r) {
      if ((live >> r & 1) == 0) {
        continue;
      }
      // A call counts as if it read all arguments.
      if (current.regs[r].type == RegType::kUninitialized) {
        continue;
      }
      if (!machine_.written(r)) {
        return false;
      }
      const bool ignored =
          current.regs[r].IsScalar() && (relevant_[index].regs >> r & 1) == 0;
      if (!ignored && !HasReg(current.regs[r], machine_.reg(r))) {
        return false;
      }
    }
    for (uint32_t i = 0; i < state_.frame_count(); ++i) {
      const bool waits = i + 1 < state_.frame_count();
      const uint32_t at = waits ? state_.frame(i + 1).call_site : index;
      if (!HasStack(state_.frame(i), frames[i], relevant_[at].slots)) {
        return false;
      }
    }
    return true;
  }

 private:
  bool HasReg(const RegState& reg, uint64_t word) {
    switch (reg.type) {
      case RegType::kUninitialized:
        return true;
      case RegType::kScalar:
        return reg.value.Has(word) && IsLinked(reg, word);
      case RegType::kContext:
        return reg.value.Has(word - machine_.context() - Offset(reg));
      case RegType::kStack:
        return reg.value.Has(word - machine_.frames()[reg.frame].top() -
                             Offset(reg));
      case RegType::kMapPointer:
        return word == reinterpret_cast<uint64_t>(reg.map);
      case RegType::kFunction:
        return word == reg.memory_size + Offset(reg);  // as the machine has it
      case RegType::kPacket:
        return HasPacket(reg, word);
      case RegType::kPacketEnd:
        return word == PacketBegin() + machine_.packet().size();
      default:
        break;
    }
    if (reg.maybe_null && word == 0) {
      return true;
    }
    for (const MachineRegion& region : machine_.regions()) {
      const bool fits =
          reg.type == RegType::kRingRecord
              ? region.is_record && region.size == reg.memory_size
              : region.map == reg.map && region.map != nullptr &&
                    region.is_key == (reg.type == RegType::kMapKey);
      if (fits && reg.value.Has(word - region.address - Offset(reg))) {
        return true;
      }
    }
    return false;
  }

  uint64_t PacketBegin() const {
    return reinterpret_cast<uint64_t>(machine_.packet().data());
  }

  /// In the packet, with as many bytes behind it as were seen there.
  bool HasPacket(const RegState& reg, uint64_t word) const {
    const uint64_t start = word - Offset(reg) - PacketBegin();
    return reg.value.Has(start) &&
           (reg.memory_size == 0 ||
            start + reg.memory_size <= machine_.packet().size());
  }

  static uint64_t Offset(const RegState& reg) {
    return static_cast<uint64_t>(int64_t{reg.offset});
  }

  /// Numbers of one id are the same number, each with its constant added.
  bool IsLinked(const RegState& reg, uint64_t word) {
    const uint64_t number = word - Offset(reg);
    return reg.id == 0 ||
           numbers_.emplace(reg.id, number).first->second == number;
  }

  bool HasStack(const FrameView& frame, const MachineFrame& stack,
                uint64_t relevant) {
    for (uint32_t i = 0; i < frame.slot_count; ++i) {
      const size_t at = kMaxStackBytes - 8u * (i + 1);
      if (!HasSlot(frame.slots[i], stack, at, (relevant >> i & 1) != 0)) {
        return false;
      }
    }
    return true;
  }

  bool HasSlot(const StackSlot& slot, const MachineFrame& stack, size_t at,
               bool relevant) {
    const bool ignored =
        !relevant && (!slot.HasSpill() || slot.spilled.IsScalar());
    for (uint32_t byte = 0; byte < 8; ++byte) {
      const bool known = slot.bytes[byte] != ByteKind::kInvalid;
      if (known && !stack.written[at + byte]) {
        return false;
      }
      if (slot.bytes[byte] == ByteKind::kZero && !ignored &&
          stack.stack[at + byte] != 0) {
        return false;
      }
    }
    if (!slot.HasSpill() || ignored) {
      return true;
    }
    uint64_t word = 0;
    std::memcpy(&word, &stack.stack[at], slot.SpillSize());
    return HasReg(slot.spilled, word);
  }

  const SavedState& state_;
  const CheckedMachine& machine_;
  const std::vector<verifier::Relevant>& relevant_;
  std::map<uint32_t, uint64_t> numbers_;
};

}  // namespace

struct StateRecorder::Recorded {
  ~Recorded() { state->Free(PortAllocator()); }
  SavedState* state = nullptr;
};

StateRecorder::StateRecorder(const verifier::Code& code)
    : by_insn_(code.size()) {}

StateRecorder::~StateRecorder() = default;

void StateRecorder::Observe(uint32_t index, const verifier::State& state) {
  if (count_ == kMaxStates) {
    complete_ = false;
    return;
  }
  const Result<SavedState*> saved = SavedState::Make(state, PortAllocator());
  if (!saved.ok()) {
    complete_ = false;
    return;
  }
  ++count_;
  auto recorded = std::make_unique<Recorded>();
  recorded->state = *saved;
  by_insn_[index].push_back(std::move(recorded));
}

void StateRecorder::StartAgain() {
  for (auto& states : by_insn_) {
    states.clear();
  }
  count_ = 0;
  complete_ = true;
}

void StateRecorder::Finish(const verifier::Code& code,
                           const ProgramType& type) {
  verifier::Options options;
  options.type = &type;
  verifier::Log log;
  verifier::Stats stats;
  verifier::Verification v(isa::ConstInsns(code.data(), code.size()), {},
                           options, PortAllocator(), log, stats);
  std::vector<verifier::InsnInfo> infos(code.size());
  std::vector<verifier::Subprogram> subprograms(verifier::kMaxSubprograms);
  v.infos = Span<verifier::InsnInfo>(infos.data(), infos.size());
  v.subprograms =
      Span<verifier::Subprogram>(subprograms.data(), subprograms.size());
  // The maps are missing here; the rest of the structure is in order.
  (void)verifier::CheckStructure(v);
  (void)verifier::CheckGraph(v);
  verifier::ComputeLiveness(v);
  (void)verifier::ComputeRelevance(v);
  for (uint32_t i = 0; i < code.size(); ++i) {
    live_.push_back(infos[i].live);
    relevant_.push_back(verifier::RelevantAt(v, i));
  }
  PortAllocator().DeleteArray(v.relevance);
}

bool StateRecorder::Has(uint32_t index, const CheckedMachine& machine) const {
  for (const auto& recorded : by_insn_[index]) {
    if (Membership(*recorded->state, machine, relevant_)
            .Holds(index, live_[index])) {
      return true;
    }
  }
  return false;
}

}  // namespace ebpf::fuzzing
