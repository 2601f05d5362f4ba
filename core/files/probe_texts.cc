// SPDX-License-Identifier: MIT
//
// The texts about kprobes: which there are, where there can be none. (Linux:
// Documentation/trace/kprobes.rst, kprobetrace.rst.)
#include "core/files/text_walk.h"
#include "core/platform/symbol_name.h"
#include "core/probes/probe_list.h"

namespace ebpf {
namespace {

/// As much of a function's name as a line of these has.
constexpr size_t kMaxName = kMaxSymbolName - 1;

/// Writes the name of the function around `address`; how far in that is.
/// Without a function, nothing and the address.
uint64_t PutFunction(TextWriter& line, uint64_t address) {
  ebpf_symbol symbol;
  if (!ebpf_port_symbol_by_address(address, &symbol)) {
    return address;
  }
  char name[kMaxName];
  line.Put(ReadSymbolName(symbol, name));
  return address - symbol.address;
}

/// Goes over the probes that there are, some at a time.
class ProbeWalk {
 public:
  /// The next one, or null.
  const ProbeInfo* Next() {
    if (at_ == count_ && count_ == kProbesAtOnce) {
      count_ = ListProbes(last_, probes_);
      at_ = 0;
    }
    if (at_ == count_) {
      return nullptr;
    }
    const ProbeInfo& probe = probes_[at_++];
    last_ = probe.key;
    return &probe;
  }

 private:
  ProbeKey last_;
  // Of the last listing, which was not the last one if it was full.
  size_t count_ = kProbesAtOnce;
  size_t at_ = kProbesAtOnce;
  ProbeInfo probes_[kProbesAtOnce];
};

/// "address  k  function+0x10    [DISABLED]": the blanks are there also where
/// nothing follows.
class KprobeListWalk final : public TextWalk {
 public:
  KprobeListWalk(const TextViewer& viewer, Allocator& allocator)
      : viewer_(viewer), allocator_(allocator) {}

  bool Next(TextWriter& line) override {
    const ProbeInfo* probe = walk_.Next();
    if (probe == nullptr) {
      return false;
    }
    const uint64_t address = probe->key.address;
    line.PutHex(viewer_.sees_addresses ? address : 0, 16);
    line.Put(probe->consumer.follows_returns ? "  r  " : "  k  ");
    const uint64_t offset = PutFunction(line, address);
    line.Put("+0x").PutHex(offset).Put("    ");
    line.Put(probe->enabled ? "" : "[DISABLED]");
    line.Put(probe->optimized ? "[OPTIMIZED]\n" : "\n");
    return true;
  }
  void Delete() override { allocator_.Delete(this); }

 private:
  const TextViewer viewer_;
  Allocator& allocator_;
  ProbeWalk walk_;
};

/// "0xbegin-0xend\tfunction": what no probe may stand on, function by function.
class KprobeBlacklistWalk final : public TextWalk {
 public:
  KprobeBlacklistWalk(const TextViewer& viewer, Allocator& allocator)
      : viewer_(viewer), allocator_(allocator) {}

  bool Next(TextWriter& line) override {
    uint64_t begin, end;
    while (!NextRange(&begin, &end)) {
      if (!ebpf_port_symbol_next(&position_, &function_)) {
        return false;
      }
      at_ = 0;
    }
    line.Put("0x").PutHex(viewer_.sees_addresses ? begin : 0, 16);
    line.Put("-0x").PutHex(viewer_.sees_addresses ? end : 0, 16).Put("\t");
    char name[kMaxName];
    line.Put(ReadSymbolName(function_, name)).Put("\n");
    return true;
  }
  void Delete() override { allocator_.Delete(this); }

 private:
  /// The next of the function's ranges, if there is one more.
  bool NextRange(uint64_t* begin, uint64_t* end) {
    const uint64_t address = function_.address;
    if (at_ == function_.size || MayProbeStandOn(address, function_.size)) {
      return false;
    }
    while (at_ < function_.size && MayProbeStandOn(address + at_, 1)) {
      ++at_;
    }
    *begin = address + at_;
    while (at_ < function_.size && !MayProbeStandOn(address + at_, 1)) {
      ++at_;
    }
    *end = address + at_;
    return *begin != *end;
  }

  const TextViewer viewer_;
  Allocator& allocator_;
  uint64_t position_ = 0;  // in the walk over functions
  ebpf_symbol function_ = {};
  size_t at_ = 0;  // in the function
};

}  // namespace

Result<TextWalk*> BeginKprobeList(const TextViewer& viewer,
                                  Allocator& allocator) {
  TextWalk* walk = EBPF_TRY(allocator.New<KprobeListWalk>(viewer, allocator));
  return walk;
}

Result<TextWalk*> BeginKprobeBlacklist(const TextViewer& viewer,
                                       Allocator& allocator) {
  TextWalk* walk =
      EBPF_TRY(allocator.New<KprobeBlacklistWalk>(viewer, allocator));
  return walk;
}

}  // namespace ebpf
