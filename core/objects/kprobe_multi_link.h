// SPDX-License-Identifier: MIT
//
// A program on many functions at once, at their entries, their returns or both,
// for as long as the link lives.
#pragma once

#include "core/memory/buffer.h"
#include "core/objects/link.h"
#include "core/probes/kprobe.h"
#include "core/probes/return_hook.h"

namespace ebpf {

/// Which of its functions' ends the program runs at.
enum class KprobesKind : uint8_t {
  kEntries,
  kReturns,  // BPF_F_KPROBE_MULTI_RETURN
  /// Both, for BPF_TRACE_KPROBE_SESSION: what it returns at the entry says
  /// whether (0) or not it runs at that call's return, too.
  kSession,
  kSessionReturns,  // such a program, told to run at returns only
};

class KprobeMultiLink final : public Link,
                              private KprobeConsumer,
                              private CallConsumer {
 public:
  /// `functions` are where functions are entered, `cookies` are as many, or
  /// none; both arrays become the link's when it succeeds, and each function is
  /// attached to once, however often it is named. All or none: kInvalid (one is
  /// not the entry of a function, or may not be probed, or be overridden by
  /// this program), AttachKprobes' and EnableKprobes' errors.
  static Result<Ref<Link>> Create(Ref<Program> program, KprobesKind kind,
                                  Buffer<uint64_t>& functions,
                                  Buffer<uint64_t>& cookies,
                                  Allocator& allocator);

  linux_abi::LinkType type() const override {
    return linux_abi::kLinkKprobeMulti;
  }
  const char* type_name() const override {
    return flags() == 0 ? "kprobe_multi" : "kretprobe_multi";
  }
  const KprobeMultiLink* AsKprobeMulti() const override { return this; }

  /// As many as the client gave, each the address of the function, also where
  /// the client named the place behind the mark of its entry (x86-64: endbr64).
  /// In its order; where it gave cookies, by address.
  Span<const uint64_t> functions() const { return functions_; }
  /// One for each function; none where the client gave none.
  Span<const uint64_t> cookies() const { return cookies_; }
  uint32_t flags() const;
  /// Hits and returns that the program did not get because its CPU was inside
  /// of a hit, or there was no room to remember a call.
  uint64_t missed() const;

 private:
  friend class Allocator;

  KprobeMultiLink(Ref<Program> program, KprobesKind kind, Allocator& allocator);
  ~KprobeMultiLink() = default;
  void Destroy() override;

  Status Attach();
  Status MakeProbes(Span<const uint64_t> distinct);
  KprobeConsumer& consumer();
  uint64_t CookieOf(uint64_t function) const;

  // KprobeConsumer, for kEntries, and CallConsumer (Entered: for kSession).
  // Context: any.
  void Hit(machine::PtRegs& regs) override;
  bool Entered(machine::PtRegs& regs, uint64_t& data) override;
  void Returned(machine::PtRegs& regs, const ReturnedCall& call) override;
  ConsumerInfo Info() const override { return {}; }

  /// What the link holds a reference of.
  const Program& running_;
  const KprobesKind kind_;
  Allocator& allocator_;
  ReturnHook hook_;
  // Never changed once something is attached.
  Span<uint64_t> functions_;
  Span<uint64_t> cookies_;
  Span<Ref<Kprobe>> probes_;
};

}  // namespace ebpf
