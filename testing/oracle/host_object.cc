// SPDX-License-Identifier: MIT
//
// testing/oracle/host_object.h by libbpf, which is found at run time.
#include "testing/oracle/host_object.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#if __has_include(<bpf/libbpf.h>)
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#else
#define EBPF_NO_LIBBPF
#endif

#include "testing/oracle/host_load.h"

namespace ebpf::oracle {

#ifdef EBPF_NO_LIBBPF

HostObject::HostObject(const std::vector<uint8_t>&)
    : error_("libbpf-dev is not installed") {}
HostObject::~HostObject() = default;
bool HostObject::Run(size_t, uint32_t&, uint32_t&) { return false; }
int HostObject::MapFd(const std::string&, uint32_t*) const { return -1; }
bool HostObject::ReadFirst(const std::string&, std::vector<uint8_t>&) {
  return false;
}

bool HasHostObjects() { return false; }

#else

namespace {

struct Libbpf {
  decltype(&libbpf_set_print) set_print = nullptr;
  decltype(&bpf_object__open_mem) open_mem = nullptr;
  decltype(&bpf_object__load) load = nullptr;
  decltype(&bpf_object__close) close = nullptr;
  decltype(&bpf_object__next_program) next_program = nullptr;
  decltype(&bpf_object__next_map) next_map = nullptr;
  decltype(&bpf_program__name) program_name = nullptr;
  decltype(&bpf_program__fd) program_fd = nullptr;
  decltype(&bpf_program__type) program_type = nullptr;
  decltype(&bpf_prog_test_run_opts) test_run = nullptr;
  decltype(&bpf_map__name) map_name = nullptr;
  decltype(&bpf_map__fd) map_fd = nullptr;
  decltype(&bpf_map__value_size) value_size = nullptr;
  decltype(&bpf_map_lookup_elem) lookup = nullptr;

  bool Open() {
    void* library = dlopen("libbpf.so.1", RTLD_NOW);
    return library != nullptr && Find(library, "libbpf_set_print", set_print) &&
           Find(library, "bpf_object__open_mem", open_mem) &&
           Find(library, "bpf_object__load", load) &&
           Find(library, "bpf_object__close", close) &&
           Find(library, "bpf_object__next_program", next_program) &&
           Find(library, "bpf_object__next_map", next_map) &&
           Find(library, "bpf_program__name", program_name) &&
           Find(library, "bpf_program__fd", program_fd) &&
           Find(library, "bpf_program__type", program_type) &&
           Find(library, "bpf_prog_test_run_opts", test_run) &&
           Find(library, "bpf_map__name", map_name) &&
           Find(library, "bpf_map__fd", map_fd) &&
           Find(library, "bpf_map__value_size", value_size) &&
           Find(library, "bpf_map_lookup_elem", lookup);
  }

 private:
  template <typename F>
  static bool Find(void* library, const char* name, F& function) {
    function = reinterpret_cast<F>(dlsym(library, name));
    return function != nullptr;
  }
};

/// Null where it is not installed.
const Libbpf* TheLibbpf() {
  static const Libbpf* found = [] {
    static Libbpf libbpf;
    return libbpf.Open() ? &libbpf : nullptr;
  }();
  return found;
}

std::string messages;

int Keep(enum libbpf_print_level level, const char* format, va_list args) {
  if (level == LIBBPF_WARN) {
    char text[4096];
    vsnprintf(text, sizeof(text), format, args);
    messages += text;
  }
  return 0;
}

bool EndsWith(const std::string& text, const std::string& end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

HostObject::HostObject(const std::vector<uint8_t>& object) {
  const Libbpf* libbpf = TheLibbpf();
  if (libbpf == nullptr) {
    error_ = "no libbpf.so.1";
    return;
  }
  messages.clear();
  libbpf->set_print(Keep);
  bpf_object_open_opts options = {};
  options.sz = sizeof(options);
  options.object_name = "programs";
  loaded_ = libbpf->open_mem(object.data(), object.size(), &options);
  if (loaded_ == nullptr || libbpf->load(loaded_) != 0) {
    error_ = "libbpf: " + messages;
    return;
  }
  bpf_program* program = nullptr;
  while ((program = libbpf->next_program(loaded_, program)) != nullptr) {
    programs_.push_back(program);
    names_.emplace_back(libbpf->program_name(program));
  }
}

HostObject::~HostObject() {
  if (loaded_ != nullptr) {
    TheLibbpf()->close(loaded_);
  }
}

bool HostObject::Run(size_t index, uint32_t& result, uint32_t& duration) {
  const Libbpf& libbpf = *TheLibbpf();
  bpf_test_run_opts options = {};
  options.sz = sizeof(options);
  const uint8_t packet[64] = {};
  const uint64_t context[8] = {};
  switch (libbpf.program_type(programs_[index])) {
    case BPF_PROG_TYPE_RAW_TRACEPOINT:
    case BPF_PROG_TYPE_SYSCALL:
      options.ctx_in = context;
      options.ctx_size_in = sizeof(context);
      break;
    default:
      options.data_in = packet;
      options.data_size_in = sizeof(packet);
      break;
  }
  if (libbpf.test_run(libbpf.program_fd(programs_[index]), &options) != 0) {
    error_ = names_[index] + ": " + std::strerror(errno);
    return false;
  }
  result = options.retval;
  duration = options.duration;
  return true;
}

int HostObject::MapFd(const std::string& end, uint32_t* value_size) const {
  const Libbpf& libbpf = *TheLibbpf();
  bpf_map* map = nullptr;
  while ((map = libbpf.next_map(loaded_, map)) != nullptr) {
    if (EndsWith(libbpf.map_name(map), end)) {
      if (value_size != nullptr) {
        *value_size = libbpf.value_size(map);
      }
      return libbpf.map_fd(map);
    }
  }
  return -1;
}

bool HostObject::ReadFirst(const std::string& map_end,
                           std::vector<uint8_t>& value) {
  uint32_t size = 0;
  const int fd = MapFd(map_end, &size);
  const uint32_t key = 0;
  value.resize(size);
  if (fd < 0 || TheLibbpf()->lookup(fd, &key, value.data()) != 0) {
    error_ = map_end + ": " + std::strerror(errno);
    return false;
  }
  return true;
}

bool HasHostObjects() { return TheLibbpf() != nullptr && WhyNoHost().empty(); }

#endif

HostRun RunOnHost(const std::vector<uint8_t>& object,
                  const std::function<void(const std::string&)>& after) {
  HostRun run;
  HostObject host(object);
  for (size_t i = 0; i < host.programs().size(); ++i) {
    uint32_t result;
    uint32_t duration;
    if (!host.Run(i, result, duration)) {
      break;
    }
    run.programs.push_back(host.programs()[i]);
    run.results.push_back(result);
    after(host.programs()[i]);
  }
  if (host.error().empty()) {
    static_cast<void>(host.ReadFirst(".bss", run.data));
  }
  run.error = host.error();
  return run;
}

}  // namespace ebpf::oracle
