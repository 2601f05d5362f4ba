// SPDX-License-Identifier: MIT
//
// Which branches a key has, and writing them.
//
// What a branch is now is read from the text, and only what is not as wanted is
// written: so a change that was given up in the middle, and could not be taken
// back, is mended by the next one.
#include "core/tracepoints/static_key.h"

#include "core/base/thread_annotations.h"
#include "core/machine/static_jump.h"
#include "core/probes/reserved_text.h"
#include "core/probes/text_patch.h"
#include "core/sync/mutex.h"
#include "core/tracepoints/static_sites.h"

// The linker's.
extern "C" {
[[gnu::visibility(
    "hidden")]] extern const ebpf::StaticSite __start_ebpf_static_sites[];
[[gnu::visibility(
    "hidden")]] extern const ebpf::StaticSite __stop_ebpf_static_sites[];
}

namespace ebpf {
namespace {

// With no branch in the kernel there is the section, still.
[[gnu::used, gnu::retain,
  gnu::section("ebpf_static_sites")]] const StaticSite no_site = {0, 0, 0};

constinit Mutex mutex;
/// Null: not between InitStaticKeys and ExitStaticKeys.
constinit Allocator* memory EBPF_GUARDED_BY(mutex) = nullptr;
constinit const machine::MachineOps* machine_ops EBPF_GUARDED_BY(mutex) =
    nullptr;
/// Written under the mutex; then read by core/probes, too.
constinit StaticSites sites;
constinit size_t insn_size = 0;

bool OverlapsSites(uint64_t address, uint64_t size) {
  return sites.HasCodeIn(address, size, insn_size);
}

bool IsEnteredFromSites(uint64_t address, uint64_t size) {
  return sites.HasTargetIn(address, size);
}

constexpr ReservedText kReservedText = {OverlapsSites, IsEnteredFromSites};

/// Changes of one rendezvous.
class SitePatches : public NonCopyable {
 public:
  explicit SitePatches(const machine::MachineOps& ops) : ops_(ops) {}

  /// One more, if the text is not so already. Room is for kMaxTextPatches.
  /// kOutOfRange.
  Status Add(const StaticSite& site, bool taken) {
    uint8_t* const jump = jumps_[count_];
    if (!ops_.make_static_jump(site.code(), site.target(), jump)) {
      return Status::kOutOfRange;
    }
    const uint8_t* const no_op = ops_.static_no_op.data();
    TextPatch& patch = patches_[count_];
    patch.address = site.code();
    patch.expected = taken ? no_op : jump;
    patch.bytes = taken ? jump : no_op;
    patch.size = static_cast<uint8_t>(ops_.static_no_op.size());
    count_ += !TextHolds(patch);
    return Status::kOk;
  }
  bool is_full() const { return count_ == kMaxTextPatches; }

  /// All that were added, or none; there is none then.
  Status Apply() {
    const size_t count = Exchange(count_, size_t{0});
    return count == 0
               ? Status::kOk
               : ApplyTextPatches(Span<const TextPatch>(patches_).First(count));
  }

 private:
  const machine::MachineOps& ops_;
  size_t count_ = 0;
  TextPatch patches_[kMaxTextPatches];
  uint8_t jumps_[kMaxTextPatches][machine::kMaxStaticSiteSize];
};

/// Makes the branches taken or not. Where that fails, the first `*written` may
/// have become so.
Status WriteSome(Span<const uint32_t> indices, bool taken, size_t* written)
    EBPF_REQUIRES(mutex) {
  SitePatches patches(*machine_ops);
  *written = 0;
  for (size_t i = 0; i < indices.size(); ++i) {
    EBPF_TRY(patches.Add(sites.At(indices[i]), taken));
    if (patches.is_full()) {
      EBPF_TRY(patches.Apply());
      *written = i + 1;
    }
  }
  return patches.Apply();
}

/// All of them, or none. None at all ask nothing of the CPU, or of the text.
Status Write(Span<const uint32_t> indices, bool taken) EBPF_REQUIRES(mutex) {
  if (indices.empty()) {
    return Status::kOk;
  }
  size_t written;
  const Status status = WriteSome(indices, taken, &written);
  if (!IsOk(status)) {
    // Where that fails, too, the next change sees it in the text.
    size_t undone;
    (void)WriteSome(indices.First(written), !taken, &undone);
  }
  return status;
}

}  // namespace

Status StaticKey::Enable() {
  const MutexGuard guard(mutex);
  if (memory == nullptr) {
    return Status::kNotSupported;
  }
  const Span<const uint32_t> branches = sites.Of(*this);
  if (machine_ops->make_static_jump == nullptr && !branches.empty()) {
    return Status::kNotSupported;
  }
  const uint32_t users = users_.Load(kRelaxed);
  if (users == 0) {
    EBPF_TRY(Write(branches, true));
  }
  users_.Store(users + 1, kRelaxed);
  return Status::kOk;
}

void StaticKey::Disable() {
  const MutexGuard guard(mutex);
  const uint32_t users = users_.Load(kRelaxed) - 1;
  users_.Store(users, kRelaxed);
  if (users == 0 && memory != nullptr) {
    (void)Write(sites.Of(*this), false);
  }
}

Status InitStaticKeys(const machine::MachineOps& ops, Allocator& allocator) {
  const MutexGuard guard(mutex);
  const auto count =
      static_cast<size_t>(__stop_ebpf_static_sites - __start_ebpf_static_sites);
  EBPF_TRY(sites.Create(__start_ebpf_static_sites, count, allocator));
  insn_size = ops.static_no_op.size();
  machine_ops = &ops;
  memory = &allocator;
  SetReservedText(&kReservedText);
  return Status::kOk;
}

void ExitStaticKeys() {
  const MutexGuard guard(mutex);
  if (machine_ops->make_static_jump != nullptr) {
    size_t written;
    (void)WriteSome(sites.All(), false, &written);
  }
  SetReservedText(nullptr);
  sites.Delete(*memory);
  memory = nullptr;
}

size_t CountStaticSites() {
  const MutexGuard guard(mutex);
  return sites.All().size();
}

size_t CountStaticSites(const StaticKey& key) {
  const MutexGuard guard(mutex);
  return sites.Of(key).size();
}

}  // namespace ebpf
