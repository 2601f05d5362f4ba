// SPDX-License-Identifier: MIT
//
// Random BPF_PROG_ATTACH, _DETACH, _QUERY and links on groups of tasks, and
// BPF_TASK_FD_QUERY.
#include <algorithm>

#include "core/linux_abi/bpf_attach.h"
#include "core/linux_abi/bpf_objects.h"
#include "testing/caller/insns.h"
#include "testing/linux_calls/random_world.h"

namespace ebpf::linux_calls {
namespace {

constexpr uint32_t kDeviceProgram = 15;
constexpr uint32_t kDeviceAttach = 6;
/// Of all groups, one in each way from the root.
constexpr int kGroups[] = {1, 12, 123, 2, 21, 3};

int64_t IdOf(Kernel& kernel, int64_t program) {
  linux_abi::ProgramInfo info{};
  const uint64_t at = kernel.Put(info);
  kernel.Call(linux_abi::kObjGetInfoByFd,
              linux_abi::ObjectInfoAttr{static_cast<uint32_t>(program),
                                        sizeof(info), at});
  return kernel.Get<linux_abi::ProgramInfo>(at).id;
}

}  // namespace

template <>
inline constexpr size_t kShortest<linux_abi::ProgAttachAttr> = 20;
template <>
inline constexpr size_t kShortest<linux_abi::ProgQueryAttr> = 8;
template <>
inline constexpr size_t kShortest<linux_abi::TaskFdQueryAttr> = 8;
template <>
inline constexpr size_t kShortest<linux_abi::LinkCreateAttr> = 12;

/// Programs for groups, and a probe that has one.
void World::MakeAttachables() {
  has_groups_ = host_.Cgroup(kGroups[0]) >= 0;
  for (int i = 0; has_groups_ && i < 6; ++i) {
    const std::vector<isa::Insn> insns = Returning(i % 2);
    device_programs_.push_back(
        {ours_.Call(linux_abi::kProgLoad, ours_.Program(kDeviceProgram, insns)),
         host_.Call(linux_abi::kProgLoad,
                    host_.Program(kDeviceProgram, insns))});
    device_program_ids_.push_back({IdOf(ours_, device_programs_.back().ours),
                                   IdOf(host_, device_programs_.back().host)});
  }
  const auto probe = [](Kernel& kernel) {
    const int64_t program = kernel.Call(linux_abi::kProgLoad,
                                        kernel.Program(kKprobe, Returning(1)));
    const int64_t event =
        kernel.PerfEventOpen(kernel.Put(kernel.Probe()), -1, 0, -1, 8);
    kernel.Ioctl(event, linux_abi::kPerfIocSetBpf,
                 static_cast<uint64_t>(program));
    kernel.Close(program);
    return event;
  };
  probe_ = {probe(ours_), probe(host_)};
}

/// Which of the programs for groups has this id; -1: none.
int64_t World::IndexOf(uint32_t id, int64_t Fd::* of) const {
  for (size_t i = 0; id != 0 && i < device_program_ids_.size(); ++i) {
    if (device_program_ids_[i].*of == id) {
      return static_cast<int64_t>(i);
    }
  }
  return -1;
}

void World::CloseAttachables() {
  device_programs_.push_back(probe_);
  for (const Fd& fd : device_programs_) {
    ours_.Close(fd.ours);
    host_.Close(fd.host);
  }
}

Fd World::Group() {
  if (OneIn(40)) {
    return {9999, 9999};
  }
  const int number = kGroups[Below(std::size(kGroups))];
  return {ours_.Cgroup(number), host_.Cgroup(number)};
}

Fd World::DeviceProgram() {
  if (OneIn(40)) {
    return OneIn(2) ? Fd{9999, 9999} : Any().fd;
  }
  return device_programs_[Below(device_programs_.size())];
}

uint32_t World::AttachFlags() {
  return OneIn(8) ? static_cast<uint32_t>(Below(8)) : 2;
}

void World::Attach() {
  if (!has_groups_) {
    return;
  }
  const Fd group = Group();
  Fd program = DeviceProgram();
  std::vector<Fd>& there = attached_[group.host];
  const auto is_there = [&](const Fd& fd) {
    return std::any_of(there.begin(), there.end(),
                       [&](const Fd& one) { return one.host == fd.host; });
  };
  for (int tries = 0; tries < 8 && is_there(program); ++tries) {
    program = DeviceProgram();
  }
  linux_abi::ProgAttachAttr ours{};
  ours.attach_type =
      OneIn(30) ? static_cast<uint32_t>(Below(48)) : kDeviceAttach;
  ours.attach_flags = AttachFlags();
  ours.replace_bpf_fd = 9999;  // 0 is open on the host only
  linux_abi::ProgAttachAttr host = ours;
  if (!there.empty() && OneIn(4)) {
    ours.attach_flags = host.attach_flags = 6;  // in the place of one
    const Fd old = there[Below(there.size())];
    Set(ours, host, &linux_abi::ProgAttachAttr::replace_bpf_fd, old);
  }
  Set(ours, host, &linux_abi::ProgAttachAttr::target_fd, group);
  Set(ours, host, &linux_abi::ProgAttachAttr::attach_bpf_fd, program);
  const Fd answer = Call("PROG_ATTACH", linux_abi::kProgAttach, ours, host,
                         "attach type " + std::to_string(ours.attach_type) +
                             " flags " + std::to_string(ours.attach_flags) +
                             " beside " + std::to_string(there.size()));
  if (answer.host == 0) {
    there.push_back(program);
  }
}

void World::Detach() {
  if (!has_groups_) {
    return;
  }
  Fd group = Group();
  for (int tries = 0; tries < 30 && attached_[group.host].empty(); ++tries) {
    group = Group();
  }
  std::vector<Fd>& there = attached_[group.host];
  const size_t index = there.empty() ? 0 : Below(there.size());
  const Fd program =
      there.empty() || OneIn(30) ? DeviceProgram() : there[index];
  linux_abi::ProgAttachAttr ours{};
  ours.attach_type = kDeviceAttach;
  ours.attach_flags = OneIn(40) ? 2 : 0;
  linux_abi::ProgAttachAttr host = ours;
  Set(ours, host, &linux_abi::ProgAttachAttr::target_fd, group);
  Set(ours, host, &linux_abi::ProgAttachAttr::attach_bpf_fd, program);
  const Fd answer = Call("PROG_DETACH", linux_abi::kProgDetach, ours, host,
                         "flags " + std::to_string(ours.attach_flags) + " of " +
                             std::to_string(there.size()));
  const auto known =
      std::find_if(there.begin(), there.end(),
                   [&](const Fd& one) { return one.host == program.host; });
  // What is not there any more fails: it is forgotten, too.
  if (known != there.end() && (answer.host == 0 || answer.host == -ENOENT)) {
    there.erase(known);
  }
}

/// All that is told; ids by whose they are.
void World::QueryGroups() {
  if (!has_groups_) {
    return;
  }
  const Fd group = Group();
  linux_abi::ProgQueryAttr ours{};
  // Not of other hooks: where those want a descriptor, a group's is not one of
  // ours, but of the port.
  ours.attach_type =
      OneIn(30) ? OneOf<uint32_t>({0, 3, 18, 33, 39, 44, 60}) : kDeviceAttach;
  ours.query_flags = OneIn(20) ? static_cast<uint32_t>(Below(8))
                               : static_cast<uint32_t>(Below(2));
  ours.attach_flags = 0x55;
  ours.prog_cnt = OneOf<uint32_t>({0, 1, 4, 40, 40, 40});
  const Pointer ids = Spoil(Put(std::vector<uint8_t>(160)));
  const Pointer flags = ours.query_flags == 0 && OneIn(2)
                            ? Spoil(Put(std::vector<uint8_t>(160, 7)))
                            : Pointer{};
  linux_abi::ProgQueryAttr host = ours;
  Set(ours, host, &linux_abi::ProgQueryAttr::target_fd, group);
  Set(ours, host, &linux_abi::ProgQueryAttr::prog_ids, ids);
  Set(ours, host, &linux_abi::ProgQueryAttr::prog_attach_flags, flags);
  const std::string about = "attach type " + std::to_string(ours.attach_type) +
                            " flags " + std::to_string(ours.query_flags) +
                            " room " + std::to_string(ours.prog_cnt);
  const Fd answer =
      Call("PROG_QUERY", linux_abi::kProgQuery, ours, host, about);
  if (answer.ours != answer.host || (answer.host != 0 && answer.host != -28)) {
    return;
  }
  const auto our_told = ours_.Get<linux_abi::ProgQueryAttr>(attr_.ours);
  const auto host_told = host_.Get<linux_abi::ProgQueryAttr>(attr_.host);
  if (our_told.prog_cnt != host_told.prog_cnt ||
      our_told.attach_flags != host_told.attach_flags) {
    Differ({"PROG_QUERY", about + ": told", our_told.prog_cnt,
            host_told.prog_cnt});
  }
  CompareBytes("PROG_QUERY", about + ": flags", flags, 160);
  if (ids.ours == 0 || ids.ours == kNowhere) {
    return;
  }
  for (uint32_t i = 0; i < 40; ++i) {
    const int64_t our_index =
        IndexOf(ours_.Get<uint32_t>(ids.ours + 4 * i), &Fd::ours);
    const int64_t host_index =
        IndexOf(host_.Get<uint32_t>(ids.host + 4 * i), &Fd::host);
    if (our_index != host_index) {
      Differ({"PROG_QUERY", about + ": program " + std::to_string(i), our_index,
              host_index});
    }
  }
}

/// A link that goes at once, with what is told of the group meanwhile.
void World::LinkGroup() {
  if (!has_groups_) {
    return;
  }
  const Fd group = Group();
  const Fd program = DeviceProgram();
  linux_abi::LinkCreateAttr ours{};
  ours.attach_type =
      OneIn(20) ? static_cast<uint32_t>(Below(40)) : kDeviceAttach;
  ours.flags = OneIn(30) ? 1 : 0;
  linux_abi::LinkCreateAttr host = ours;
  Set(ours, host, &linux_abi::LinkCreateAttr::prog_fd, program);
  Set(ours, host, &linux_abi::LinkCreateAttr::target_fd, group);
  const Fd link = Call("LINK_CREATE", linux_abi::kLinkCreate, ours, host,
                       "attach type " + std::to_string(ours.attach_type) +
                           " flags " + std::to_string(ours.flags),
                       /*is_fd=*/true);
  QueryGroups();
  ours_.Close(link.ours);
  host_.Close(link.host);
}

void World::AskForProbe() {
  linux_abi::TaskFdQueryAttr ours{};
  ours.flags = OneIn(40) ? 1 : 0;
  // The names are longer than 5 characters, and shorter than 64.
  ours.buf_len = OneOf<uint32_t>({0, 1, 5, 64, 64, 256});
  const Pointer name = Spoil(Put(std::vector<uint8_t>(256)));
  linux_abi::TaskFdQueryAttr host = ours;
  const Fd fd = Spoil(OneIn(20) ? Any().fd : probe_);
  ours.pid = ours_.Process();
  host.pid = host_.Process();
  if (OneIn(40)) {
    ours.pid = host.pid = OneOf<uint32_t>({0, 0x7ffffff0, 0xffffffff});
  }
  Set(ours, host, &linux_abi::TaskFdQueryAttr::fd, fd);
  Set(ours, host, &linux_abi::TaskFdQueryAttr::buf, name);
  (void)Call("TASK_FD_QUERY", linux_abi::kTaskFdQuery, ours, host,
             "room " + std::to_string(ours.buf_len) + " flags " +
                 std::to_string(ours.flags));
}

}  // namespace ebpf::linux_calls
