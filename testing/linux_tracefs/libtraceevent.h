// SPDX-License-Identifier: MIT
//
// libtraceevent, told of one event.
#pragma once

#include <memory>
#include <string>
#include <traceevent/event-parse.h>

namespace ebpf {

class EventReader {
 public:
  /// `format`: a whole file. ok() is false where it is not understood.
  EventReader(const std::string& system, const std::string& format, int id)
      : ok_(tep_parse_event(tep_.get(), format.data(), format.size(),
                            system.c_str()) == 0) {
    event_ = tep_find_event(tep_.get(), id);
    ok_ =
        ok_ && event_ != nullptr && (event_->flags & TEP_EVENT_FL_FAILED) == 0;
  }
  bool ok() const { return ok_; }

  /// A function of the kernel's; the one before it ends there.
  void AddFunction(const char* name, uint64_t address) {
    std::string copy(name);
    tep_register_function(tep_.get(), copy.data(), address, nullptr);
  }

  /// What it shows of a record.
  std::string Text(std::string record) const {
    tep_record raw{};
    raw.data = record.data();
    raw.size = static_cast<int>(record.size());
    raw.record_size = raw.size;
    trace_seq text;
    trace_seq_init(&text);
    tep_print_event(tep_.get(), &text, &raw, "%s", TEP_PRINT_INFO);
    std::string shown(text.buffer, text.len);
    trace_seq_destroy(&text);
    return shown;
  }

 private:
  struct Free {
    void operator()(tep_handle* tep) const { tep_free(tep); }
  };
  std::unique_ptr<tep_handle, Free> tep_{tep_alloc()};
  tep_event* event_;
  bool ok_;
};

}  // namespace ebpf
