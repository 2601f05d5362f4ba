// SPDX-License-Identifier: MIT
//
// The functions that can be probed at their entries, as ftrace lists those that
// it can: where libbpf and others look for what a pattern is of. (Linux:
// Documentation/trace/ftrace.rst.)
#include "core/files/text_walk.h"
#include "core/platform/symbol_name.h"
#include "core/probes/kprobe.h"

namespace ebpf {
namespace {

/// "function", or "address function".
class FilterFunctionsWalk final : public TextWalk {
 public:
  FilterFunctionsWalk(bool with_addresses, Allocator& allocator)
      : with_addresses_(with_addresses), allocator_(allocator) {}

  bool Next(TextWriter& line) override {
    ebpf_symbol function;
    do {
      if (!ebpf_port_symbol_next(&position_, &function)) {
        return false;
      }
    } while (!IsOk(CheckKprobe(function.address)));
    if (with_addresses_) {
      line.PutHex(function.address, 16).Put(' ');
    }
    char name[kMaxSymbolName - 1];
    line.Put(ReadSymbolName(function, name)).Put('\n');
    return true;
  }
  void Delete() override { allocator_.Delete(this); }

 private:
  const bool with_addresses_;
  Allocator& allocator_;
  uint64_t position_ = 0;
};

Result<TextWalk*> Begin(bool with_addresses, Allocator& allocator) {
  TextWalk* walk =
      EBPF_TRY(allocator.New<FilterFunctionsWalk>(with_addresses, allocator));
  return walk;
}

}  // namespace

Result<TextWalk*> BeginFilterFunctions(const TextViewer& /*viewer*/,
                                       Allocator& allocator) {
  return Begin(false, allocator);
}

/// Only who sees addresses may open it: text_walk.cc's table.
Result<TextWalk*> BeginFilterFunctionAddresses(const TextViewer& /*viewer*/,
                                               Allocator& allocator) {
  return Begin(true, allocator);
}

}  // namespace ebpf
