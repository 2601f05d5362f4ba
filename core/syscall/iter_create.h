// SPDX-License-Identifier: MIT
//
// Links of iterators, for BPF_LINK_CREATE.
#pragma once

#include "core/objects/iterator_link.h"
#include "core/syscall/commands.h"

namespace ebpf {

/// A link of a program that was loaded for an iterator. As Linux: kInvalid,
/// kTooBig, kFault (what the client says of the target), kNotFound (no such
/// target), kBadFd (no map), and IteratorLink::Create's. Context: task.
Result<Ref<Link>> LinkToIterator(const Call& call,
                                 const linux_abi::LinkCreateAttr& attr,
                                 Ref<Program> program);

}  // namespace ebpf
