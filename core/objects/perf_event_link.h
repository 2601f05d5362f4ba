// SPDX-License-Identifier: MIT
//
// A program on a perf event, for as long as the link lives.
#pragma once

#include "core/objects/link.h"

namespace ebpf {

/// Keeps the event, too: its descriptor may be closed, and the program still
/// runs. Whether the event is enabled is not its business.
class PerfEventLink final : public Link {
 public:
  /// What PerfEvent::SetProgram says, with the program's cookie; kNoMemory.
  static Result<Ref<Link>> Create(Ref<PerfEvent> event, Ref<Program> program,
                                  uint64_t cookie, Allocator& allocator);

  linux_abi::LinkType type() const override {
    return linux_abi::kLinkPerfEvent;
  }
  const char* type_name() const override { return "perf"; }
  EventDescription Describe() const override { return event_->Describe(); }

 private:
  friend class Allocator;

  PerfEventLink(Ref<PerfEvent> event, Ref<Program> program,
                Allocator& allocator)
      : Link(Move(program)), event_(Move(event)), allocator_(allocator) {}
  ~PerfEventLink() = default;
  void Destroy() override;

  const Ref<PerfEvent> event_;
  Allocator& allocator_;
  bool attached_ = false;
};

}  // namespace ebpf
