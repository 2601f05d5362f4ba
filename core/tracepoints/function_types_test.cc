// SPDX-License-Identifier: MIT
//
// Arguments that BTF knows. Words, carets and errno are those of Linux's
// kprobe_events (its tools/testing/selftests/ftrace, "kprobe_syntax_errors").
#include "core/tracepoints/function_types.h"

#include <optional>
#include <string>
#include <vector>

#include "core/btf/test_builder.h"
#include "core/helpers/kernel_btf.h"
#include "core/tracepoints/print_format.h"
#include "core/tracepoints/probe_definition.h"
#include "core/tracepoints/probe_event_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

using btf::Kind;

struct Inner {
  int32_t number;
  char name[8];
};
struct Thing {
  uint64_t first;
  Inner inner;
  uint32_t : 32;
  Thing* next;
  const char* text;
  int32_t unnamed;  // in an anonymous union
  uint32_t low : 3;
  uint32_t high : 7;
};

/// unsigned char kernel_add(Thing* thing, const Short count, ...);
/// void kernel_nothing(void); of struct Thing and Inner.
class Types {
 public:
  Types() {
    const uint32_t int_type = Integer("int", 4, 1, 32);
    const uint32_t unsigned_type = Integer("unsigned int", 4, 0, 32);
    const uint32_t long_type = Integer("long", 8, 0, 64);
    const uint32_t short_type = Integer("short", 2, 1, 16);
    const uint32_t char_type = Integer("char", 1, 1, 8);
    const uint32_t byte_type = Integer("unsigned char", 1, 0, 8);
    const uint32_t array = builder_.Add(
        Kind::kArray, 0, 0, {char_type, int_type, sizeof(Inner::name)});
    const uint32_t inner = builder_.AddStruct(
        "Inner", sizeof(Inner),
        {{"number", int_type, 0}, {"name", array, offsetof(Inner, name)}});
    const uint32_t text = builder_.Add(
        Kind::kPointer, 0, builder_.Add(Kind::kConst, 0, char_type));
    const uint32_t unnamed = builder_.Add(
        Kind::kUnion, 0, 4, {builder_.Name("unnamed"), int_type, 0}, 1);
    const uint32_t pointer_id = unnamed + 1;
    const uint32_t thing_id = unnamed + 2;
    EXPECT_EQ(builder_.Add(Kind::kPointer, 0, thing_id), pointer_id);
    std::vector<uint32_t> members;
    const auto member = [&](const char* name, uint32_t type, size_t bit,
                            uint32_t bit_size = 0) {
      members.insert(members.end(),
                     {*name == 0 ? 0 : builder_.Name(name), type,
                      static_cast<uint32_t>(bit) | bit_size << 24});
    };
    member("first", long_type, 0);
    member("inner", inner, 8 * offsetof(Thing, inner));
    member("next", pointer_id, 8 * offsetof(Thing, next));
    member("text", text, 8 * offsetof(Thing, text));
    member("", unnamed, 8 * offsetof(Thing, unnamed));
    const size_t bits = 8 * (offsetof(Thing, unnamed) + 4);
    member("low", unsigned_type, bits, 3);
    member("high", unsigned_type, bits + 3, 7);
    EXPECT_EQ(builder_.AddFlagged(Kind::kStruct, builder_.Name("Thing"),
                                  sizeof(Thing), members, 7),
              thing_id);
    const uint32_t alias =
        builder_.Add(Kind::kTypedef, builder_.Name("Short"), short_type);
    const uint32_t count = builder_.Add(Kind::kConst, 0, alias);
    AddFunction("kernel_add", byte_type,
                {builder_.Name("thing"), pointer_id, builder_.Name("count"),
                 count, 0, 0});
    AddFunction("kernel_nothing", 0, {});
    AddFunction("kernel_long", int_type,
                {builder_.Name(std::string(100, 'a')), long_type,
                 builder_.Name(std::string(40, 'b')), long_type});
    blob_ = builder_.Blob();
    const ConstBytes bytes(blob_.data(), blob_.size());
    const Result<uint32_t> types = btf::Btf::CountTypes(bytes);
    EXPECT_TRUE(types.ok());
    index_.resize(*types);
    btf_.emplace(*btf::Btf::Open(bytes, {index_.data(), index_.size()}));
    SetKernelBtf(&*btf_);
  }
  ~Types() { SetKernelBtf(nullptr); }

 private:
  uint32_t Integer(const char* name, uint32_t size, uint32_t encoding,
                   uint32_t bits) {
    return builder_.Add(Kind::kInt, builder_.Name(name), size,
                        {encoding << 24 | bits});
  }
  void AddFunction(const char* name, uint32_t returns,
                   const std::vector<uint32_t>& parameters) {
    const uint32_t prototype =
        builder_.Add(Kind::kFunctionProto, 0, returns, parameters,
                     static_cast<uint32_t>(parameters.size() / 2));
    builder_.Add(Kind::kFunction, builder_.Name(name), prototype);
  }

  btf::Builder builder_;
  std::vector<uint8_t> blob_;
  std::vector<uint32_t> index_;
  std::optional<btf::Btf> btf_;
};

