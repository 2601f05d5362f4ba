// SPDX-License-Identifier: MIT
//
// core/tracepoints/raw_page.h's implementation.
#include "core/tracepoints/raw_page.h"

#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf {
namespace {

// The page's header: when its first record happened, and how much of it is
// used, with two bits about what was lost before it.
constexpr size_t kTimeAt = 0;
constexpr size_t kUsedAt = 8;
constexpr size_t kDataAt = 16;
// Linux's are of an int, which is extended with its sign.
constexpr uint64_t kLost = 0xffffffff'80000000;
constexpr uint64_t kLostIsCounted = 0x40000000;  // behind the data

// A record's header: a kind of 5 bits, which up to the largest is its size in
// words, and 27 bits of time since the one before it.
constexpr size_t kWord = sizeof(uint32_t);
constexpr size_t kMaxKindOfSize = 28;
constexpr size_t kMoreTime = 30;
constexpr unsigned kKindBits = 5;
constexpr unsigned kTimeBits = 27;
constexpr unsigned kAllTimeBits = kTimeBits + 32;

static_assert(TraceRing::max_payload_size() + 2 * kWord <=
              RawTracePage::kDataSize);

}  // namespace

void RawTracePage::Clear() {
  used_ = 0;
  FillBytes(page_, 0, kSize);
}

void RawTracePage::Begin(uint64_t time, uint64_t lost) {
  StoreUnaligned(page_ + kTimeAt, time);
  time_ = time;
  lost_ = lost;
}

bool RawTracePage::Add(const TraceRecord& record, uint64_t lost) {
  if (empty()) {
    Begin(record.time, lost);
  } else if (lost != 0 || record.time < time_ ||
             (record.time - time_) >> kAllTimeBits != 0) {
    // Time goes backwards from who interrupted to who was. Neither can be said
    // but of a page.
    return false;
  }
  const uint64_t passed = record.time - time_;
  const bool has_more_time = passed >> kTimeBits != 0;
  const size_t payload = AlignUp<size_t>(record.payload_size, kWord);
  const bool is_short = payload != 0 && payload <= kMaxKindOfSize * kWord;
  const size_t size =
      (has_more_time ? 2 * kWord : 0) + (is_short ? 1 : 2) * kWord + payload;
  if (size > kDataSize - used_) {
    return false;
  }
  if (has_more_time) {
    PutWord(kMoreTime, passed);
    StoreUnaligned(page_ + kDataAt + used_,
                   static_cast<uint32_t>(passed >> kTimeBits));
    used_ += kWord;
  }
  PutWord(is_short ? payload / kWord : 0, has_more_time ? 0 : passed);
  if (!is_short) {
    StoreUnaligned(page_ + kDataAt + used_,
                   static_cast<uint32_t>(payload + kWord));
    used_ += kWord;
  }
  CopyBytes(page_ + kDataAt + used_, record.payload(), record.payload_size);
  used_ += payload;
  time_ = record.time;
  return true;
}

ConstBytes RawTracePage::Finish() {
  uint64_t used = used_;
  if (lost_ != 0) {
    used |= kLost;
    if (kDataSize - used_ >= sizeof(lost_)) {
      used |= kLostIsCounted;
      StoreUnaligned(page_ + kDataAt + used_, lost_);
    }
  }
  StoreUnaligned(page_ + kUsedAt, used);
  return ConstBytes(page_, kSize);
}

void RawTracePage::PutWord(size_t kind, uint64_t time) {
  StoreUnaligned(page_ + kDataAt + used_,
                 static_cast<uint32_t>(time << kKindBits | kind));
  used_ += kWord;
}

}  // namespace ebpf
