// SPDX-License-Identifier: MIT
//
// The process of core/syscall/calls_fuzz.cc: bytes become calls, each of them
// nearly right, mostly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/files/client.h"
#include "core/syscall/bpf.h"
#include "testing/fuzzing/calls_memory.h"
#include "testing/host_port/host_user.h"

namespace ebpf::calls_fuzz {

/// What came of the calls, of all inputs.
struct Counters {
  uint64_t inputs = 0;
  uint64_t calls = 0;
  uint64_t succeeded = 0;
  uint64_t programs = 0;
  uint64_t events = 0;
  uint64_t types = 0;
  uint64_t iterators = 0;
  uint64_t links_to_many = 0;
};
extern Counters counters;

/// Ends the fuzzer with `what` if that does not hold.
void Expect(bool condition, const char* what);

/// Arguments out of bytes; zeros at their end.
class Source {
 public:
  Source(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  bool empty() const { return size_ == 0; }
  uint8_t Byte() {
    if (size_ == 0) {
      return 0;
    }
    --size_;
    return *data_++;
  }
  template <typename T>
  T Number() {
    T value = 0;
    for (size_t i = 0; i < sizeof(T); ++i) {
      value = static_cast<T>(value | static_cast<T>(T{Byte()} << (8 * i)));
    }
    return value;
  }
  void Fill(uint8_t* to, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      to[i] = Byte();
    }
  }

 private:
  const uint8_t* data_;
  size_t size_;
};

/// What a descriptor is of.
enum class Kind : uint8_t { kAny, kMap, kProgram, kEvent, kLink, kBtf };

/// Makes calls as `client`, whose memory is `memory`. Others' all.
class Process {
 public:
  Process(Source& source, HostUserMemory& memory, Client& client)
      : source_(source), memory_(memory), client_(client) {}

  /// One call, or a change of the memory; counted.
  void MakeOneCall();

 private:
  /// An address: mostly the process's own, often one of a small number.
  uint64_t Address() {
    const uint8_t kind = source_.Byte();
    if (kind < 8) {
      return 0;
    }
    if (kind < 16) {
      return source_.Number<uint64_t>();
    }
    if (kind < 128) {
      return AddressOf(kind);
    }
    return HostUserMemory::kBase +
           source_.Number<uint16_t>() % (kUserSize + 64);
  }
  static uint64_t AddressOf(int32_t number) {
    return HostUserMemory::kBase + kNumbersAt +
           static_cast<uint32_t>(number) % kNumbers * sizeof(number);
  }
  /// A descriptor: mostly one of this kind, if the process got one.
  int32_t Fd(Kind kind) {
    const uint8_t choice = source_.Byte();
    int32_t found[kKnownFds];
    size_t count = 0;
    for (int32_t fd = 0; fd < kKnownFds; ++fd) {
      if (kind != Kind::kAny && kinds_[fd] == kind) {
        found[count++] = fd;
      }
    }
    if (choice < 224 && count != 0) {
      return found[choice % count];
    }
    return choice < 240 ? choice % 12 : source_.Number<int32_t>();
  }
  /// `fd`, if it is one, is of this kind.
  int64_t Got(int64_t fd, Kind kind) {
    if (fd >= 0 && fd < kKnownFds) {
      kinds_[fd] = kind;
    }
    return fd;
  }
  void Write();
  int64_t MapCreate();
  int64_t MapElem();
  int64_t MapBatch();
  int64_t TestRun();
  int64_t Objects();
  int64_t Typed();
  int64_t Close();
  int64_t Dup();
  int64_t Pin();
  int64_t ProgLoad();
  /// An iterator's program, and perhaps what follows: a link, a file, a read.
  int64_t LoadIterator();
  int64_t Iterate(int64_t program);
  int64_t BtfLoad();
  int64_t AnyBpf();
  int64_t OpenEvent();
  int64_t Ioctl();
  int64_t Mmap();
  void WriteTables();
  /// A program that can be linked to many functions so.
  int64_t LoadForMany(uint32_t attach_type);
  int64_t LinkMany();
  int64_t Tell();
  int64_t Texts();

  template <typename Attr>
  int64_t Call(uint32_t command, const Attr& attr) {
    // At the memory's end, so that a byte too many faults.
    const uint64_t at = HostUserMemory::kBase + kUserSize - sizeof(attr);
    memcpy(memory_.At(at), &attr, sizeof(attr));
    return Bpf(client_, command, client_.Pointer(at), sizeof(attr));
  }

  static constexpr int32_t kKnownFds = kNumbers;

  Source& source_;
  HostUserMemory& memory_;
  Client& client_;
  Kind kinds_[kKnownFds] = {};
};

}  // namespace ebpf::calls_fuzz
