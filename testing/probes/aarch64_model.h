// SPDX-License-Identifier: MIT
//
// A machine that does what LLVM's text says of the AArch64 instructions that a
// trap may emulate, to compare the emulation with.
#pragma once

#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "testing/probes/llvm_decoder.h"

namespace ebpf::aarch64 {

using testing::LlvmInsn;

inline bool StartsWith(const std::string& text, const char* prefix) {
  return text.rfind(prefix, 0) == 0;
}

/// A general register by its name in LLVM's text; 99: none.
struct Register {
  unsigned number = 99;
  bool wide = false;
  bool sp = false;
};

inline Register Parse(const std::string& name) {
  if (name == "sp" || name == "wsp") {
    return {31, name == "sp", true};
  }
  if (name == "xzr" || name == "wzr") {
    return {31, name == "xzr", false};
  }
  if ((name[0] == 'x' || name[0] == 'w') && isdigit(name[1]) != 0) {
    return {static_cast<unsigned>(atoi(name.c_str() + 1)), name[0] == 'x',
            false};
  }
  return {};
}

/// "#-16"
inline int64_t Number(const std::string& text) {
  return strtoll(text.c_str() + (text[0] == '#' ? 1 : 0), nullptr, 0);
}

/// A machine that does what LLVM's text says.
class Model {
 public:
  uint64_t x[31];
  uint64_t sp;
  uint64_t pc;
  uint64_t pstate;
  struct Store {
    uint64_t at, value;
  };
  std::vector<Store> stores;

  /// False: the text is of none of the instructions that a trap may emulate.
  bool Run(const LlvmInsn& insn) {
    here_ = pc;
    pc += 4;
    operands_ = &insn.operands;
    return insn.mnemonic == "nop" || insn.mnemonic == "bti" ||
           Branch(insn.mnemonic) || Move(insn.mnemonic) || Add(insn.mnemonic) ||
           Literal(insn.mnemonic) || Masks(insn.mnemonic) ||
           Stack(insn.mnemonic);
  }

 private:
  std::string Operand(size_t index) const {
    return index < operands_->size() ? (*operands_)[index] : "";
  }
  uint64_t Get(const std::string& name) const {
    const Register reg = Parse(name);
    const uint64_t value =
        reg.number == 31 ? (reg.sp ? sp : 0) : x[reg.number % 31];
    return reg.wide ? value : static_cast<uint32_t>(value);
  }
  void Set(const std::string& name, uint64_t value) {
    const Register reg = Parse(name);
    value = reg.wide ? value : static_cast<uint32_t>(value);
    if (reg.number < 31) {
      x[reg.number] = value;
    } else if (reg.sp) {
      sp = value;
    }
  }
  uint64_t Relative(size_t index) const {
    return here_ + static_cast<uint64_t>(Number(Operand(index)));
  }

  bool Holds(const std::string& condition) const {
    const bool n = (pstate >> 31 & 1) != 0;
    const bool z = (pstate >> 30 & 1) != 0;
    const bool c = (pstate >> 29 & 1) != 0;
    const bool v = (pstate >> 28 & 1) != 0;
    const std::map<std::string, bool> holds = {{"eq", z},
                                               {"ne", !z},
                                               {"hs", c},
                                               {"lo", !c},
                                               {"mi", n},
                                               {"pl", !n},
                                               {"vs", v},
                                               {"vc", !v},
                                               {"hi", c && !z},
                                               {"ls", !c || z},
                                               {"ge", n == v},
                                               {"lt", n != v},
                                               {"gt", !z && n == v},
                                               {"le", z || n != v},
                                               {"al", true},
                                               {"nv", true}};
    return holds.at(condition);
  }

  bool Branch(const std::string& name) {
    if (name == "b") {
      pc = Relative(0);
    } else if (name == "bl") {
      x[30] = pc;
      pc = Relative(0);
    } else if (StartsWith(name, "b.") || StartsWith(name, "bc.")) {
      pc = Holds(name.substr(name.find('.') + 1)) ? Relative(0) : pc;
    } else if (name == "cbz" || name == "cbnz") {
      pc = (Get(Operand(0)) == 0) == (name == "cbz") ? Relative(1) : pc;
    } else if (name == "tbz" || name == "tbnz") {
      const bool set = (Get(Operand(0)) >> Number(Operand(1)) & 1) != 0;
      pc = set == (name == "tbnz") ? Relative(2) : pc;
    } else if (name == "br") {
      pc = Get(Operand(0));
    } else if (name == "ret") {
      pc = operands_->empty() ? x[30] : Get(Operand(0));
    } else if (name == "blr") {
      const uint64_t target = Get(Operand(0));
      x[30] = pc;
      pc = target;
    } else {
      return false;
    }
    return true;
  }

