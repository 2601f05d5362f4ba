// SPDX-License-Identifier: MIT
//
// Against std::list.
#include "core/base/intrusive_list.h"

#include <list>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

struct OtherTag;
struct Element : ListNode<Element>, ListNode<Element, OtherTag> {
  int value = 0;
};
using List = IntrusiveList<Element>;

std::vector<int> ValuesOf(List& list) {
  std::vector<int> values;
  for (const Element& element : list) {
    values.push_back(element.value);
  }
  return values;
}

TEST(IntrusiveListTest, DoesWhatStdListDoes) {
  constexpr int kCount = 20;
  std::vector<Element> elements(kCount);
  for (int i = 0; i < kCount; ++i) {
    elements[i].value = i;
  }
  List ours;
  std::list<int> theirs;
  std::mt19937 random(1);
  for (int step = 0; step < 2000; ++step) {
    Element& element = elements[random() % kCount];
    ListNode<Element>& node = element;
    if (node.IsLinked()) {
      ours.Remove(element);
      theirs.remove(element.value);
    } else {
      ours.PushBack(element);
      theirs.push_back(element.value);
    }
    ASSERT_EQ(ours.empty(), theirs.empty());
    ASSERT_EQ(ValuesOf(ours), std::vector<int>(theirs.begin(), theirs.end()));
    if (!theirs.empty()) {
      ASSERT_EQ(ours.Front().value, theirs.front());
    }
  }
}

TEST(IntrusiveListTest, AnElementMayBeInOneListPerTag) {
  Element element;
  element.value = 3;
  List list;
  IntrusiveList<Element, OtherTag> other;
  list.PushBack(element);
  other.PushBack(element);
  list.Remove(element);
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(other.Front().value, 3);
  EXPECT_EQ(other.begin()->value, 3);
}

}  // namespace
}  // namespace ebpf
