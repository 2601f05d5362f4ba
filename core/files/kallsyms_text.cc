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
    char name[48];
    uint64_t begin, size;
    const ReadSection reading;
    if (!NextJitSymbol(&program_, name, &begin, &size)) {
      return false;
    }
    PutAddress(line, begin).Put(" t ").Put(name).Put("\t[bpf]\n");
    return true;
  }

  const TextViewer viewer_;
  Allocator& allocator_;
  uint64_t function_ = 0;  // positions in the two walks
  uint64_t program_ = 0;
};

}  // namespace

Result<TextWalk*> BeginKallsyms(const TextViewer& viewer,
                                Allocator& allocator) {
  TextWalk* walk = EBPF_TRY(allocator.New<KallsymsWalk>(viewer, allocator));
  return walk;
}

}  // namespace ebpf
