// SPDX-License-Identifier: MIT
//
// The verifier with BTF: a small kernel's, and the program's own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/btf/btf_object.h"
#include "core/btf/test_builder.h"
#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {

/// Types by the words that C has for them.
class TypeWriter {
 public:
  using Members = std::vector<std::pair<std::string, uint32_t>>;

  uint32_t Int(const std::string& name, uint32_t bytes) {
    return blob_.Add(btf::Kind::kInt, blob_.Name(name), bytes,
                     {1u << 24 | bytes * 8});
  }
  uint32_t Pointer(uint32_t to) {
    return blob_.Add(btf::Kind::kPointer, 0, to);
  }
  uint32_t Typedef(const std::string& name, uint32_t of) {
    return blob_.Add(btf::Kind::kTypedef, blob_.Name(name), of);
  }
  uint32_t TypeTag(const std::string& tag, uint32_t of) {
    return blob_.Add(btf::Kind::kTypeTag, blob_.Name(tag), of);
  }
  /// Members of 8 bytes each.
  uint32_t Struct(const std::string& name, const Members& members) {
    std::vector<uint32_t> tail;
    uint32_t bits = 0;
    for (const auto& [member, type] : members) {
      tail.insert(tail.end(), {blob_.Name(member), type, bits});
      bits += 64;
    }
    return blob_.Add(btf::Kind::kStruct, blob_.Name(name), bits / 8, tail,
                     static_cast<uint32_t>(members.size()));
  }
  uint32_t StructOf(const char* name, uint32_t bytes,
                    const std::vector<btf::Builder::Member>& members) {
    return blob_.AddStruct(name, bytes, members);
  }
  /// Of 8 bytes.
  uint32_t Union(const std::string& name, uint32_t member) {
    return blob_.Add(btf::Kind::kUnion, name.empty() ? 0 : blob_.Name(name), 8,
                     {blob_.Name("member"), member, 0}, 1);
  }
  uint32_t Forward(const std::string& name) {
    return blob_.Add(btf::Kind::kForward, blob_.Name(name), 0);
  }
  uint32_t Prototype(uint32_t result, const Members& parameters) {
    std::vector<uint32_t> tail;
    for (const auto& [parameter, type] : parameters) {
      tail.insert(tail.end(), {blob_.Name(parameter), type});
    }
    return blob_.Add(btf::Kind::kFunctionProto, 0, result, tail,
                     static_cast<uint32_t>(parameters.size()));
  }
  uint32_t Function(const std::string& name, uint32_t prototype,
                    btf::Linkage linkage = btf::Linkage::kGlobal) {
    return blob_.Add(btf::Kind::kFunction, blob_.Name(name), prototype, {},
                     static_cast<uint32_t>(linkage));
  }
  /// `component`: the number of an argument.
  void Tag(const std::string& text, uint32_t on, uint32_t component) {
    blob_.Add(btf::Kind::kDeclTag, blob_.Name(text), on, {component});
  }
  uint32_t Variable(const std::string& name, uint32_t type) {
    return blob_.Add(btf::Kind::kVariable, blob_.Name(name), type, {1});
  }
  /// With one variable.
  void Section(const std::string& name, uint32_t variable, uint32_t size) {
    blob_.Add(btf::Kind::kDataSection, blob_.Name(name), size,
              {variable, 0, size}, 1);
  }
  uint32_t Text(const std::string& text) { return blob_.Name(text); }

  Ref<btf::BtfObject> Finish() const {
    const std::vector<uint8_t> bytes = blob_.Blob();
    Result<Ref<btf::BtfObject>> made = btf::BtfObject::Create(
        ConstBytes(bytes.data(), bytes.size()), PortAllocator());
    return made.ok() ? *made : Ref<btf::BtfObject>();
  }

 private:
  btf::Builder blob_;
};

/// Judges programs with functions by BTF in a kernel that has a few types.
/// Programs of these tests go to the host only in Linux's own tests: the host's
/// BTF is another one.
class TypedTest : public VerifierTest {
 protected:
  TypedTest() {
    host_.reset();
    WriteKernel();
    kernel_ = kernel_types_.Finish();
    EXPECT_NE(kernel_.get(), nullptr);
    options_.kernel_btf = &kernel_->btf();
    options_.profile = Profile::kLinux;
    int_ = types_.Int("int", 4);
    long_ = types_.Int("long", 8);
  }

  /// The program's functions begin at these instructions and are of these
  /// types; call it when all types are written.
  void SetFunctions(std::vector<FunctionInfo> functions) {
    program_ = types_.Finish();
    ASSERT_NE(program_.get(), nullptr);
    functions_ = std::move(functions);
    options_.btf = &program_->btf();
    options_.functions =
        Span<const FunctionInfo>(functions_.data(), functions_.size());
  }
  void SetLines(std::vector<LineInfo> lines) {
    lines_ = std::move(lines);
    options_.lines = Span<const LineInfo>(lines_.data(), lines_.size());
  }
  /// int main(void *ctx)
  uint32_t Main() {
    return types_.Function(
        "main", types_.Prototype(int_, {{"ctx", types_.Pointer(0)}}));
  }
  uint32_t Global(const std::string& name, const TypeWriter::Members& params) {
    return types_.Function(name, types_.Prototype(int_, params));
  }
  /// Another kernel than that of these members.
  void SetKernel(const TypeWriter& types) {
    kernel_ = types.Finish();
    ASSERT_NE(kernel_.get(), nullptr);
    options_.kernel_btf = &kernel_->btf();
  }
  /// A program of this type that is attached there.
  void AttachTo(uint32_t program_type, AttachType attach, uint32_t target) {
    options_.type = FindProgramType(program_type);
    options_.attach_type = static_cast<uint32_t>(attach);
    options_.attach_target = {&kernel_->btf(), target};
  }

