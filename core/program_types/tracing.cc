// SPDX-License-Identifier: MIT
//
// BPF_PROG_TYPE_TRACING, LSM, STRUCT_OPS, EXT: the context is the arguments of
// a function whose types BTF knows, one 8-byte word each; the verifier asks the
// BTF what they are.
#include "core/program_types/context_table.h"
#include "core/program_types/rows.h"

namespace ebpf {
namespace {

constexpr uint32_t kArguments = 12 * 8;

ContextAnswer Argument(const ContextQuery& query) {
  ContextAnswer answer = AccessWords(query, 0, kArguments);
  if (query.write || answer.value == ContextValue::kRefused) {
    return {};
  }
  answer.value = ContextValue::kTypedArgument;
  return answer;
}

}  // namespace

ContextAnswer TracingAccess(const ContextQuery& query) {
  return Argument(query);
}
ContextAnswer LsmAccess(const ContextQuery& query) { return Argument(query); }
ContextAnswer StructOpsAccess(const ContextQuery& query) {
  return Argument(query);
}

/// Its context is that of the program that it extends: whoever knows that
/// program asks its type.
ContextAnswer ExtAccess(const ContextQuery& /*query*/) { return {}; }

}  // namespace ebpf
