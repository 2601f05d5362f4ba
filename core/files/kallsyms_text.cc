// SPDX-License-Identifier: MIT
//
// /proc/kallsyms: the kernel's functions by address, then compiled programs.
#include "core/files/text_walk.h"
#include "core/jit/jit.h"
#include "core/platform/symbol_name.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

class KallsymsWalk final : public TextWalk {
 public:
  KallsymsWalk(const TextViewer& viewer, Allocator& allocator)
      : viewer_(viewer), allocator_(allocator) {}

  bool Next(TextWriter& line) override {
    return NextFunction(line) || NextProgram(line);
  }
  void Delete() override { allocator_.Delete(this); }

 private:
  TextWriter& PutAddress(TextWriter& line, uint64_t address) const {
    return line.PutHex(viewer_.sees_addresses ? address : 0, 16);
  }

  bool NextFunction(TextWriter& line) {
    ebpf_symbol symbol;
    if (!ebpf_port_symbol_next(&function_, &symbol)) {
      return false;
    }
    char name[kMaxSymbolName - 1];
    PutAddress(line, symbol.address).Put(" T ");
    line.Put(ReadSymbolName(symbol, name)).Put("\n");
    return true;
  }

  bool NextProgram(TextWriter& line) {
    if (at_ == count_ && count_ == kAtOnce) {
      const ReadSection reading;
      count_ = ListJitSymbols(program_, programs_);
      at_ = 0;
    }
    if (at_ == count_) {
      return false;
    }
    const JitSymbol& program = programs_[at_++];
    program_ = program.begin + 1;
    PutAddress(line, program.begin).Put(" t ").Put(program.name);
    line.Put("\t[bpf]\n");
    return true;
  }

  static constexpr size_t kAtOnce = 64;

  const TextViewer viewer_;
  Allocator& allocator_;
  uint64_t function_ = 0;  // positions in the two walks
  uint64_t program_ = 0;
  // Of the last listing, which was not the last one if it was full.
  size_t count_ = kAtOnce;
  size_t at_ = kAtOnce;
  JitSymbol programs_[kAtOnce];
};

}  // namespace

Result<TextWalk*> BeginKallsyms(const TextViewer& viewer,
                                Allocator& allocator) {
  TextWalk* walk = EBPF_TRY(allocator.New<KallsymsWalk>(viewer, allocator));
  return walk;
}

}  // namespace ebpf
