// SPDX-License-Identifier: MIT
//
// core/maps/eviction_hands.h's implementation.
#include "core/maps/eviction_hands.h"

#include "core/base/bits.h"
#include "core/platform/cpu.h"

namespace ebpf {
namespace {

constexpr uint64_t kMoved = uint64_t{1} << 32;

constexpr uint64_t Hand(uint32_t left, uint32_t next) {
  return uint64_t{left} << 32 | next;
}

}  // namespace

Status EvictionHands::Init(const ElementPool& pool, Eviction eviction,
                           Allocator& allocator) {
  const uint32_t cpus = ebpf_port_cpu_count();
  count_ = pool.count();
  own_ = eviction == Eviction::kOwn;
  // A small table is not to be all in the hands of CPUs that do nothing.
  piece_ = Max<uint32_t>(1, Min(kMaxPiece, count_ / (cpus * 4)));
  EBPF_TRY(parts_.Allocate(allocator));
  for (uint32_t cpu = 0; own_ && cpu < cpus; ++cpu) {
    Part& part = parts_.Of(cpu);
    part.begin = pool.FirstOf(cpu);
    part.end = pool.FirstOf(cpu + 1);
    part.hand.Store(Hand(part.end - part.begin, part.begin), kRelaxed);
  }
  return Status::kOk;
}

// The hands order nothing: what is done with an element is done under its
// bucket's lock.

uint64_t EvictionHands::TakePiece() {
  uint64_t old = common_.Load(kRelaxed);
  for (;;) {
    const auto from = static_cast<uint32_t>(old);
    const uint32_t size = Min(piece_, count_ - from);
    const uint32_t to = from + size == count_ ? 0 : from + size;
    if (common_.CompareExchange(old, kMoved | to, kRelaxed)) {
      return Hand(size, from);
    }
  }
}

uint32_t EvictionHands::Next(uint32_t cpu) {
  Part& part = parts_.Of(cpu);
  uint64_t hand = part.hand.Load(kRelaxed);
  for (;;) {
    const bool is_used_up = hand >> 32 == 0;
    uint64_t from = hand;
    if (is_used_up) {
      from = own_ ? Hand(part.end - part.begin, part.begin) : TakePiece();
    }
    // A trap may have come between: then its hand goes on, and a piece that was
    // taken for nothing is passed over in this round.
    if (part.hand.CompareExchange(hand, from - kMoved + 1, kRelaxed)) {
      return static_cast<uint32_t>(from);
    }
  }
}

bool EvictionHands::ComesSoon(uint32_t cpu, uint32_t number) const {
  if (own_) {
    const Part& part = parts_.Of(cpu);
    const auto next = static_cast<uint32_t>(part.hand.Load(kRelaxed));
    const uint32_t round = part.end - part.begin;
    return (number >= next ? number - next : number + round - next) < round / 2;
  }
  const uint64_t common = common_.Load(kRelaxed);
  const auto next = static_cast<uint32_t>(common);
  return common != 0 &&
         (number >= next ? number - next : number + count_ - next) < count_ / 2;
}

}  // namespace ebpf
