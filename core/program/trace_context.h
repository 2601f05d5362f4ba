// SPDX-License-Identifier: MIT
//
// What a program of type TRACEPOINT is given.
#pragma once

#include <stdint.h>

#include "core/machine/pt_regs.h"

namespace ebpf {

/// Registers that are made up when somebody asks for them: most do not.
class RegisterSource {
 public:
  /// Of the context in which it happened; null: nobody knows them. The same
  /// each time. Context: any, preemption off.
  virtual const machine::PtRegs* Find() = 0;

 protected:
  ~RegisterSource() = default;
};

/// Where a record's header was, of which such a program sees nothing.
struct TraceContext {
  RegisterSource* registers;

  /// Of what a program was given. Context: any, in a run of it.
  static const TraceContext& Of(uint64_t context) {
    return *reinterpret_cast<const TraceContext*>(context);
  }
};
static_assert(sizeof(TraceContext) == 8);

}  // namespace ebpf
