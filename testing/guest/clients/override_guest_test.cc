// SPDX-License-Identifier: MIT
//
// bpf_override_return in each guest: a function that its kernel names returns
// what a program says, and no other one does.
#include "testing/guest/clients/loaded_object.h"
#include "testing/guest/clients/subject.h"
#include "testing/guest/kernel/injectable.h"
#include "testing/programs/clients.h"
#include "testing/programs/clients_object.h"
#include "testing/programs/override_object.h"

namespace guest {
namespace {

GUEST_TEST(Override, AnOverriddenFunctionFailsAsTheProgramSays) {
  LoadedObject override(override_object());
  GUEST_ASSERT(override.loaded());
  GUEST_EXPECT_EQ(guest_reserve(3), 3);
  GUEST_ASSERT(override.Attach("fail_every_other") > 0);
  long reserved = 3;
  for (long call = 0; call < 100; ++call) {
    const bool fails = call % 2 == 1;
    reserved += fails ? 0 : call;
    GUEST_EXPECT_EQ(guest_reserve(call), fails ? -12 - call : reserved);
  }
  GUEST_EXPECT_EQ(override.Variables<uint64_t>(), 100);
  override.object().Close();
  GUEST_EXPECT_EQ(guest_reserve(1), reserved + 1);
  GUEST_EXPECT_EQ(guest_unreserve(reserved + 1), 0);
}

GUEST_TEST(Override, WhoFollowsTheReturnSeesTheOverriddenValue) {
  // Who follows is told of the call before it is overridden, and not if it
  // comes behind.
  constexpr bool kOrders[] = {true, false};
  for (const bool first : kOrders) {
    LoadedObject override(override_object());
    LoadedObject clients(clients_object());
    GUEST_ASSERT(override.loaded() && clients.loaded());
    const auto follow = [&] {
      return clients.object().Attach(clients.IndexOf("on_return"),
                                     "guest_reserve");
    };
    GUEST_ASSERT(!first || follow().ok());
    GUEST_ASSERT(override.Attach("fail_every_other") > 0);
    GUEST_ASSERT(first || follow().ok());
    GUEST_EXPECT_EQ(guest_reserve(5), 5);
    GUEST_EXPECT_EQ(clients.Variables<client_view>().result, 5);
    GUEST_EXPECT_EQ(guest_reserve(7), -19);
    const auto seen = clients.Variables<client_view>();
    GUEST_EXPECT_EQ(seen.result, first ? -19 : 5);
    GUEST_EXPECT_EQ(seen.returns, first ? 2 : 1);
    override.object().Close();
    clients.object().Close();
    GUEST_EXPECT_EQ(guest_unreserve(5), 0);
  }
}

GUEST_TEST(Override, OnlyWhatTheKernelNamesCanBeOverridden) {
  LoadedObject override(override_object());
  GUEST_ASSERT(override.loaded());
  ebpf::loader::Object& object = override.object();
  const auto says = [&](const char* function, uint64_t offset) {
    return static_cast<uint64_t>(object.Attach(0, function, offset).status());
  };
  constexpr auto kInvalid = static_cast<uint64_t>(ebpf::Status::kInvalid);
  GUEST_EXPECT_EQ(says("guest_unreserve", 0), kInvalid);
  GUEST_EXPECT_EQ(says("client_subject", 0), kInvalid);
  GUEST_EXPECT_EQ(says("client_subject", 0x10), kInvalid);
  GUEST_EXPECT_EQ(client_subject(1, 2, 3, 4, ""), 10);
}

}  // namespace
}  // namespace guest
