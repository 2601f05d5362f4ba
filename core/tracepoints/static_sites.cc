// SPDX-License-Identifier: MIT
//
// core/tracepoints/static_sites.h's implementation.
#include "core/tracepoints/static_sites.h"

namespace ebpf {

// By heap: no recursion, no memory, and no order that takes long.
template <StaticSites::Address kAddress>
void StaticSites::Sort(Span<uint32_t> order) const {
  const auto key_at = [&](size_t place) {
    return (sites_[order[place]].*kAddress)();
  };
  const auto swap = [&](size_t a, size_t b) {
    order[a] = Exchange(order[b], order[a]);
  };
  const auto sift_down = [&](size_t parent, size_t end) {
    for (size_t child; (child = 2 * parent + 1) < end; parent = child) {
      if (child + 1 < end && key_at(child) < key_at(child + 1)) {
        ++child;
      }
      if (key_at(parent) >= key_at(child)) {
        return;
      }
      swap(parent, child);
    }
  };
  for (size_t parent = order.size() / 2; parent-- > 0;) {
    sift_down(parent, order.size());
  }
  for (size_t end = order.size(); end-- > 1;) {
    swap(0, end);
    sift_down(0, end);
  }
}

/// The place of the first that is not below `address`.
template <StaticSites::Address kAddress>
size_t StaticSites::FindFirst(Span<const uint32_t> order,
                              uint64_t address) const {
  size_t begin = 0;
  size_t end = order.size();
  while (begin != end) {
    const size_t middle = begin + (end - begin) / 2;
    if ((sites_[order[middle]].*kAddress)() < address) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

Status StaticSites::Create(const StaticSite* sites, size_t count,
                           Allocator& allocator) {
  size_t used = 0;
  for (size_t i = 0; i < count; ++i) {
    used += sites[i].code_offset != 0;
  }
  memory_ = EBPF_TRY(allocator.NewArray<uint32_t>(3 * used));
  sites_ = sites;
  Span<uint32_t> orders[3];
  for (size_t k = 0; k < 3; ++k) {
    orders[k] = memory_.Subspan(k * used, used);
    size_t place = 0;
    for (size_t i = 0; i < count; ++i) {
      if (sites[i].code_offset != 0) {
        orders[k][place++] = static_cast<uint32_t>(i);
      }
    }
  }
  Sort<&StaticSite::key>(orders[0]);
  Sort<&StaticSite::code>(orders[1]);
  Sort<&StaticSite::target>(orders[2]);
  by_key_ = orders[0];
  by_code_ = orders[1];
  by_target_ = orders[2];
  return Status::kOk;
}

void StaticSites::Delete(Allocator& allocator) {
  by_key_ = by_code_ = by_target_ = {};
  allocator.DeleteArray(memory_);
  memory_ = {};
}

Span<const uint32_t> StaticSites::Of(const StaticKey& key) const {
  const auto address = reinterpret_cast<uintptr_t>(&key);
  const size_t begin = FindFirst<&StaticSite::key>(by_key_, address);
  size_t end = begin;
  while (end < by_key_.size() && sites_[by_key_[end]].key() == address) {
    ++end;
  }
  return by_key_.Subspan(begin, end - begin);
}

bool StaticSites::HasCodeIn(uint64_t address, uint64_t size,
                            uint64_t insn_size) const {
  // The first that ends behind `address`.
  const uint64_t lowest = address < insn_size ? 0 : address - insn_size + 1;
  const size_t first = FindFirst<&StaticSite::code>(by_code_, lowest);
  return first < by_code_.size() &&
         sites_[by_code_[first]].code() < address + size;
}

bool StaticSites::HasTargetIn(uint64_t address, uint64_t size) const {
  const size_t first = FindFirst<&StaticSite::target>(by_target_, address);
  return first < by_target_.size() &&
         sites_[by_target_[first]].target() < address + size;
}

}  // namespace ebpf
