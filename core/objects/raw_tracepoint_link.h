// SPDX-License-Identifier: MIT
//
// A program on a tracepoint's arguments, for as long as the link lives.
#pragma once

#include "core/btf/btf.h"
#include "core/objects/link.h"
#include "core/tracepoints/tracepoint.h"

namespace ebpf {

class RawTracepointLink final : public Link, private ArgumentsConsumer {
 public:
  /// kInvalid: the program looks at more arguments than there are, or at more
  /// of a buffer than may be written; kNoMemory, kBusy.
  static Result<Ref<Link>> Create(Tracepoint& tracepoint, Ref<Program> program,
                                  uint64_t cookie, Allocator& allocator);

  linux_abi::LinkType type() const override {
    return linux_abi::kLinkRawTracepoint;
  }
  const char* type_name() const override { return "raw_tracepoint"; }
  const RawTracepointLink* AsRawTracepoint() const override { return this; }

  StringView name() const { return tracepoint_.info->name; }
  uint64_t cookie() const { return origin().cookie; }

 private:
  friend class Allocator;

  RawTracepointLink(Tracepoint& tracepoint, Ref<Program> program,
                    uint64_t cookie, Allocator& allocator)
      : Link(program),
        ArgumentsConsumer(*program, cookie),  // which the link holds
        tracepoint_(tracepoint),
        allocator_(allocator) {}
  ~RawTracepointLink() = default;
  void Destroy() override;

  void Fired(const uint64_t* /*arguments*/,
             const EventPlace& /*place*/) override {}

  Tracepoint& tracepoint_;
  Allocator& allocator_;
  bool attached_ = false;
};

/// The name of the tracepoint that a program (attach type BPF_TRACE_RAW_TP) was
/// loaded for, by its typedef in `kernel`; empty: for none. Context: task.
StringView TracepointOf(const Program& program, const btf::Btf& kernel);

}  // namespace ebpf
