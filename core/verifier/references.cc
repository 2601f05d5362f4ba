// SPDX-License-Identifier: MIT
//
// The list of references in a state.
#include "core/verifier/references.h"

namespace ebpf::verifier {

Status TakeReference(Verification& v, uint32_t& id) {
  State& state = *v.state;
  if (state.reference_count == kMaxReferences) {
    return v.Reject(Message::kTooManyReferences, kMaxReferences);
  }
  id = v.NewId();
  state.references[state.reference_count++] = Reference{id, v.index};
  return Status::kOk;
}

void ForgetReference(State& state, uint32_t id) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < state.reference_count; ++i) {
    if (state.references[i].id != id) {
      state.references[kept++] = state.references[i];
    }
  }
  state.reference_count = kept;
}

void ReleaseReference(Verification& v, uint32_t id) {
  ForgetReference(*v.state, id);
  ForEachReg(*v.state, [&](RegState& reg) {
    if (reg.IsPointer() && reg.reference == id) {
      reg = RegState::UnknownScalar();
    }
  });
}

Status CheckNothingHeld(Verification& v) {
  Status status = Status::kOk;
  for (uint32_t i = 0; i < v.state->reference_count; ++i) {
    const Reference& held = v.state->references[i];
    status = v.Reject(Message::kUnreleased, held.id, held.insn);
  }
  return status;
}

}  // namespace ebpf::verifier
