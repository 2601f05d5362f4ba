// SPDX-License-Identifier: MIT
//
// What clang's thread safety analysis must refuse, with the project's macros.
#include "core/base/thread_annotations.h"

namespace ebpf {

class EBPF_CAPABILITY("lock") Lock {
 public:
  void Acquire() EBPF_ACQUIRE();
  void Release() EBPF_RELEASE();
};

class EBPF_SCOPED_CAPABILITY Guard {
 public:
  explicit Guard(Lock& lock) EBPF_ACQUIRE(lock);
  ~Guard() EBPF_RELEASE();
};

class Counter {
 public:
  int Locked() {
    Guard guard(lock_);
    return Value();
  }

#if NC_TEST(ReadWithoutTheLockIsRefused)
  // error: reading variable 'value_' requires holding lock 'lock_'
  int Unlocked() { return value_; }
#endif

#if NC_TEST(WriteWithoutTheLockIsRefused)
  // error: writing variable 'value_' requires holding lock 'lock_'
  void Clear() { value_ = 0; }
#endif

#if NC_TEST(CallWithoutTheLockIsRefused)
  // error: calling function 'Value' requires holding lock 'lock_'
  int Forgets() { return Value(); }
#endif

#if NC_TEST(LockThatIsNotReleasedIsRefused)
  // error: lock 'lock_' is still held at the end of function
  void Keeps() { lock_.Acquire(); }
#endif

#if NC_TEST(SecondAcquisitionIsRefused)
  // error: acquiring lock 'lock_' that is already held
  void Deadlocks() {
    Guard first(lock_);
    Guard second(lock_);
  }
#endif

 private:
  int Value() EBPF_REQUIRES(lock_) { return value_; }

  Lock lock_;
  int value_ EBPF_GUARDED_BY(lock_) = 0;
};

}  // namespace ebpf
