// SPDX-License-Identifier: MIT
//
// Steps that a port with several CPUs must take, seen, and left out on purpose
// in the image's breaks. It is linked with --wrap, and calls of the port's come
// to breaks.cc.
#pragma once

#include <stdint.h>

namespace hermit {

/// How often `cpu` made fresh what it executes. Context: any.
uint64_t SyncsOn(uint32_t cpu);

/// How often the port had all other CPUs do so. Context: any.
uint64_t SyncsElsewhere();

/// What tests stop the other CPU for, whose rendezvous alone can be broken: the
/// probes' go on. rendezvous_hermit_test.cc has it.
int ChangeBoth(void* argument);

}  // namespace hermit
