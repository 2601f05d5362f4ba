// SPDX-License-Identifier: MIT
//
// Proves that a program is safe to run, or says why not.
// core/verifier/README.md tells what is proven and what is refused.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/btf/btf.h"
#include "core/helpers/kfuncs.h"
#include "core/isa/insn.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"
#include "core/program/insn_facts.h"
#include "core/program_types/program_type.h"
#include "core/verifier/log.h"

namespace ebpf::verifier {

class StateObserver;
struct Findings;

/// Linux's BPF_COMPLEXITY_LIMIT_INSNS: instructions walked over all paths.
inline constexpr uint32_t kMaxInsnsProcessed = 1'000'000;
/// BPF_MAXINSNS for what bpf(2) takes from the privileged.
inline constexpr uint32_t kMaxProgramInsns = 1'000'000;

/// What is taken for granted of the kernel.
enum class Profile : uint8_t {
  kPort,   // what is implemented here
  kLinux,  // all that Linux 6.12 has: for `ebpf verify`, never to run
};

using linux_abi::FunctionInfo;
using linux_abi::LineInfo;

/// What the program is attached to, by BTF; type_id 0: nothing.
struct AttachTarget {
  const btf::Btf* btf = nullptr;
  uint32_t type_id = 0;
};

struct Options {
  const ProgramType* type = nullptr;
  /// bpf_attach_type.
  uint32_t attach_type = 0;
  Profile profile = Profile::kPort;
  /// Size of the context (pt_regs) on this CPU, in bytes.
  uint32_t context_size = 0;
  /// The license lets it call GPL-only helpers.
  bool gpl_compatible = false;
  /// Bytes of stack that were never written may be read, as Linux allows to
  /// CAP_PERFMON since 6.3. What they hold was left there by another program.
  bool allow_uninitialized_stack = false;
  /// CAP_PERFMON: addresses may become numbers.
  bool allow_pointer_leaks = true;
  /// CAP_BPF: functions, loops, and all that the unprivileged do not get.
  bool privileged = true;
  /// BPF_F_SLEEPABLE.
  bool sleepable = false;
  /// BPF_F_STRICT_ALIGNMENT: every access is aligned, not only those to the
  /// stack and atomic ones.
  bool strict_alignment = false;
  /// BPF_F_TEST_STATE_FREQ: states are kept wherever they can be.
  bool frequent_states = false;

  /// The program's own types, what its functions are, and its source lines;
  /// null and empty where the client gave none. Checked by nobody yet.
  const btf::Btf* btf = nullptr;
  Span<const FunctionInfo> functions;
  Span<const LineInfo> lines;
  /// The kernel's types, or null.
  const btf::Btf* kernel_btf = nullptr;
  /// The kernel's functions for programs.
  const KfuncTable* kfuncs = &kLinuxKfuncs;
  AttachTarget attach_target;

  /// For tests (state_observer.h).
  StateObserver* observer = nullptr;
};

struct Stats {
  uint32_t insns_processed = 0;
  uint32_t total_states = 0;
  uint32_t peak_states = 0;
  uint32_t max_states_per_insn = 0;
  /// How many bytes it accesses of the buffer that it is given (kTraceBuffer,
  /// kBuffer): whoever attaches the program compares with what is there.
  uint32_t buffer_bytes = 0;
  /// The same of one that it may only read: the key of an iterator's element.
  uint32_t read_only_buffer_bytes = 0;
  /// How many bytes of its context it accesses, from the beginning.
  uint32_t context_bytes = 0;
  /// Stack bytes of the deepest chain of calls.
  uint32_t stack_depth = 0;
  /// It calls bpf_override_return: whoever attaches it asks the kernel whether
  /// the function may be overridden.
  bool overrides_return = false;
};

/// Verifies `insns`, in which LD_IMM64 of a map (kPseudoMapFd,
/// kPseudoMapValue) names it by its index in `maps`. Does not change them;
/// writes one InsnFacts for each to `facts` (same size as `insns`, zeroed), and
/// to `findings` what fixup.h needs besides.
///
/// kOk, or kInvalid / kAccess / kTooBig / kNoMemory / kNotPermitted as Linux
/// would, with the reason in `log`. Never panics, whatever the bytes; bounded
/// by kMaxInsnsProcessed. Memory comes from `allocator` and is given back.
/// Context: task.
Status Verify(isa::ConstInsns insns, Span<Map* const> maps,
              const Options& options, Allocator& allocator, Log& log,
              Span<InsnFacts> facts, Stats& stats,
              Findings* findings = nullptr);

}  // namespace ebpf::verifier