  TypeWriter kernel_types_;
  TypeWriter types_;
  uint32_t int_ = 0;
  uint32_t long_ = 0;
  // Of the kernel.
  uint32_t task_ = 0;
  uint32_t task_newtask_ = 0;  // a raw tracepoint
  uint32_t do_exit_ = 0;       // a function
  uint32_t file_open_ = 0;     // a hook
  uint32_t acquire_ = 0;
  uint32_t release_ = 0;
  uint32_t iter_new_ = 0;
  uint32_t iter_next_ = 0;
  uint32_t iter_destroy_ = 0;
  uint32_t rcu_lock_ = 0;
  uint32_t rcu_unlock_ = 0;
  uint32_t preempt_disable_ = 0;
  uint32_t preempt_enable_ = 0;
  uint32_t throw_ = 0;
  uint32_t from_pid_ = 0;
  uint32_t jiffies_ = 0;    // a number
  uint32_t init_task_ = 0;  // a task
  uint32_t runqueue_ = 0;   // a task for each CPU
  uint32_t no_kfunc_ = 0;   // a function that programs may not call

 private:
  void WriteKernel() {
    TypeWriter& k = kernel_types_;
    const uint32_t integer = k.Int("int", 4);
    const uint32_t word = k.Int("u64", 8);
    const uint32_t task_pointer = k.Pointer(word + 2);  // to what comes next
    task_ = k.Struct("task_struct", {{"pid", word},
                                     {"real_parent", task_pointer},
                                     {"last_wakee", task_pointer}});
    EXPECT_EQ(task_, word + 2);
    const uint32_t file =
        k.Pointer(k.Struct("file", {{"f_inode", task_pointer}}));
    const uint32_t user = k.Pointer(k.TypeTag("user", task_));
    task_newtask_ =
        k.Typedef("btf_trace_task_newtask",
                  k.Pointer(k.Prototype(0, {{"__data", k.Pointer(0)},
                                            {"task", task_pointer},
                                            {"flags", word},
                                            {"user", user}})));
    do_exit_ = k.Function(
        "do_exit", k.Prototype(integer, {{"code", word}, {"p", task_pointer}}));
    file_open_ =
        k.Function("bpf_lsm_file_open", k.Prototype(integer, {{"file", file}}));
    WriteKernelFunctions(integer, task_pointer);
  }

  void WriteKernelFunctions(uint32_t integer, uint32_t task_pointer) {
    TypeWriter& k = kernel_types_;
    const uint32_t iterator =
        k.Pointer(k.Struct("bpf_iter_num", {{"__opaque", k.Int("__u64", 8)}}));
    const auto nothing = [&] { return k.Prototype(0, {}); };
    acquire_ = k.Function("bpf_task_acquire",
                          k.Prototype(task_pointer, {{"p", task_pointer}}));
    release_ =
        k.Function("bpf_task_release", k.Prototype(0, {{"p", task_pointer}}));
    iter_new_ = k.Function(
        "bpf_iter_num_new",
        k.Prototype(integer,
                    {{"it", iterator}, {"start", integer}, {"end", integer}}));
    iter_next_ =
        k.Function("bpf_iter_num_next",
                   k.Prototype(k.Pointer(integer), {{"it", iterator}}));
    iter_destroy_ =
        k.Function("bpf_iter_num_destroy", k.Prototype(0, {{"it", iterator}}));
    rcu_lock_ = k.Function("bpf_rcu_read_lock", nothing());
    rcu_unlock_ = k.Function("bpf_rcu_read_unlock", nothing());
    preempt_disable_ = k.Function("bpf_preempt_disable", nothing());
    preempt_enable_ = k.Function("bpf_preempt_enable", nothing());
    throw_ =
        k.Function("bpf_throw", k.Prototype(0, {{"cookie", k.Int("u64", 8)}}));
    from_pid_ = k.Function("bpf_task_from_pid",
                           k.Prototype(task_pointer, {{"pid", integer}}));
    jiffies_ = k.Variable("jiffies", k.Int("u64", 8));
    init_task_ = k.Variable("init_task", task_);
    runqueue_ = k.Variable("runqueue", task_);
    k.Section(".data..percpu", runqueue_, 24);
    no_kfunc_ = k.Function("schedule", nothing());
  }

  Ref<btf::BtfObject> kernel_;
  Ref<btf::BtfObject> program_;
  std::vector<FunctionInfo> functions_;
  std::vector<LineInfo> lines_;
};

/// A call of the kernel's function with this id.
inline isa::Insn CallKernel(uint32_t id) {
  return Raw(0x85, 0, isa::kCallKernel, 0, id);
}

}  // namespace ebpf::verifier
