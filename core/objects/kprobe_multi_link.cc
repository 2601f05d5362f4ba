// SPDX-License-Identifier: MIT
//
// core/objects/kprobe_multi_link.h's implementation.
#include "core/objects/kprobe_multi_link.h"

#include "core/base/memory.h"
#include "core/machine/function_entry.h"
#include "core/probes/function_entry.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

/// `values`, if any, go with `keys`.
struct Pairs {
  Span<uint64_t> keys;
  Span<uint64_t> values;

  void Swap(size_t a, size_t b) const {
    ebpf::Swap(keys[a], keys[b]);
    if (!values.empty()) {
      ebpf::Swap(values[a], values[b]);
    }
  }
};

/// Lets the key at `root` sink to where it belongs in the heap of `count`.
void Sink(const Pairs& pairs, size_t root, size_t count) {
  while (2 * root + 1 < count) {
    size_t child = 2 * root + 1;
    if (child + 1 < count && pairs.keys[child] < pairs.keys[child + 1]) {
      ++child;
    }
    if (pairs.keys[root] >= pairs.keys[child]) {
      return;
    }
    pairs.Swap(root, child);
    root = child;
  }
}

/// By key. A heap's: no memory, no recursion, no order that is slow.
void Sort(const Pairs& pairs) {
  const size_t count = pairs.keys.size();
  for (size_t root = count / 2; root-- > 0;) {
    Sink(pairs, root, count);
  }
  for (size_t left = count; left > 1; --left) {
    pairs.Swap(0, left - 1);
    Sink(pairs, 0, left - 1);
  }
}

/// Leaves one of those that are the same; how many there are then.
size_t MakeDistinct(Span<uint64_t> sorted) {
  size_t count = 0;
  for (const uint64_t value : sorted) {
    if (count == 0 || sorted[count - 1] != value) {
      sorted[count++] = value;
    }
  }
  return count;
}

}  // namespace

KprobeMultiLink::KprobeMultiLink(Ref<Program> program, KprobesKind kind,
                                 Allocator& allocator)
    : Link(Move(program)),
      running_(*this->program()),
      kind_(kind),
      allocator_(allocator),
      hook_(kind == KprobesKind::kSession
                ? ReturnHook(static_cast<CallConsumer&>(*this))
                : ReturnHook(static_cast<ReturnConsumer&>(*this))) {}

Result<Ref<Link>> KprobeMultiLink::Create(Ref<Program> program,
                                          KprobesKind kind,
                                          Buffer<uint64_t>& functions,
                                          Buffer<uint64_t>& cookies,
                                          Allocator& allocator) {
  for (uint64_t& function : functions.span()) {
    const uint64_t given = function;
    function = FunctionEnteredAt(given);
    if (function == 0 ||
        (program->parts().overrides_return && !MayOverrideAt(function))) {
      return Status::kInvalid;
    }
  }
  KprobeMultiLink* link =
      EBPF_TRY(allocator.New<KprobeMultiLink>(Move(program), kind, allocator));
  const Ref<Link> ref = Ref<Link>::Adopt(link);
  link->functions_ = functions.Take();
  link->cookies_ = cookies.Take();
  if (!link->cookies_.empty()) {
    Sort({link->functions_, link->cookies_});
  }
  EBPF_TRY(link->Attach());
  return ref;
}

Status KprobeMultiLink::Attach() {
  Buffer<uint64_t> sorted(allocator_);
  EBPF_TRY(sorted.Allocate(functions_.size()));
  CopyBytes(sorted.span().data(), functions_.data(),
            functions_.size() * sizeof(uint64_t));
  Sort({sorted.span(), {}});
  if (kind_ != KprobesKind::kEntries) {
    EBPF_TRY(ReturnHook::Prepare());
  }
  SetMayDivert(running_.parts().overrides_return);
  hook_.SetMayDivert(running_.parts().overrides_return);
  EBPF_TRY(MakeProbes(sorted.span().First(MakeDistinct(sorted.span()))));
  return EnableKprobes(probes_);
}

Status KprobeMultiLink::MakeProbes(Span<const uint64_t> distinct) {
  // Never destroyed as an array: each is emptied in Destroy.
  void* memory = allocator_.Allocate(distinct.size() * sizeof(Ref<Kprobe>),
                                     alignof(Ref<Kprobe>));
  if (memory == nullptr) {
    return Status::kNoMemory;
  }
  probes_ =
      Span<Ref<Kprobe>>(static_cast<Ref<Kprobe>*>(memory), distinct.size());
  for (Ref<Kprobe>& probe : probes_) {
    ConstructAt<Ref<Kprobe>>(&probe);
  }
  return AttachKprobes(distinct, consumer(), probes_);
}

KprobeConsumer& KprobeMultiLink::consumer() {
  if (kind_ == KprobesKind::kEntries) {
    return *this;
  }
  return hook_;
}

uint32_t KprobeMultiLink::flags() const {
  return kind_ == KprobesKind::kReturns || kind_ == KprobesKind::kSessionReturns
             ? linux_abi::kKprobesReturn
             : 0;
}

uint64_t KprobeMultiLink::missed() const {
  uint64_t missed = hook_.missed();
  for (const Ref<Kprobe>& probe : probes_) {
    missed += probe ? probe->missed() : 0;
  }
  return missed;
}

uint64_t KprobeMultiLink::CookieOf(uint64_t function) const {
  if (cookies_.empty()) {
    return 0;
  }
  size_t begin = 0;  // the last one that is not behind `function`
  size_t end = functions_.size();
  while (end - begin > 1) {
    const size_t middle = begin + (end - begin) / 2;
    (functions_[middle] <= function ? begin : end) = middle;
  }
  return cookies_[begin];
}

void KprobeMultiLink::Hit(machine::PtRegs& regs) {
  const uint64_t function = machine::PcOf(regs);
  // What it returns says nothing here.
  (void)running_.RunUnlessNested(&regs, {CookieOf(function), function});
}

bool KprobeMultiLink::Entered(machine::PtRegs& regs, uint64_t& data) {
  const uint64_t function = machine::PcOf(regs);
  RunOrigin origin = {CookieOf(function), function};
  data = 0;
  origin.session = &data;
  return running_.RunUnlessNested(&regs, origin, 1) == 0;
}

void KprobeMultiLink::Returned(machine::PtRegs& regs,
                               const ReturnedCall& call) {
  RunOrigin origin = {CookieOf(call.function), call.function};
  uint64_t data = call.data;
  origin.session = &data;
  origin.is_return = true;
  (void)running_.RunUnlessNested(&regs, origin);
}

void KprobeMultiLink::Destroy() {
  LeaveTable();
  DetachKprobes(probes_);
  hook_.Cancel();
  if (!probes_.empty()) {
    for (Ref<Kprobe>& probe : probes_) {
      probe = Ref<Kprobe>();
    }
    allocator_.Free(probes_.data(), probes_.size() * sizeof(Ref<Kprobe>),
                    alignof(Ref<Kprobe>));
  }
  allocator_.DeleteArray(functions_);
  allocator_.DeleteArray(cookies_);
  allocator_.Delete(this);
}

}  // namespace ebpf
