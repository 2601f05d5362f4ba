// SPDX-License-Identifier: MIT
//
// Records of any event, of chance.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <string>

#include "core/tracepoints/trace_event.h"

namespace ebpf {

class RandomRecords {
 public:
  explicit RandomRecords(uint32_t seed) : random_(seed) {}

  /// Numbers that are small, of one bit, negative or anything; text that can be
  /// read. `address`: what every fourth number of 8 bytes is near.
  std::string Next(const TraceEvent& event, uint64_t address) {
    size_t size = sizeof(EventHeader);
    for (const EventField& field : event.fields()) {
      size = std::max<size_t>(size, field.offset + field.size);
    }
    std::string record(size, '\0');
    for (char& c : record) {
      c = static_cast<char>(random_());
    }
    EventHeader header = {};
    header.type = event.id();
    header.pid = static_cast<int32_t>(random_() % 4000);
    memcpy(record.data(), &header, sizeof(header));
    for (const EventField& field : event.fields()) {
      if (field.kind == FieldKind::kDynamicText) {
        const std::string text = Text(random_() % 20) + '\0';
        const auto location =
            static_cast<uint32_t>(text.size() << 16 | record.size());
        memcpy(record.data() + field.offset, &location, sizeof(location));
        record += text;
      } else if (field.kind == FieldKind::kText) {
        const std::string text = Text(random_() % field.size);
        memset(record.data() + field.offset, 0, field.size);
        memcpy(record.data() + field.offset, text.data(), text.size());
      } else if (field.size <= sizeof(uint64_t)) {
        const uint64_t number = Number(address, field.size);
        memcpy(record.data() + field.offset, &number, field.size);
      }
    }
    return record;
  }

 private:
  uint64_t Number(uint64_t address, size_t size) {
    switch (random_() % (size == sizeof(uint64_t) ? 8 : 6)) {
      case 0:
        return 0;
      case 1:
        return 0 - static_cast<uint64_t>(random_() % 20);
      case 2:
        return uint64_t{1} << random_() % 64;
      case 3:
      case 4:
        return random_() % 512;
      case 5:
        return static_cast<uint64_t>(random_()) << 32 | random_();
      default:
        return address + random_() % 64;
    }
  }
  std::string Text(size_t length) {
    std::string text;
    while (text.size() < length) {
      text += static_cast<char>(' ' + random_() % 95);
    }
    return text;
  }

  std::mt19937 random_;
};

}  // namespace ebpf
