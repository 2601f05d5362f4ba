// SPDX-License-Identifier: MIT
//
// core/maps/eviction_hands.h's implementation.
#include "core/maps/eviction_hands.h"

#include "core/base/bits.h"
#include "core/platform/cpu.h"

namespace ebpf {
namespace {

/// Levels of activity: a first use, and proven by more.
constexpr uint8_t kOnce = 1;
constexpr uint8_t kTwice = 2;
constexpr uint8_t kOften = 3;

/// Above this part of all elements, activity wears off. Chosen by the traces of
/// testing/oracle/lru_host_test.cc.
constexpr bool IsMuch(uint32_t active, uint32_t all) {
  return uint64_t{active} * 16 > uint64_t{all} * 11;
}

constexpr uint64_t kMoved = uint64_t{1} << 32;

constexpr uint64_t Hand(uint32_t left, uint32_t next) {
  return uint64_t{left} << 32 | next;
}

}  // namespace

Status EvictionHands::Init(const ElementPool& pool, Eviction eviction,
                           Allocator& allocator) {
  const uint32_t cpus = ebpf_port_cpu_count();
  pool_ = &pool;
  count_ = pool.count();
  own_ = eviction == Eviction::kOwn;
  // A small table is not to be all in the hands of CPUs that do nothing.
  piece_ = Max<uint32_t>(1, Min(kMaxPiece, count_ / (cpus * 4)));
  EBPF_TRY(parts_.Allocate(allocator));
  for (uint32_t cpu = 0; own_ && cpu < cpus; ++cpu) {
    Part& part = parts_.Of(cpu);
    part.begin = pool.FirstOf(cpu);
    part.end = pool.FirstOf(cpu + 1);
    part.hand.Store(Hand(0, part.begin), kRelaxed);
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

EvictionHands::Part& EvictionHands::PartOf(uint32_t number) const {
  return parts_.Of(pool_->OwnerOf(number));
}

bool EvictionHands::IsMuchActive(uint32_t number) const {
  if (!own_) {
    return IsMuch(active_.Load(kRelaxed), count_);
  }
  const Part& part = PartOf(number);
  return IsMuch(part.active.Load(kRelaxed), part.end - part.begin);
}

/// Exchanges the level, so that each change from or to 0 is counted once.
void EvictionHands::SetLevel(uint32_t number, ElementUse& use, uint8_t level) {
  const uint8_t old = use.level.Exchange(level, kRelaxed);
  if ((old == 0) != (level == 0)) {
    Atomic<uint32_t>& active = own_ ? PartOf(number).active : active_;
    active.FetchAdd(level == 0 ? UINT32_MAX : 1, kRelaxed);
  }
}

bool EvictionHands::Pass(uint32_t number, ElementUse& use) {
  const uint8_t level = use.level.Load(kRelaxed);
  if (use.used.Load(kRelaxed) != 0) {
    use.used.Store(0, kRelaxed);
    if (level != kOften) {
      SetLevel(number, use, level + 1);
    }
    return false;
  }
  if (level == 0) {
    return true;
  }
  if (!IsMuchActive(number)) {
    return false;
  }
  // What was used once goes. What was used more has another round.
  SetLevel(number, use, level == kOften ? kTwice : 0);
  return level == kOnce;
}

void EvictionHands::Begin(uint32_t cpu, uint32_t number, ElementUse& use) {
  use.used.Store(ComesSoon(cpu, number) ? 1 : 0, kRelaxed);
}

void EvictionHands::End(uint32_t number, ElementUse& use) {
  if (use.level.Load(kRelaxed) != 0) {
    SetLevel(number, use, 0);
  }
  use.used.Store(0, kRelaxed);
}

void EvictionHands::Replace(uint32_t number, ElementUse& use,
                            uint32_t old_number, ElementUse& old_use) {
  const uint8_t level = old_use.level.Load(kRelaxed);
  if (level != 0) {
    SetLevel(old_number, old_use, 0);
    SetLevel(number, use, level);
  }
  use.used.Store(1, kRelaxed);
}

/// Whether the hand comes to `number` within half a round. Not before it first
/// moved.
bool EvictionHands::ComesSoon(uint32_t cpu, uint32_t number) const {
  uint32_t next = 0;
  uint32_t round = count_;
  if (own_) {
    const Part& part = parts_.Of(cpu);
    const uint64_t hand = part.hand.Load(kRelaxed);
    if (hand == Hand(0, part.begin)) {
      return false;
    }
    next = static_cast<uint32_t>(hand);
    round = part.end - part.begin;
  } else {
    const uint64_t common = common_.Load(kRelaxed);
    if (common == 0) {
      return false;
    }
    next = static_cast<uint32_t>(common);
  }
  const uint32_t ahead = number >= next ? number - next : number + round - next;
  return ahead < round / 2;
}

}  // namespace ebpf
