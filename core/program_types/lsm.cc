// SPDX-License-Identifier: MIT
//
// Rules of lsm programs by hook.
#include "core/program_types/lsm.h"

namespace ebpf {
namespace {

constexpr int32_t kMostErrno = 4095;  // Linux's MAX_ERRNO

/// Hooks whose int is no error but yes or no.
constexpr StringView kYesOrNo[] = {"audit_rule_known", "inode_xattr_skipcap"};

}  // namespace

ReturnRange LsmReturns(StringView hook, bool returns_int,
                       uint32_t attach_type) {
  if (attach_type == static_cast<uint32_t>(AttachType::kLsmCgroup)) {
    // 1 lets it go on; where nothing can be refused, nothing else is allowed.
    return {true, returns_int ? 0 : 1, 1};
  }
  if (!returns_int) {
    return {};
  }
  for (StringView name : kYesOrNo) {
    if (hook == name) {
      return {true, 0, 1};
    }
  }
  return {true, -kMostErrno, 0};
}

}  // namespace ebpf