/// Keeps the text of the last record.
class Printed final : public RecordConsumer {
 public:
  explicit Printed(const TraceEvent& event) : event_(event) {}
  void* Reserve(size_t size, const EventPlace&) override {
    memory_.assign((size + 7) / 8, ~uint64_t{0});
    return memory_.data();
  }
  void Commit(void* record, size_t size, const EventPlace&) override {
    char buffer[1024];
    TextWriter writer(buffer, sizeof(buffer));
    PrintRecord(writer, event_,
                ConstBytes(static_cast<const uint8_t*>(record), size));
    text.assign(buffer, writer.text().size());
    text = text.substr(text.find(") ") + 2);
  }
  std::string text;

 private:
  const TraceEvent& event_;
  std::vector<uint64_t> memory_;
};

class FunctionTypesTest : public NamedProbeTest {
 protected:
  FunctionTypesTest()
      : nothing_("kernel_nothing", kAdd), long_("kernel_long", kAdd) {}

  /// "", or errno and words and where.
  std::string ErrorOf(const std::string& line) {
    ProbeDefinition definition(allocator_);
    ProbeError error;
    const Status status = definition.Parse({line.data(), line.size()},
                                           *HostMachineOps().registers, error);
    if (IsOk(status)) {
      return "";
    }
    const StringView words = ProbeErrorText(error.kind);
    return std::to_string(static_cast<int>(status)) + " " +
           std::string(words.data(), words.size()) + "@" +
           std::to_string(error.position);
  }
  /// Its line, without the names; and what its record says of a hit.
  void Check(const std::string& head, const std::string& arguments,
             const std::string& shown, const std::string& text,
             uint64_t second = 3) {
    ASSERT_EQ(Write(head + ":a kernel_add " + arguments), Status::kOk)
        << arguments << "\n"
        << ErrorLog();
    EXPECT_EQ(Shown(), head + ":kprobes/a kernel_add " + shown + "\n");
    {
      TraceEventRef event = TraceEvents::Find("kprobes", "a");
      Printed printed(*event);
      ASSERT_EQ(event->AddConsumer(printed), Status::kOk);
      text_.As<Function>()(reinterpret_cast<uint64_t>(&thing_), second);
      event->RemoveConsumer(printed);
      EXPECT_EQ(printed.text, text) << arguments;
    }
    ASSERT_EQ(ProbeEvents::Clear(), Status::kOk);
  }
  static std::string Hex(const void* address) {
    char text[24];
    snprintf(text, sizeof(text), "0x%lx", reinterpret_cast<uintptr_t>(address));
    return text;
  }

  Types types_;
  HostText nothing_;
  HostText long_;
  Thing other_ = {7, {8, "other"}, nullptr, "its text", -9, 1, 2};
  Thing thing_ = {1, {-2, "thing"}, &other_, "a text", -4, 5, 99};
};

TEST_F(FunctionTypesTest, NamesStandForArgumentsWithTheirTypes) {
  const std::string thing = Hex(&thing_);
  Check("p", "thing count", "thing=thing count=count",
        "thing=" + thing + " count=-3", 0xfffffffffffdu);
  Check("p", "$arg*", "thing=thing count=count", "thing=" + thing + " count=3");
  Check("p", "a=$arg2:u8 $arg2 $arg1:u64",
        "a=$arg2:u8 count=count "
        "thing=thing:u64",
        "a=3 count=3 thing=" +
            std::to_string(reinterpret_cast<uintptr_t>(&thing_)));
  Check("p", "count:x8 x=count", "count=count:x8 x=count", "count=0x3 x=3");
  Check("p", "%di", "arg1=%di", "arg1=" + thing);
  Check("r", "$arg*", "thing=thing count=count", "thing=" + thing + " count=3");
  Check("r", "count $retval:x64", "count=count arg2=$retval:x64",
        "count=3 arg2=" + Hex(reinterpret_cast<char*>(&thing_) + 3));
  Check("r", "$retval", "arg1=$retval",
        "arg1=" + std::to_string(static_cast<uint8_t>(
                      reinterpret_cast<uintptr_t>(&thing_) + 3)));
}

TEST_F(FunctionTypesTest, MembersAreFollowed) {
  const struct {
    const char* argument;
    const char* text;
  } kCases[] = {
      {"x=thing->first", "x=1"},
      {"x=thing->inner.number", "x=-2"},
      {"x=thing->next->first", "x=7"},
      {"x=thing->next->inner.number", "x=8"},
      {"x=thing->inner.name:string", "x=\"thing\""},
      {"x=thing->next->inner.name:string", "x=\"other\""},
      {"x=thing->text:string", "x=\"a text\""},
      {"x=thing->next->text:string", "x=\"its text\""},
      {"x=thing->unnamed", "x=-4"},
      {"x=thing->next->unnamed", "x=-9"},
      {"x=thing->low", "x=5"},
      {"x=thing->high", "x=99"},
      {"x=thing->next->high", "x=2"},
      {"x=thing->inner.number:u8", "x=254"},
      {"x=+0(thing->next):u64", "x=7"},
      {"x=+1(thing->text):char", "x=' '"},
  };
  for (const auto& one : kCases) {
    Check("p", one.argument, one.argument, one.text);
    Check("r", one.argument, one.argument, one.text);
  }
  Check("p", "thing->next", "arg1=thing->next", "arg1=" + Hex(&other_));
}

TEST_F(FunctionTypesTest, SaysWhatIsWrongAndWhereAsLinuxDoes) {
  const struct {
    const char* line;
    const char* error;
  } kCases[] = {
      {"p:a kernel_add hoge",
       "2 This variable is not found at this probe point@15"},
      {"p:a kernel_add x=hoge",
       "2 This variable is not found at this probe point@17"},
      {"p:a kernel_add $arg3",
       "2 This variable is not found at this probe point@15"},
      {"p:a kernel_add %di $arg3",
       "2 This variable is not found at this probe point@19"},
      {"p:a kernel_add $arg1x", "2 Invalid $-variable specified@15"},
      {"p:a kernel_add $argx", "22 Invalid $-variable specified@15"},
      {"p:a kernel_add x=$arg*",
       "22 $arg* must be an independent parameter without name etc.@17"},
      {"p:a kernel_add +0($arg*)",
       "22 $arg* must be an independent parameter without name etc.@18"},
      {"p:a kernel_add $arg* $arg*",
       "22 $arg* can be used only once in the parameters@21"},
      {"p:a kernel_add+4 $arg*",
       "22 $arg* can be used only on function entry or exit@17"},
      {"p:a kernel_add+4 thing", "22 BTF is not available or not supported@17"},
      {"p:a kernel_add $arg* count",
       "22 This argument name is already used@21"},
      {"p:a kernel_add count $arg*",
       "22 This argument name is already used@21"},
      {"p:a kernel_long $arg*",
       "7 $arg* failed because the argument list is too long@16"},
      {"p:a kernel_nothing x", "2 No BTF entry for this probe point@19"},
      {"p:a kernel_nothing $arg*",
       "22 BTF is not available or not supported@19"},
      {"r:a kernel_nothing $retval", "2 This function returns 'void' type@19"},
      {"p:a kernel_add count->x",
       "22 This is not a pointer to union/structure.@22"},
      {"p:a kernel_add thing.first",
       "95 Non pointer structure/union argument is not supported.@21"},
      {"p:a kernel_add thing-first",
       "22 Failed to parse single hyphen. Forgot '>'?@20"},
      {"p:a kernel_add thing->next-first",
       "22 Failed to parse single hyphen. Forgot '>'?@26"},
      {"p:a kernel_add thing->nothing", "2 This field is not found.@22"},
      {"p:a kernel_add thing->inner.nothing", "2 This field is not found.@28"},
      {"p:a kernel_add thing->next->nothing", "2 This field is not found.@28"},
      {"p:a kernel_add thing->first->x",
       "22 This is not a pointer to union/structure.@29"},
      {"p:a kernel_add thing->first.x", "22 Failed to get BTF type info.@28"},
      {"p:a kernel_add count:string",
       "22 This type does not fit for string.@15"},
      {"r:a kernel_add $retvalue",
       "2 This variable is not found at this probe point@15"},
  };
  for (const auto& one : kCases) {
    EXPECT_EQ(ErrorOf(one.line), one.error) << one.line;
  }
  // As deep as loads may be, and no deeper.
  std::string deep = "thing";
  for (int i = 0; i < 9; ++i) {
    deep += "->next";
  }
  EXPECT_EQ(ErrorOf("p:a kernel_add x=" + deep), "");
  EXPECT_EQ(ErrorOf("p:a kernel_add +0(+0(+0(+0(+0(+0(+0(" +
                    deep.substr(0, 35) + ")))))))"),
            "");
}

TEST_F(FunctionTypesTest, FunctionsThatBtfDoesNotKnowAreAsWithout) {
  HostText other("kernel_other", kAdd);
  EXPECT_EQ(ErrorOf("p:a kernel_other $arg1"), "");
  EXPECT_EQ(ErrorOf("r:a kernel_other $retval"), "");
  EXPECT_EQ(ErrorOf("p:a kernel_other x"),
            "2 No BTF entry for this probe point@17");
  EXPECT_EQ(ErrorOf("r:a kernel_other $retval->x"),
            "2 No BTF entry for this probe point@26");
  SetKernelBtf(nullptr);
  EXPECT_EQ(ErrorOf("p:a kernel_add thing"),
            "22 BTF is not available or not supported@15");
  EXPECT_EQ(ErrorOf("p:a kernel_add $arg*"),
            "22 BTF is not available or not supported@15");
}

TEST_F(FunctionTypesTest, EveryAllocationMayFail) {
  const std::string line = "p:a kernel_add $arg* x=thing->text:string";
  ForEachFailingAllocation("names", [&](FailingAllocator& allocator) {
    ProbeDefinition definition(allocator);
    ProbeError error;
    EXPECT_EQ(definition.Parse({line.data(), line.size()},
                               *HostMachineOps().registers, error),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf
