// SPDX-License-Identifier: MIT
#include "core/tracepoints/probe_definition.h"

#include <string>

#include "core/probes/kprobe_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

class ProbeDefinitionTest : public KprobeTest {
 protected:
  ProbeDefinitionTest() : text_("kernel_add", kAdd) {}

  /// "", or the error and where it points to, as error_log shows it.
  std::string ErrorOf(const std::string& line) {
    ProbeDefinition definition(allocator_);
    ProbeError error;
    const Status status = definition.Parse({line.data(), line.size()},
                                           *HostMachineOps().registers, error);
    if (IsOk(status)) {
      return "";
    }
    const StringView words = ProbeErrorText(error.kind);
    return std::string(words.data(), words.size()) + "@" +
           std::to_string(error.position);
  }
  /// The line as kprobe_events shows it.
  std::string Shown(const std::string& line) {
    ProbeDefinition definition(allocator_);
    ProbeError error;
    EXPECT_EQ(definition.Parse({line.data(), line.size()},
                               *HostMachineOps().registers, error),
              Status::kOk)
        << line << ": " << ProbeErrorText(error.kind).data();
    char buffer[1024];
    TextWriter writer(buffer, sizeof(buffer));
    definition.Put(writer);
    return std::string(buffer, writer.text().size());
  }

  HostText text_;
};

TEST_F(ProbeDefinitionTest, IsShownWithAllItsNames) {
  EXPECT_EQ(Shown("p:a kernel_add"), "p:kprobes/a kernel_add");
  EXPECT_EQ(Shown("p  kernel_add+4"), "p:kprobes/p_kernel_add_4 kernel_add+4");
  EXPECT_EQ(Shown("r16:g/a kernel_add $retval"),
            "r16:g/a kernel_add arg1=$retval");
  EXPECT_EQ(Shown("p:g.a kernel_add%return"), "r:g/a kernel_add");
  EXPECT_EQ(Shown("p:g-1/ kernel_add %di x=%si:u8"),
            "p:g-1/p_kernel_add_0 kernel_add arg1=%di x=%si:u8");
  EXPECT_EQ(Shown("p:a kernel_add $arg1 $arg7 $stack $stack2 $comm"),
            "p:kprobes/a kernel_add arg1=$arg1 arg2=$arg7 arg3=$stack "
            "arg4=$stack2 arg5=$comm");
  EXPECT_EQ(Shown("r:a kernel_add $arg1 x=+0($arg2):u8 $arg1"),
            "r:kprobes/a kernel_add arg1=$arg1 x=+0($arg2):u8 arg3=$arg1");
  EXPECT_EQ(Shown("p:a kernel_add $COMM"), "p:kprobes/a kernel_add arg1=$COMM");
}

// The words and the places are those that Linux 6.18 gave for the same
// arguments of uprobe_events; testing/linux_tracefs asks it each time.
TEST_F(ProbeDefinitionTest, SaysWhatIsWrongAndWhereAsLinuxDoes) {
  const struct {
    const char* line;
    const char* error;
  } kCases[] = {
      {"p", "@0"},
      {"x:a kernel_add", "@0"},
      {"p:a nothing", "Invalid probed address or symbol@4"},
      // A module's, and there are none.
      {"p:a module:kernel_add", "Invalid probed address or symbol@4"},
      {"p:a kernel_add%foo", "Invalid probed address suffix@14"},
      {"p:a kernel_add+z", "Invalid probed address or symbol@4"},
      {"p:a kernel_add+2", "Probe point is not an instruction boundary@4"},
      {"r:a kernel_add+4", "Retprobe address must be an function entry@4"},
      {"p5:a kernel_add", "Maxactive is not for kprobe@1"},
      {"r5x:a kernel_add", "Invalid maxactive number@1"},
      {"r0:a kernel_add", "Invalid maxactive number@1"},
      {"r4097:a kernel_add", "Maxactive is too big@1"},
      {"p:1a kernel_add",
       "Event name must follow the same rules as C identifiers@2"},
      {"p:/aa kernel_add", "Group name is not specified@2"},
      {"p: kernel_add", "Event name is not specified@2"},
      {"p:g*/aa kernel_add",
       "Group name must follow the same rules as C identifiers@2"},
      {"p:g/b/aa kernel_add",
       "Event name must follow the same rules as C identifiers@4"},
      {"p:a kernel_add +8(%rdi)", "Invalid register name@18"},
      {"p:a kernel_add +8(%di", "Dereference brace is not closed@21"},
      {"p:a kernel_add +8%di", "Dereference needs a brace@15"},
      {"p:a kernel_add +z(%di)", "Invalid dereference offset@15"},
      {"p:a kernel_add +0($comm)", "$comm can not be dereferenced@18"},
      {"p:a kernel_add $comm:u8",
       "$comm and immediate-string only accepts string type@21"},
      {"p:a kernel_add a=$foo", "Invalid $-variable specified@17"},
      {"p:a kernel_add $retval", "$retval is not available on probe@15"},
      {"p:a kernel_add $arg0", "Invalid argument number@15"},
      {"p:a kernel_add+4 $arg1",
       "$arg* can be used only on function entry or exit@17"},
      {"r:a kernel_add $arg0", "Invalid argument number@15"},
      {"r:a kernel_add $arg2049", "Invalid argument number@15"},
      {"p:a kernel_add foo", "BTF is not available or not supported@15"},
      {"p:a kernel_add %ax:foo", "Unknown type is specified@19"},
      {"p:a kernel_add %ax:string", "String accepts only memory argument@19"},
      {"p:a kernel_add %ax:u8[4]", "String accepts only memory argument@19"},
      {"p:a kernel_add +0(%ax):u8[", "Array is not closed@26"},
      {"p:a kernel_add +0(%ax):u8[4]x", "Array has wrong suffix@28"},
      {"p:a kernel_add +0(%ax):u8[0]", "Invalid array size@26"},
      {"p:a kernel_add +0(%ax):u8[65]", "Array number is too big@26"},
      {"p:a kernel_add %ax:b9@0/8", "Invalid bitfield@19"},
      {"p:a kernel_add %ax:b1@1/9", "Unknown type is specified@19"},
      {"p:a kernel_add =%ax", "Argument name is not specified@15"},
      {"p:a kernel_add a=", "No argument expression@17"},
      {"p:a kernel_add a=%ax a=%bx", "This argument name is already used@21"},
      {"p:a kernel_add arg2=%ax %bx", "This argument name is already used@24"},
      {"p:a kernel_add __probe_ip=%ax",
       "This argument name is already used@15"},
      {"p:a kernel_add 1a=%ax",
       "Argument name must follow the same rules as C identifiers@15"},
      {"p:a kernel_add a=\\x", "Invalid immediate value@18"},
      {"p:a kernel_add a=\\\"abc", "String is not closed with '\"'@22"},
      {"p:a kernel_add a=@1z", "Invalid memory address@17"},
      {"p:a kernel_add a=@+0x10",
       "File offset is not available with kprobe@17"},
  };
  for (const auto& one : kCases) {
    EXPECT_EQ(ErrorOf(one.line), one.error) << one.line;
  }
}

TEST_F(ProbeDefinitionTest, RefusesMoreArgumentsThanLinux) {
  std::string line = "p:a kernel_add";
  for (int i = 0; i < 128; ++i) {
    line += " \\1:u8";
  }
  EXPECT_EQ(ErrorOf(line), "");
  EXPECT_EQ(ErrorOf(line + " \\1"), "Too many arguments are specified@15");
}

// Linux has three times the room; its words and its caret were seen with more.
TEST_F(ProbeDefinitionTest, RefusesRecordsThatAreTooBig) {
  EXPECT_EQ(ErrorOf("p:a kernel_add a=+0(%di):u64[64] b=+0(%di):u64[62]"), "");
  EXPECT_EQ(ErrorOf("p:a kernel_add a=+0(%di):u64[64] b=+0(%di):u64[64]"),
            "Event too big (too many fields?)@38");
  EXPECT_EQ(ErrorOf("p:a kernel_add a=+0(%di):u64[64] b=+0(%di):u64[62] c=%ax"),
            "Event too big (too many fields?)@53");
}

TEST_F(ProbeDefinitionTest, EveryAllocationMayFail) {
  const std::string line = "p:a kernel_add %di +0(%si):string";
  ForEachFailingAllocation("definition", [&](FailingAllocator& allocator) {
    ProbeDefinition definition(allocator);
    ProbeError error;
    const Status status = definition.Parse({line.data(), line.size()},
                                           *HostMachineOps().registers, error);
    EXPECT_EQ(status, allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf
