// SPDX-License-Identifier: MIT
//
// core/objects/link.h's implementation.
#include "core/objects/link.h"

namespace ebpf {
namespace {

constinit IdTable<Link> link_ids;

}  // namespace

IdTable<Link>& LinkIds() { return link_ids; }

Ref<Program> Link::program() const {
  MutexGuard guard(mutex_);
  return program_;
}

Status Link::Update(Ref<Program> /*program*/, const Program* /*expected*/) {
  return Status::kInvalid;
}

Status Link::Detach() { return Status::kNotSupported; }

Status Link::Replace(Ref<Program> program, const Program* expected) {
  Ref<Program> old;  // goes when the mutex is free: it may wait
  MutexGuard guard(mutex_);
  if (expected != nullptr && program_.get() != expected) {
    return Status::kNotPermitted;
  }
  old = Exchange(program_, Move(program));
  return Status::kOk;
}

}  // namespace ebpf
