// SPDX-License-Identifier: MIT
//
// What Linux's clients are made of, in each kernel: objects whose sections name
// their functions, and libbpf's macros for arguments, results and addresses.
#include "core/platform/symbols.h"
#include "testing/guest/clients/loaded_object.h"
#include "testing/guest/clients/subject.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/injectable.h"
#include "testing/guest/kernel/memory.h"
#include "testing/programs/clients.h"
#include "testing/programs/clients_object.h"
#include "testing/programs/many_object.h"
#include "testing/programs/override_object.h"

namespace guest {
namespace {

constexpr long kFirst = -0x1234'5678'9abc;
constexpr int kSecond = -7;
constexpr uint16_t kThird = 0xfffe;
constexpr uint8_t kFourth = 0x81;
constexpr long kSum = kFirst + kSecond + kThird + kFourth;

[[gnu::noinline]] bool SubjectIsRight() {
  return client_subject(kFirst, kSecond, kThird, kFourth, "a path") == kSum;
}

uint64_t SubjectAddress() {
  return reinterpret_cast<uint64_t>(&client_subject);
}

/// Whether `address` is in the function that calls the subject.
bool IsInCaller(uint64_t address) {
  ebpf_symbol symbol;
  return ebpf_port_symbol_by_address(address, &symbol) &&
         symbol.address == reinterpret_cast<uint64_t>(&SubjectIsRight);
}

GUEST_TEST(Clients, Start) { GUEST_EXPECT_EQ(-StartEbpf(), 0); }

GUEST_TEST(Clients, AKprobesArgumentsAreThoseOfTheCall) {
  LoadedObject clients(clients_object());
  GUEST_ASSERT(clients.loaded());
  GUEST_ASSERT(clients.Attach("on_entry") > 0);
  GUEST_EXPECT(SubjectIsRight());
  GUEST_EXPECT(SubjectIsRight());

  const auto seen = clients.Variables<client_view>();
  GUEST_EXPECT_EQ(seen.entries, 2);
  GUEST_EXPECT_EQ(seen.first, kFirst);
  GUEST_EXPECT_EQ(seen.second, kSecond);
  GUEST_EXPECT_EQ(seen.third, kThird);
  GUEST_EXPECT_EQ(seen.fourth, kFourth);
  GUEST_EXPECT(ebpf::StringView::FromField(seen.text, sizeof(seen.text)) ==
               "a path");
  GUEST_EXPECT_EQ(seen.entry_ip, SubjectAddress());
  GUEST_EXPECT_EQ(seen.entry_function, SubjectAddress());
  GUEST_EXPECT(IsInCaller(seen.caller));
  char here;
  const auto stack = reinterpret_cast<uint64_t>(&here);
  GUEST_EXPECT(stack - seen.entry_frame + 4096 < 8192);
}

GUEST_TEST(Clients, AnOffsetNamesAnInstructionInsideOfTheFunction) {
  LoadedObject clients(clients_object());
  GUEST_ASSERT(clients.loaded());
  GUEST_ASSERT(clients.Attach("inside") > 0);
  GUEST_EXPECT(SubjectIsRight());

  const auto seen = clients.Variables<client_view>();
  GUEST_EXPECT_EQ(seen.insides, 1);
  GUEST_EXPECT_EQ(seen.inside_ip, SubjectAddress() + 0x10);
  GUEST_EXPECT_EQ(seen.inside_function, 0);
  GUEST_EXPECT_EQ(seen.entries, 0);
}

GUEST_TEST(Clients, AKretprobeSeesTheResult) {
  LoadedObject clients(clients_object());
  GUEST_ASSERT(clients.loaded());
  GUEST_ASSERT(clients.Attach("on_return") > 0);
  GUEST_EXPECT(SubjectIsRight());
  GUEST_EXPECT(SubjectIsRight());

  const auto seen = clients.Variables<client_view>();
  GUEST_EXPECT_EQ(seen.returns, 2);
  GUEST_EXPECT_EQ(seen.result, kSum);
  GUEST_EXPECT_EQ(seen.return_function, SubjectAddress());
  GUEST_EXPECT_EQ(seen.entries, 0);
  clients.object().Close();
  GUEST_EXPECT(SubjectIsRight());
}

/// What a map of many.bpf.c says of a function.
uint64_t HitsOf(LoadedObject& many, ebpf::StringView map, uint64_t function) {
  uint64_t hits = 0;
  const ebpf::Result<int> fd = many.object().MapFd(map);
  (void)demo::LookupElem(many.client(), *fd, &function, &hits);
  return hits;
}

GUEST_TEST(Clients, APatternAttachesToEachFunctionThatFits) {
  const auto second = reinterpret_cast<uint64_t>(&client_second);
  LoadedObject many(many_object());
  GUEST_ASSERT(many.loaded());
  GUEST_ASSERT(many.Attach("on_call") > 0);
  GUEST_ASSERT(many.Attach("on_return") > 0);
  for (long i = 0; i < 20; ++i) {
    GUEST_EXPECT_EQ(client_second(i), i + 1);
  }
  GUEST_EXPECT(SubjectIsRight());
  constexpr const char* kMaps[] = {"calls", "returns"};
  for (const char* map : kMaps) {
    GUEST_EXPECT_EQ(HitsOf(many, map, second), 20);
    GUEST_EXPECT_EQ(HitsOf(many, map, SubjectAddress()), 1);
  }
  many.object().Close();
  GUEST_EXPECT(SubjectIsRight());
}

GUEST_TEST(Clients, AnOverriddenFunctionFailsAsTheProgramSays) {
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

GUEST_TEST(Clients, WhoFollowsTheReturnSeesTheOverriddenValue) {
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

GUEST_TEST(Clients, OnlyWhatTheKernelNamesCanBeOverridden) {
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
  GUEST_EXPECT(SubjectIsRight());
}

}  // namespace
}  // namespace guest
