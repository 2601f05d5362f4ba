// SPDX-License-Identifier: MIT
//
// How a function says that it failed: Status, Result<T> and EBPF_TRY.
#pragma once

#include "core/base/construct.h"
#include "core/base/types.h"

namespace ebpf {

/// What went wrong, as Linux's errno numbers (asm-generic/errno.h, the same on
/// all CPUs of this tree). Only core/syscall and helper entries negate them.
enum class [[nodiscard]] Status : int {
  kOk = 0,
  kNotPermitted = 1,          // EPERM
  kNotFound = 2,              // ENOENT
  kNoSuchTask = 3,            // ESRCH
  kInterrupted = 4,           // EINTR
  kIo = 5,                    // EIO
  kNoSuchDevice = 6,          // ENXIO
  kTooBig = 7,                // E2BIG
  kBadExec = 8,               // ENOEXEC
  kBadFd = 9,                 // EBADF
  kTryAgain = 11,             // EAGAIN
  kNoMemory = 12,             // ENOMEM
  kAccess = 13,               // EACCES
  kFault = 14,                // EFAULT
  kBusy = 16,                 // EBUSY
  kExists = 17,               // EEXIST
  kNoDevice = 19,             // ENODEV
  kNotDirectory = 20,         // ENOTDIR
  kIsDirectory = 21,          // EISDIR
  kInvalid = 22,              // EINVAL
  kTooManyFiles = 24,         // EMFILE
  kNotTty = 25,               // ENOTTY
  kFileTooBig = 27,           // EFBIG
  kNoSpace = 28,              // ENOSPC
  kOutOfRange = 34,           // ERANGE
  kDeadlock = 35,             // EDEADLK
  kNameTooLong = 36,          // ENAMETOOLONG
  kNotImplemented = 38,       // ENOSYS
  kNotEmpty = 39,             // ENOTEMPTY
  kNoLink = 67,               // ENOLINK
  kProtocol = 71,             // EPROTO
  kBadMessage = 74,           // EBADMSG
  kOverflow = 75,             // EOVERFLOW
  kBadFdState = 77,           // EBADFD
  kBadSequence = 84,          // EILSEQ
  kNotSupported = 95,         // EOPNOTSUPP
  kAddressNotAvailable = 99,  // EADDRNOTAVAIL
  kNotSupportedLinux = 524,   // ENOTSUPP, which Linux lets out of some calls
};

constexpr bool IsOk(Status status) { return status == Status::kOk; }
constexpr Status StatusOf(Status status) { return status; }

/// A value, or the Status (never kOk) that tells why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  constexpr Result(Status status) : status_(status) {}       // NOLINT: implicit
  constexpr Result(const T& value) : status_(Status::kOk) {  // NOLINT
    ConstructAt<T>(&value_, value);
  }
  constexpr Result(T&& value) : status_(Status::kOk) {  // NOLINT: implicit
    ConstructAt<T>(&value_, Move(value));
  }
  constexpr Result(Result&& other) : status_(other.status_) {
    if (other.ok()) {
      ConstructAt<T>(&value_, Move(other.value_));
    }
  }
  constexpr Result& operator=(Result&& other) {
    if (this != &other) {
      this->~Result();
      ConstructAt<Result>(this, Move(other));
    }
    return *this;
  }
  constexpr ~Result() {
    if (ok()) {
      DestroyAt(&value_);
    }
  }

  constexpr bool ok() const { return status_ == Status::kOk; }
  constexpr Status status() const { return status_; }

  /// Precondition of all below: ok().
  constexpr T& operator*() & { return value_; }
  constexpr const T& operator*() const& { return value_; }
  constexpr T&& operator*() && { return Move(value_); }
  constexpr T* operator->() { return &value_; }
  constexpr const T* operator->() const { return &value_; }

  /// The value, or `otherwise` where there is none.
  constexpr T ValueOr(T otherwise) && {
    return ok() ? Move(value_) : Move(otherwise);
  }

 private:
  Status status_;
  union {
    T value_;
  };
};

template <typename T>
constexpr bool IsOk(const Result<T>& result) {
  return result.ok();
}
template <typename T>
constexpr Status StatusOf(const Result<T>& result) {
  return result.status();
}

namespace internal {
constexpr void TakeValue(Status /*ok*/) {}
template <typename T>
constexpr T TakeValue(Result<T>&& result) {
  return *Move(result);
}
}  // namespace internal

}  // namespace ebpf

/// The value of `expression`, a Status or Result<T>; where that failed, the
/// calling function returns its Status. The only macro that returns.
#define EBPF_TRY(expression)                                        \
  (__extension__({                                                  \
    auto ebpf_try_result = (expression);                            \
    if (!::ebpf::IsOk(ebpf_try_result)) {                           \
      return ::ebpf::StatusOf(ebpf_try_result);                     \
    }                                                               \
    ::ebpf::internal::TakeValue(                                    \
        static_cast<decltype(ebpf_try_result)&&>(ebpf_try_result)); \
  }))
