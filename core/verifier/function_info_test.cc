// SPDX-License-Identifier: MIT
#include "core/verifier/function_info.h"

#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

class FunctionInfoTest : public TypedTest {
 protected:
  /// main calls a function at 2.
  Code TwoFunctions() { return {CallLocal(1), Exit(), MovImm(R0, 0), Exit()}; }
};

TEST_F(FunctionInfoTest, OneRecordForEachFunctionIsAccepted) {
  const uint32_t main = Main();
  const uint32_t other = Global("other", {});
  SetFunctions({{0, main}, {2, other}});
  Accepts(TwoFunctions());
}

TEST_F(FunctionInfoTest, RecordsBeginWithTheFirstInstruction) {
  const uint32_t main = Main();
  SetFunctions({{1, main}});
  Rejects({MovImm(R0, 0), Exit()}, Status::kInvalid,
          "nonzero insn_off 1 for the first func info record");
}

TEST_F(FunctionInfoTest, RecordsAreInOrder) {
  const uint32_t main = Main();
  const uint32_t other = Global("other", {});
  SetFunctions({{0, main}, {0, other}});
  Rejects(TwoFunctions(), Status::kInvalid,
          "same or smaller insn offset (0) than previous func info record (0)");
}

TEST_F(FunctionInfoTest, RecordsNameFunctions) {
  Main();
  SetFunctions({{0, int_}});
  Rejects({MovImm(R0, 0), Exit()}, Status::kInvalid,
          "invalid type id 1 in func info");
  SetFunctions({{0, 1000}});
  Rejects({MovImm(R0, 0), Exit()}, Status::kInvalid,
          "invalid type id 1000 in func info");
}

TEST_F(FunctionInfoTest, ThereAreAsManyRecordsAsFunctions) {
  const uint32_t main = Main();
  SetFunctions({{0, main}});
  Rejects(TwoFunctions(), Status::kInvalid,
          "number of funcs in func_info doesn't match number of subprogs");
}

TEST_F(FunctionInfoTest, RecordsStandWhereFunctionsBegin) {
  const uint32_t main = Main();
  const uint32_t other = Global("other", {});
  SetFunctions({{0, main}, {3, other}});
  Rejects(TwoFunctions(), Status::kInvalid,
          "func_info BTF section doesn't match subprog layout in BPF program");
}

TEST_F(FunctionInfoTest, FunctionsWithTailCallsReturnNumbers) {
  const auto program = [] {
    return Join({CallLocal(1), Exit(), LoadMap(R2, kPrograms), MovImm(R3, 0),
                 Call(kTailCall), MovImm(R0, 0), Exit()});
  };
  const uint32_t main = Main();
  const uint32_t other =
      types_.Function("other", types_.Prototype(types_.Pointer(int_), {}),
                      btf::Linkage::kStatic);
  SetFunctions({{0, main}, {2, other}});
  Rejects(program(), Status::kInvalid,
          "tail_call is only allowed in functions that return 'int'.");
}

TEST_F(FunctionInfoTest, LinesAreInOrderAndInTheProgram) {
  const uint32_t main = Main();
  const uint32_t text = types_.Text("r0 = 0;");
  SetFunctions({{0, main}});
  SetLines({{0, text, text, 1 << 10}, {1, text, text, 2 << 10}});
  Accepts({MovImm(R0, 0), Exit()});
  SetLines({{0, text, text, 1 << 10}, {0, text, text, 2 << 10}});
  Rejects({MovImm(R0, 0), Exit()}, Status::kInvalid,
          "Invalid line_info[1].insn_off:0 (prev_offset:0 prog->len:2)");
  SetLines({{0, text, text, 1 << 10}, {2, text, text, 2 << 10}});
  Rejects({MovImm(R0, 0), Exit()}, Status::kInvalid,
          "Invalid line_info[1].insn_off:2 (prev_offset:0 prog->len:2)");
}

TEST_F(FunctionInfoTest, LinesBeginInstructionsAndHaveTexts) {
  const uint32_t main = Main();
  const uint32_t text = types_.Text("r0 = 0;");
  SetFunctions({{0, main}});
  SetLines({{0, text, text, 0}, {1, text, text, 0}});
  Rejects(Join({LoadImm64(R0, 0), Exit()}), Status::kInvalid,
          "Invalid insn code at line_info[1].insn_off");
  SetLines({{0, text, 100000, 0}});
  Rejects({MovImm(R0, 0), Exit()}, Status::kInvalid,
          "Invalid line_info[0].line_off or .file_name_off");
}

TEST_F(FunctionInfoTest, EachFunctionBeginsWithALine) {
  const uint32_t main = Main();
  const uint32_t other = Global("other", {});
  const uint32_t text = types_.Text("r0 = 0;");
  SetFunctions({{0, main}, {2, other}});
  SetLines({{0, text, text, 0}, {3, text, text, 0}});
  Rejects(TwoFunctions(), Status::kInvalid, "missing bpf_line_info for func#1");
  SetLines({{0, text, text, 0}});
  Rejects(TwoFunctions(), Status::kInvalid,
          "missing bpf_line_info for 1 funcs starting from func#1");
}

}  // namespace
}  // namespace ebpf::verifier
