// SPDX-License-Identifier: MIT
//
// Statements that call: helpers, functions, callbacks.
#include "testing/fuzzing/grammar.h"

namespace ebpf::fuzzing {

void Grammar::CallerSavedGone() {
  for (unsigned i = 0; i < 6; ++i) {
    known_.regs[i] = Kind::kNothing;
  }
}

void Grammar::CallbackContext(bool& given) {
  given = !source_.OneIn(3);
  if (given) {
    Emit(StoreImm(kDW, R10, -32, static_cast<int64_t>(source_.Below(4))));
    known_.slots[3] = true;
    Emit(Join({MovReg(R3, R10), AluImm(kAdd, R3, -32)}));
  } else {
    Emit(MovImm(R3, 0));
  }
  Emit(MovImm(R4, source_.OneIn(80) ? 1 : 0));
}

void Grammar::CallBack(int helper, Kind value, bool given) {
  callbacks_.push_back({code_.size(), value, given});
  Emit(LoadFunction(R2, 0));
  Emit(Call(helper));
  CallerSavedGone();
  known_.slots[3] = false;  // whatever it is now
  known_.regs[R0] = Kind::kNumber;
  if (source_.OneIn(3)) {
    return;
  }
  // What came of it is to be seen.
  Emit(LoadMapValue(R2, kArray));
  Emit(Store(kDW, R2, 0, R0));
  known_.regs[R2] = Kind::kValue16;
  if (given) {
    Emit(Load(kDW, R3, R10, -32));
    Emit(Store(kDW, R2, 8, R3));
    known_.regs[R3] = Kind::kNumber;
  }
}

void Grammar::CallbackLoop() {
  if (callbacks_.size() >= 3) {
    return;
  }
  const Reg count = Number();
  bool given = false;
  if (source_.OneIn(2) || count == R10) {
    CallbackContext(given);
    Emit(MovImm(R1, static_cast<int64_t>(source_.Below(12))));
  } else {
    if (count >= R2 && count <= R5) {
      return;
    }
    Emit(count == R1 ? MovReg(R1, R1) : MovReg(R1, count));
    Emit(AluImm(kAnd, R1, 15));
    CallbackContext(given);
  }
  CallBack(kLoop, Kind::kNothing, given);
}

void Grammar::Walk() {
  if (callbacks_.size() >= 3) {
    return;
  }
  const unsigned which = source_.Below(3);
  bool given = false;
  CallbackContext(given);
  Emit(LoadMap(R1, which == 0 ? kArray : which == 1 ? kHash : kPerCpu));
  CallBack(kForEach,
           which == 0   ? Kind::kValue16
           : which == 1 ? Kind::kValue48
                        : Kind::kNumber,
           given);
}

void Grammar::TailCall() {
  if (known_.regs[R9] != Kind::kContext) {
    return;
  }
  Emit(Join({MovReg(R1, R9), LoadMap(R2, kPrograms),
             MovImm(R3, static_cast<int64_t>(source_.Below(5))),
             Call(kTailCall)}));
  CallerSavedGone();
}

void Grammar::HelperCall() {
  switch (source_.Below(5)) {
    case 0: {  // update of the hash, key and value on the stack
      Emit(StoreImm(kDW, R10, -8, static_cast<int64_t>(source_.Below(3))));
      const int last = source_.OneIn(60) ? 5 : 7;
      for (int i = 2; i <= last; ++i) {
        Emit(StoreImm(kDW, R10, -8 * i, Immediate()));
        known_.slots[static_cast<size_t>(i - 1)] = true;
      }
      known_.slots[0] = true;
      Emit(Join({LoadMap(R1, kHash), MovReg(R2, R10), AluImm(kAdd, R2, -8),
                 MovReg(R3, R10), AluImm(kAdd, R3, -56), MovImm(R4, 0),
                 Call(kMapUpdate)}));
      break;
    }
    case 1:
      Emit(StoreImm(kDW, R10, -8, static_cast<int64_t>(source_.Below(3))));
      known_.slots[0] = true;
      Emit(Join({LoadMap(R1, kHash), MovReg(R2, R10), AluImm(kAdd, R2, -8),
                 Call(kMapDelete)}));
      break;
    case 2: {  // fills a part of the stack, or a map's value
      const Reg size = Pick([](Kind kind) { return kind == Kind::kSmall; });
      if (source_.OneIn(2)) {
        Emit(Join({MovReg(R1, R10), AluImm(kAdd, R1, -16)}));
      } else {
        Emit(LoadMapValue(R1, source_.OneIn(120) ? kReadOnly : kArray));
      }
      if (size != R10 && size != R1 && source_.OneIn(2)) {
        Emit(MovReg(R2, size));
      } else {
        Emit(MovImm(R2, static_cast<int64_t>(source_.Below(18))));
      }
      Emit(MovReg(R3, R9));
      Emit(Call(kProbeRead));
      break;
    }
    case 3: {
      const Reg value = Pick([](Kind kind) {
        return kind == Kind::kValue16 || kind == Kind::kValue48;
      });
      if (value == R10 || value < R6) {
        return;
      }
      Emit(Join({MovReg(R2, value),
                 MovImm(R3, static_cast<int64_t>(source_.Below(18))),
                 LoadMap(R1, kRing), MovImm(R4, 0), Call(kRingOutput)}));
      break;
    }
    default:
      Emit(Call(kRandom));
  }
  CallerSavedGone();
  known_.regs[R0] = Kind::kNumber;
}

void Grammar::FunctionCall() {
  if (calls_.size() >= 3 || in_function_) {
    return;
  }
  const Reg number = Number();
  if (number == R10) {
    return;
  }
  if (source_.OneIn(2)) {
    Emit(MovReg(R2, R10));
    Emit(AluImm(kAdd, R2, -16));
    if (!source_.OneIn(40)) {
      Emit(StoreImm(kDW, R10, -16, 1));
      known_.slots[1] = true;
    }
  } else {
    Emit(LoadMapValue(R2, kArray));
  }
  if (number != R1) {
    Emit(number == R2 ? MovImm(R1, Immediate()) : MovReg(R1, number));
  }
  Emit(known_.regs[R9] == Kind::kContext ? MovReg(R3, R9) : MovImm(R3, 0));
  calls_.push_back(code_.size());
  Emit(CallLocal(0));
  CallerSavedGone();
  known_.regs[R0] = Kind::kNumber;
  known_.slots[1] = false;  // the callee may have written a part
}

void Grammar::AppendFunctions() {
  for (size_t call : calls_) {
    code_[call].imm = static_cast<int32_t>(code_.size() - call - 1);
    known_ = Known();
    known_.regs[R1] = Kind::kNumber;
    known_.regs[R10] = Kind::kStack;
    in_function_ = true;
    Emit(MovReg(R9, R2));
    Emit(MovReg(R6, R1));
    Emit(MovReg(R8, R3));
    known_.regs[R6] = Kind::kNumber;
    Emit(Load(kW, R7, R9, 0));
    known_.regs[R7] = Kind::kNumber;
    for (unsigned i = source_.Below(5); i > 0; --i) {
      switch (source_.Below(4)) {
        case 0:
          Arithmetic();
          break;
        case 1:
          Bound();
          break;
        case 2:
          StoreToStack();
          break;
        default:
          Emit(Store(kW, R9, 4 * static_cast<int>(source_.Below(2)), R6));
      }
    }
    if (source_.OneIn(3)) {
      Emit(Join({MovReg(R1, R8), LoadMap(R2, kPrograms), MovImm(R3, 0),
                 Call(kTailCall)}));
    }
    Emit(MovReg(R0, IsNumber(R6) ? R6 : R7));
    Emit(Exit());
  }
}

void Grammar::AppendCallbacks() {
  for (size_t i = 0; i < callbacks_.size(); ++i) {  // may add more
    const Callback callback = callbacks_[i];
    code_[callback.at].imm =
        static_cast<int32_t>(code_.size() - callback.at - 1);
    known_ = Known();
    known_.regs[R10] = Kind::kStack;
    in_function_ = true;
    CallbackBody(callback);
  }
}

void Grammar::CallbackBody(const Callback& callback) {
  const bool walks = callback.value != Kind::kNothing;
  Emit(MovReg(R9, walks ? R4 : R2));
  if (!walks) {
    Emit(MovReg(R6, R1));
    known_.regs[R6] = Kind::kNumber;
  } else {
    Emit(Load(source_.OneIn(12) ? kDW : kW, R6, R2, 0));
    known_.regs[R6] = Kind::kNumber;
    if (callback.value != Kind::kNumber) {
      Emit(MovReg(R8, R3));
      known_.regs[R8] = callback.value;
    }
  }
  if (callback.given) {
    Emit(Load(kDW, R7, R9, 0));
    known_.regs[R7] = Kind::kNumber;
  }
  Block(source_.Below(6), 2);
  if (callback.given && !source_.OneIn(3)) {
    if (IsNumber(R7) && source_.OneIn(2)) {
      Emit(AluImm(kAdd, R7, 1));
    }
    const Reg reg = IsNumber(R7) ? R7 : Number();
    if (reg != R10) {
      Emit(Store(kDW, R9, 0, reg));
    }
  }
  if (IsNumber(R6) && source_.OneIn(4)) {
    Emit(Join({MovReg(R0, R6), AluImm(kAnd, R0, source_.OneIn(80) ? 3 : 1)}));
  } else {
    Emit(MovImm(R0, 0));
  }
  Emit(Exit());
}

}  // namespace ebpf::fuzzing
