// SPDX-License-Identifier: MIT
//
// Random BPF_PROG_LOAD and BPF_PROG_TEST_RUN, and events for maps.
#include "testing/caller/insns.h"
#include "testing/linux_calls/random_world.h"

namespace ebpf::linux_calls {

/// A program that returns a number, perhaps after it looked into a map.
std::vector<isa::Insn> World::ProgramOn(int64_t map_fd, bool looks_up) {
  if (!looks_up) {
    return Returning(static_cast<int32_t>(Below(3)));
  }
  return {LoadLow(1, 1, static_cast<int32_t>(map_fd)),
          LoadHigh(0),
          Insn(0x7a, 10, 0, -8, 0),
          MovReg(2, 10),
          Insn(0x07, 2, 0, 0, -8),
          CallHelper(1),
          Insn(0x15, 0, 0, 1, 0),
          MovImm(0, 1),
          MovImm(0, 0),
          Exit()};
}

void World::Load() {
  const Object& map = AnyMap();
  const bool looks_up = OneIn(2);
  const uint64_t state = random_();
  const uint32_t type = OneIn(12) ? OneOf<uint32_t>({0, 33, 200})
                                  : OneOf<uint32_t>({1, 1, 2, 3, 5, 6, 7, 31});
  random_.seed(state);
  linux_abi::ProgLoadAttr ours =
      ours_.Program(type, ProgramOn(map.fd.ours, looks_up));
  random_.seed(state);
  linux_abi::ProgLoadAttr host =
      host_.Program(type, ProgramOn(map.fd.host, looks_up));
  if (OneIn(6)) {
    switch (Below(5)) {
      case 0:
        ours.insn_cnt = host.insn_cnt = OneOf<uint32_t>({0, 1, 2, 1u << 21});
        break;
      case 1:
        ours.prog_flags = host.prog_flags = uint32_t{1} << Below(18);
        break;
      case 2:
        ours.expected_attach_type = host.expected_attach_type =
            static_cast<uint32_t>(Below(60));
        break;
      case 3:
        ours.log_level = host.log_level = OneOf<uint32_t>({1, 8, 16});
        break;
      default:
        memcpy(ours.prog_name, "a-b", 4);
        memcpy(host.prog_name, "a-b", 4);
    }
  }
  const Fd fd = Call("PROG_LOAD", linux_abi::kProgLoad, ours, host,
                     "type " + std::to_string(type) + " insns " +
                         std::to_string(ours.insn_cnt) + " prog flags " +
                         std::to_string(ours.prog_flags) + " attach " +
                         std::to_string(ours.expected_attach_type) +
                         " log level " + std::to_string(ours.log_level) +
                         (looks_up ? " looks into " + About(map) : ""),
                     /*is_fd=*/true);
  Object program;
  program.what = What::kProgram;
  program.program_type = type;
  program.fd = fd;
  Keep(program);
}

/// Data in and out, results and sizes; how long it took is not compared.
void World::TestRun() {
  Object* program = nullptr;
  for (int tries = 0; tries < 60 && program == nullptr; ++tries) {
    Object& object = Any();
    const uint32_t type = object.program_type;
    if (object.what == What::kProgram &&
        (type == 1 || type == 3 || type == 6 || type == 31)) {
      program = &object;
    }
  }
  if (program == nullptr) {
    return;
  }
  linux_abi::ProgTestRunAttr ours{};
  const Fd fd = Spoil(program->fd);
  const bool has_data = program->program_type != 31;
  Pointer data;
  Pointer out;
  if (has_data) {
    std::vector<uint8_t> packet(OneOf<size_t>({14, 15, 64, 100, 200}));
    for (uint8_t& byte : packet) {
      byte = static_cast<uint8_t>(random_());
    }
    ours.data_size_in = static_cast<uint32_t>(
        OneIn(12) ? OneOf<size_t>({0, 1, 13, 5000}) : packet.size());
    packet.resize(5000);
    data = Spoil(Put(packet));
    out = OneIn(3) ? Pointer{} : Spoil(Put(std::vector<uint8_t>(6000, 0x5a)));
    ours.data_size_out =
        out.host == 0 ? 0 : OneOf<uint32_t>({0, 10, 100, 256, 256});
  }
  ours.repeat = OneOf<uint32_t>({0, 1, 1, 3});
  if (OneIn(20)) {
    ours.flags = OneOf<uint32_t>({1, 2, 4, 8, 1u << 31});
  }
  if (OneIn(20)) {
    ours.batch_size = 1;
  }
  if (OneIn(20)) {
    ours.cpu = 1;
  }
  linux_abi::ProgTestRunAttr host = ours;
  Set(ours, host, &linux_abi::ProgTestRunAttr::prog_fd, fd);
  Set(ours, host, &linux_abi::ProgTestRunAttr::data_in, data);
  Set(ours, host, &linux_abi::ProgTestRunAttr::data_out, out);
  const std::string about =
      "program type " + std::to_string(program->program_type) + " data " +
      std::to_string(ours.data_size_in) + " out " +
      std::to_string(ours.data_size_out) + " repeat " +
      std::to_string(ours.repeat) + " flags " + std::to_string(ours.flags) +
      " cpu " + std::to_string(ours.cpu) + " batch " +
      std::to_string(ours.batch_size);
  const Fd answer =
      Call("PROG_TEST_RUN", linux_abi::kProgTestRun, ours, host, about);
  if (answer.ours != answer.host || fd.host != program->fd.host) {
    return;
  }
  // The result, and the sizes of data in and out.
  constexpr size_t kResults = offsetof(linux_abi::ProgTestRunAttr, retval);
  CompareBytes("PROG_TEST_RUN", about + ": results",
               {attr_.ours + kResults, attr_.host + kResults}, 12);
  CompareBytes("PROG_TEST_RUN", about + ": data", out, 6000);
}

void World::OpenEvent() {
  linux_abi::PerfEventAttr attr{};
  attr.type = linux_abi::kPerfTypeSoftware;
  attr.size = sizeof(attr);
  attr.config = linux_abi::kPerfBpfOutput;
  attr.sample_type = linux_abi::kPerfSampleRaw;
  Object event;
  event.what = What::kEvent;
  event.fd = {ours_.PerfEventOpen(ours_.Put(attr), -1, 0, -1, 8),
              host_.PerfEventOpen(host_.Put(attr), -1, 0, -1, 8)};
  Keep(event);
}

}  // namespace ebpf::linux_calls
