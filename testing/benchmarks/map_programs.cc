// SPDX-License-Identifier: MIT
//
// testing/benchmarks/map_programs.h's implementation.
#include "testing/benchmarks/map_programs.h"

#include <cstddef>
#include <initializer_list>

#include "core/helpers/prototype.h"
#include "testing/caller/insns.h"

namespace ebpf::benchmarks {
namespace {

constexpr int16_t kKeyAt = -64;  // on the stack, 40 bytes
constexpr int16_t kValueAt = -16;

/// Appends instructions by their opcodes' bits. [RFC 9669]
class Writer {
 public:
  void Put(uint8_t opcode, uint8_t dst, uint8_t src, int16_t offset,
           int32_t imm) {
    code.push_back(Insn(opcode, dst, src, offset, imm));
  }
  void MovImm(uint8_t dst, int32_t value) { Put(0xb7, dst, 0, 0, value); }
  void MovReg(uint8_t dst, uint8_t src) { Put(0xbf, dst, src, 0, 0); }
  void AddImm(uint8_t dst, int32_t value) { Put(0x07, dst, 0, 0, value); }
  void Map(uint8_t dst, int fd) {
    Put(0x18, dst, isa::kPseudoMapFd, 0, fd);
    Put(0, 0, 0, 0, 0);
  }
  void Stack(uint8_t dst, int16_t at) {
    MovReg(dst, 10);
    AddImm(dst, at);
  }
  void Call(int32_t helper) { Put(0x85, 0, 0, 0, helper); }

  std::vector<isa::Insn> code;
};

/// r7: the next key, and on the stack.
void MakeKey(Writer& writer, const MapCase& map_case, uint32_t entries) {
  if (map_case.new_keys) {
    writer.AddImm(7, 1);
    writer.MovReg(1, 7);
  } else {
    // A linear congruence whose upper bits are as good as any.
    writer.Put(0x27, 7, 0, 0, 0x5851f42d);
    writer.AddImm(7, 0x14057b7f);
    writer.MovReg(1, 7);
    writer.Put(0x77, 1, 0, 0, 24);
    writer.Put(0x57, 1, 0, 0, static_cast<int32_t>(entries - 1));
    if (map_case.absent_keys) {
      writer.Put(0x47, 1, 0, 0, static_cast<int32_t>(entries));
    }
  }
  // As wide as who hashes long keys may read: a word that is put together from
  // narrower stores has to wait for all that went before.
  const uint8_t store = map_case.key_size < 8 ? 0x63 : 0x7b;
  writer.Put(store, 10, 1, kKeyAt, 0);  // *(r10 + kKeyAt) = r1
}

void CallUpdate(Writer& writer, int fd) {
  writer.Map(1, fd);
  writer.Stack(2, kKeyAt);
  writer.Stack(3, kValueAt);
  writer.MovImm(4, 0);
  writer.Call(helper_id::map_update_elem);
}

void Operate(Writer& writer, MapOperation operation, int fd) {
  switch (operation) {
    case MapOperation::kNothing:
      break;
    case MapOperation::kLookup:
      writer.Map(1, fd);
      writer.Stack(2, kKeyAt);
      writer.Call(helper_id::map_lookup_elem);
      writer.Put(0x15, 0, 0, 2, 0);  // if r0 == 0 goto +2
      writer.Put(0x79, 1, 0, 0, 0);  // r1 = *(u64*)(r0 + 0)
      writer.Put(0x0f, 9, 1, 0, 0);  // r9 += r1
      break;
    case MapOperation::kUpdate:
      CallUpdate(writer, fd);
      writer.Put(0x0f, 9, 0, 0, 0);
      break;
    case MapOperation::kInsertAndDelete:
      CallUpdate(writer, fd);
      writer.Put(0x0f, 9, 0, 0, 0);
      writer.Map(1, fd);
      writer.Stack(2, kKeyAt);
      writer.Call(helper_id::map_delete_elem);
      writer.Put(0x0f, 9, 0, 0, 0);
      break;
  }
}

}  // namespace

std::vector<isa::Insn> MapProgram(const MapCase& map_case, uint32_t entries,
                                  int fd, int state) {
  Writer writer;
  writer.Put(0x18, 6, isa::kPseudoMapValue, 0, state);
  writer.Put(0, 0, 0, 0, 0);
  writer.Put(0x79, 7, 6, offsetof(MapProgramState, key), 0);
  writer.MovImm(9, 0);
  for (int16_t at = kKeyAt; at < kKeyAt + 40; at += 8) {
    writer.Put(0x7a, 10, 0, at, 0);  // *(u64*)(r10 + at) = 0
  }
  writer.Put(0x7a, 10, 0, kValueAt, 1);
  writer.MovImm(8, 0);
  const size_t begin = writer.code.size();
  MakeKey(writer, map_case, entries);
  Operate(writer, map_case.operation, fd);
  writer.AddImm(8, 1);
  const auto back = static_cast<int16_t>(
      static_cast<int>(begin) - static_cast<int>(writer.code.size()) - 1);
  writer.Put(0xa5, 8, 0, back,
             kRoundsOfRun);  // if r8 < kRoundsOfRun goto begin
  writer.Put(0x7b, 6, 7, offsetof(MapProgramState, key), 0);
  writer.Put(0x7b, 6, 9, offsetof(MapProgramState, sum), 0);
  writer.MovImm(0, 0);
  writer.Put(0x95, 0, 0, 0, 0);
  return writer.code;
}

}  // namespace ebpf::benchmarks
