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

HostRun RunOnHost(const std::vector<uint8_t>&,
                  const std::function<void(const std::string&)>&) {
  HostRun run;
  run.error = "libbpf-dev is not installed";
  return run;
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

int RunProgram(const Libbpf& libbpf, const bpf_program* program,
               uint32_t& result) {
  bpf_test_run_opts options = {};
  options.sz = sizeof(options);
  const uint8_t packet[64] = {};
  const uint64_t context[8] = {};
  switch (libbpf.program_type(program)) {
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
  const int status = libbpf.test_run(libbpf.program_fd(program), &options);
  result = options.retval;
  return status;
}

}  // namespace

bool HasHostObjects() { return TheLibbpf() != nullptr && WhyNoHost().empty(); }

HostRun RunOnHost(const std::vector<uint8_t>& object,
                  const std::function<void(const std::string&)>& after) {
  HostRun run;
  const Libbpf* libbpf = TheLibbpf();
  if (libbpf == nullptr) {
    run.error = "no libbpf.so.1";
    return run;
  }
  messages.clear();
  libbpf->set_print(Keep);
  bpf_object_open_opts options = {};
  options.sz = sizeof(options);
  options.object_name = "programs";
  bpf_object* loaded = libbpf->open_mem(object.data(), object.size(), &options);
  if (loaded == nullptr || libbpf->load(loaded) != 0) {
    run.error = "libbpf: " + messages;
    libbpf->close(loaded);
    return run;
  }
  bpf_program* program = nullptr;
  while ((program = libbpf->next_program(loaded, program)) != nullptr) {
    const std::string name = libbpf->program_name(program);
    uint32_t result = 0;
    if (RunProgram(*libbpf, program, result) != 0) {
      run.error = name + ": " + std::strerror(errno);
      break;
    }
    run.programs.push_back(name);
    run.results.push_back(result);
    after(name);
  }
  bpf_map* map = nullptr;
  while ((map = libbpf->next_map(loaded, map)) != nullptr) {
    if (EndsWith(libbpf->map_name(map), ".bss")) {
      const uint32_t key = 0;
      run.data.resize(libbpf->value_size(map));
      if (libbpf->lookup(libbpf->map_fd(map), &key, run.data.data()) != 0) {
        run.error = std::string(".bss: ") + std::strerror(errno);
      }
    }
  }
  libbpf->close(loaded);
  return run;
}

#endif

}  // namespace ebpf::oracle