  bool Move(const std::string& name) {
    if (name == "adr") {
      Set(Operand(0), Relative(1));
    } else if (name == "adrp") {
      Set(Operand(0), (here_ & ~uint64_t{4095}) +
                          static_cast<uint64_t>(Number(Operand(1))));
    } else if (name == "mov") {
      Set(Operand(0), Operand(1)[0] == '#'
                          ? static_cast<uint64_t>(Number(Operand(1)))
                          : Get(Operand(1)));
    } else if (name == "movz" || name == "movn") {
      const unsigned shift =
          operands_->size() > 2 ? atoi(Operand(2).c_str() + 5) : 0;  // "lsl #"
      const uint64_t value = static_cast<uint64_t>(Number(Operand(1))) << shift;
      Set(Operand(0), name == "movz" ? value : ~value);
    } else {
      return false;
    }
    return true;
  }

  bool Add(const std::string& name) {
    if ((name != "add" && name != "sub") || Operand(2)[0] != '#') {
      return false;
    }
    const unsigned shift =
        operands_->size() > 3 ? atoi(Operand(3).c_str() + 5) : 0;
    const uint64_t value = static_cast<uint64_t>(Number(Operand(2))) << shift;
    Set(Operand(0),
        name == "add" ? Get(Operand(1)) + value : Get(Operand(1)) - value);
    return true;
  }

  bool Masks(const std::string& name) {
    constexpr uint64_t kDaif = 0x3c0;
    if (name == "mrs" && Operand(1) == "DAIF") {
      Set(Operand(0), pstate & kDaif);
    } else if (name == "msr" && Operand(0) == "DAIF") {
      pstate = (pstate & ~kDaif) | (Get(Operand(1)) & kDaif);
    } else if (name == "msr" && Operand(0) == "DAIFSet") {
      pstate |= static_cast<uint64_t>(Number(Operand(1))) << 6;
    } else if (name == "msr" && Operand(0) == "DAIFClr") {
      pstate &= ~(static_cast<uint64_t>(Number(Operand(1))) << 6);
    } else {
      return false;
    }
    return true;
  }

  bool Literal(const std::string& name) {
    if (name == "prfm") {
      return Operand(1)[0] == '#';
    }
    if ((name != "ldr" && name != "ldrsw") || Operand(1)[0] != '#' ||
        Parse(Operand(0)).number == 99) {
      return false;
    }
    const bool wide = Parse(Operand(0)).wide && name == "ldr";
    uint64_t value = 0;
    memcpy(&value, reinterpret_cast<const void*>(Relative(1)), wide ? 8 : 4);
    if (name == "ldrsw") {
      value = static_cast<uint64_t>(int64_t{static_cast<int32_t>(value)});
    }
    Set(Operand(0), value);
    return true;
  }

  /// ldr, str, ldp, stp of x registers with sp as the base.
  bool Stack(const std::string& name) {
    const bool pair = name == "ldp" || name == "stp";
    const size_t at = pair ? 2 : 1;
    if ((!pair && name != "ldr" && name != "str") ||
        !StartsWith(Operand(at), "[sp") || Operand(0)[0] != 'x') {
      return false;
    }
    const std::string memory = Operand(at);
    const size_t comma = memory.find('#');
    const auto offset = static_cast<uint64_t>(
        comma == std::string::npos ? 0 : Number(memory.substr(comma)));
    uint64_t address = sp + offset;
    if (operands_->size() > at + 1) {  // post-index
      sp += static_cast<uint64_t>(Number(Operand(at + 1)));
    } else if (memory.back() == '!') {
      sp = address;
    }
    for (size_t i = 0; i < at; ++i, address += 8) {
      if (name[0] == 's') {
        stores.push_back({address, Get(Operand(i))});
      } else {
        uint64_t value = 0;
        memcpy(&value, reinterpret_cast<const void*>(address), 8);
        Set(Operand(i), value);
      }
    }
    return true;
  }

  uint64_t here_;
  const std::vector<std::string>* operands_;
};

}  // namespace ebpf::aarch64
