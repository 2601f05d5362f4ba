// SPDX-License-Identifier: MIT
#include "core/memory/ref_counted.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

class Base : public RefCounted<Base> {
 public:
  explicit Base(std::atomic<int>& destroyed) : destroyed_(destroyed) {}
  uint64_t value = 0;

 private:
  friend class RefCounted<Base>;
  void Destroy() {
    ++destroyed_;
    delete this;
  }

  std::atomic<int>& destroyed_;
};

class Derived : public Base {
 public:
  using Base::Base;
};

class RefCountedTest : public testing::Test {
 protected:
  std::atomic<int> destroyed_{0};
};

TEST_F(RefCountedTest, DiesWithItsLastRef) {
  Ref<Base> first = Ref<Base>::Adopt(new Base(destroyed_));
  {
    const Ref<Base> second = first;  // NOLINT: the copy is the test
    EXPECT_EQ(first->ref_count(), 2u);
    EXPECT_EQ(second.get(), first.get());
  }
  EXPECT_EQ(destroyed_, 0);
  first = Ref<Base>();
  EXPECT_EQ(destroyed_, 1);
  EXPECT_FALSE(first);
}

TEST_F(RefCountedTest, MovingChangesNoCount) {
  Ref<Base> first = Ref<Base>::Adopt(new Base(destroyed_));
  Ref<Base> second = Move(first);
  EXPECT_FALSE(first);
  EXPECT_EQ(second->ref_count(), 1u);
  Ref<Base> third;
  third = Move(second);
  EXPECT_EQ(third->ref_count(), 1u);
  EXPECT_EQ(destroyed_, 0);
}

TEST_F(RefCountedTest, AssigningToItselfKeepsTheObject) {
  Ref<Base> ref = Ref<Base>::Adopt(new Base(destroyed_));
  Ref<Base>& same = ref;
  ref = same;
  EXPECT_EQ(destroyed_, 0);
  EXPECT_EQ(ref->ref_count(), 1u);
}

TEST_F(RefCountedTest, ARefOfADerivedClassBecomesOneOfItsBase) {
  Ref<Derived> derived;
  Ref<Base> base(Move(derived));
  EXPECT_FALSE(base);
  base = Ref<Base>::Adopt(new Derived(destroyed_));
  EXPECT_EQ(base->ref_count(), 1u);
}

TEST_F(RefCountedTest, TheLastReferenceMayBeLeftToSomebodyElse) {
  Ref<Base> first = Ref<Base>::Adopt(new Base(destroyed_));
  Base* const object = Ref<Base>(first).Leak();

  EXPECT_TRUE(object->ReleaseUnlessLast());
  EXPECT_EQ(object->ref_count(), 1u);
  EXPECT_FALSE(object->ReleaseUnlessLast());
  EXPECT_EQ(object->ref_count(), 1u);
}

TEST_F(RefCountedTest, LeakAndShareAreBalanced) {
  Base* object = new Base(destroyed_);
  {
    const Ref<Base> shared = Ref<Base>::Share(*object);
    EXPECT_EQ(object->ref_count(), 2u);
  }
  Ref<Base> owner = Ref<Base>::Adopt(object);
  EXPECT_EQ(owner.Leak(), object);
  EXPECT_FALSE(owner);
  EXPECT_EQ(destroyed_, 0);
  object->Release();
  EXPECT_EQ(destroyed_, 1);
}

// Never freed, so that it can be asked after its death.
class Immortal : public RefCounted<Immortal> {
 public:
  int deaths = 0;
  void Destroy() { ++deaths; }
};

TEST(TryAcquireTest, FailsOnceTheObjectIsDying) {
  Immortal object;
  EXPECT_TRUE(object.TryAcquire());
  EXPECT_EQ(object.ref_count(), 2u);
  object.Release();
  object.Release();
  EXPECT_EQ(object.deaths, 1);
  EXPECT_FALSE(object.TryAcquire());
  EXPECT_EQ(object.ref_count(), 0u);
}

// Under TSan: what each owner wrote is seen by the one that destroys.
TEST_F(RefCountedTest, OwnersOnSeveralThreadsDestroyItOnce) {
  for (int round = 0; round < 200; ++round) {
    Ref<Base> first = Ref<Base>::Adopt(new Base(destroyed_));
    std::vector<std::thread> owners;
    for (int i = 0; i < 3; ++i) {
      owners.emplace_back([ref = first]() mutable {
        const Ref<Base> other = ref;  // NOLINT: the copy is the test
        ref = Ref<Base>();
      });
    }
    first = Ref<Base>();
    for (std::thread& owner : owners) {
      owner.join();
    }
    owners.clear();
    EXPECT_EQ(destroyed_, round + 1);
  }
}

}  // namespace
}  // namespace ebpf
