// SPDX-License-Identifier: MIT
//
// Calls of helpers in programs that the host's kernel can judge: with arguments
// that fit, and with one that does not.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/helpers/prototype.h"
#include "testing/oracle/host_load.h"

namespace ebpf::oracle {

constexpr uint32_t kHelpers = 211;  // of Linux 6.12

/// A program that the host can load, and what it is for.
struct Target {
  std::string name;
  HostLoad load;
};

/// Every type and attach type that this host loads. Prints those that it does
/// not.
std::vector<Target> Targets();

/// What an argument is given instead of what fits.
enum class Change { kNothing, kNull, kZeroSize, kReadOnly, kPacket, kOne };

/// Maps of all kinds in the host's kernel, and programs with them.
class Caller {
 public:
  Caller();
  ~Caller();
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  /// The map of this kind (Linux's number), or -1.
  int map(uint32_t kind) const { return maps_.at(kind); }
  /// A frozen array of 64 bytes that programs do not write.
  int read_only() const { return read_only_; }
  /// The same, written.
  int read_write() const { return read_write_; }

  /// A program of `target`'s type that calls `helper` with what fits, except
  /// for argument `changed` (from 0; none: -1), up to the call. With kPacket,
  /// r7 is a packet of 64 bytes. False: this class cannot make such an
  /// argument.
  bool Build(const Target& target, const HelperPrototype& helper, int changed,
             Change change, std::vector<isa::Insn>& code) const;

 private:
  /// Puts what arguments need into r7 or onto the stack.
  bool Prepare(const Target& target, const HelperPrototype& helper, bool packet,
               std::vector<isa::Insn>& code) const;
  bool MapArgument(const HelperPrototype& helper, uint8_t reg,
                   std::vector<isa::Insn>& code) const;
  void Memory(Change change, uint8_t reg, int16_t at,
              std::vector<isa::Insn>& code) const;
  bool Argument(const HelperPrototype& helper, int index, Change change,
                std::vector<isa::Insn>& code, Change before) const;

  std::map<uint32_t, int> maps_;
  int read_only_ = -1;
  int read_write_ = -1;
};

/// The attributes with which Caller makes a map of this kind.
struct HostMapSpec {
  uint32_t key_size;
  uint32_t value_size;
  uint32_t max_entries;
  uint32_t flags;
};
HostMapSpec SpecOf(uint32_t kind);

struct Call {
  Target target;
  const HelperPrototype* helper;
};

/// Each helper once for each of its prototypes, in a program that can call it.
/// Prints what is left out.
std::vector<Call> Calls();

bool Has(const HostLoadResult& host, const char* text);

/// Refused for a reason that is not an argument's.
bool RefusedElsewhere(const HostLoadResult& host);

/// References that the call begins are let go by ending the program badly: the
/// host's complaint about that is as good as acceptance.
bool Accepted(const HostLoadResult& host);

}  // namespace ebpf::oracle
