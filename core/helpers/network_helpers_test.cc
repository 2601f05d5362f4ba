// SPDX-License-Identifier: MIT
#include "core/helpers/packet_test_util.h"
#include "core/program/run_context.h"

namespace ebpf {
namespace {

using NetworkHelpersTest = PacketTest;

TEST_F(NetworkHelpersTest, FlowsHaveHashes) {
  const uint64_t hash = Call(helper_id::get_hash_recalc, Address(&skb_));
  EXPECT_NE(hash, 0u);
  EXPECT_EQ(Call(helper_id::get_hash_recalc, Address(&skb_)), hash);
  skb_.network_header[12] ^= 1;  // another address
  EXPECT_EQ(Call(helper_id::get_hash_recalc, Address(&skb_)), hash);
  Call(helper_id::set_hash_invalid, Address(&skb_));
  EXPECT_NE(Call(helper_id::get_hash_recalc, Address(&skb_)), hash);
  Call(helper_id::set_hash, Address(&skb_), 77);
  EXPECT_EQ(Call(helper_id::get_hash_recalc, Address(&skb_)), 77u);
}

TEST_F(NetworkHelpersTest, HashesStayInsideOfShortPackets) {
  PlacePacket(skb_, skb_.packet.data, skb_.network_header);
  EXPECT_NE(Call(helper_id::get_hash_recalc, Address(&skb_)), 0u);
}

TEST_F(NetworkHelpersTest, ThereAreNoSockets) {
  EXPECT_EQ(Call(helper_id::sk_lookup_tcp, Address(&skb_)), 0u);
  EXPECT_EQ(Call(helper_id::sk_lookup_udp, Address(&skb_)), 0u);
  EXPECT_EQ(Call(helper_id::skc_lookup_tcp, Address(&skb_)), 0u);
  SocketView socket = {};
  EXPECT_EQ(Call(helper_id::sk_fullsock, Address(&socket)), Address(&socket));
  EXPECT_EQ(Call(helper_id::tcp_sock, Address(&socket)), 0u);
  for (int32_t id :
       {helper_id::get_listener_sock, helper_id::skc_to_tcp_sock,
        helper_id::skc_to_tcp6_sock, helper_id::skc_to_tcp_timewait_sock,
        helper_id::skc_to_tcp_request_sock, helper_id::skc_to_udp6_sock}) {
    EXPECT_EQ(Call(static_cast<uint32_t>(id), Address(&socket)), 0u) << id;
  }
}

TEST_F(NetworkHelpersTest, SocketsAreTheKernelsOwnOrNobodys) {
  EXPECT_EQ(Call(helper_id::get_socket_uid, Address(&skb_)), 65534u);
  const SocketView socket = {};
  SetField(skb_, skb_field::kSocket, Address(&socket));
  EXPECT_EQ(Call(helper_id::get_socket_uid, Address(&skb_)), 0u);
}

TEST_F(NetworkHelpersTest, PacketsBelongToNoGroupAndNoRealm) {
  EXPECT_EQ(Call(helper_id::get_cgroup_classid, Address(&skb_)), 0u);
  EXPECT_EQ(Call(helper_id::skb_cgroup_classid, Address(&skb_)), 0u);
  EXPECT_EQ(Call(helper_id::get_route_realm, Address(&skb_)), 0u);
}

/// TC_ACT_SHOT is 2, TC_ACT_REDIRECT 7.
TEST_F(NetworkHelpersTest, RedirectsAreResultsOfTheProgram) {
  const uint8_t params[20] = {};
  EXPECT_EQ(Call(helper_id::redirect_neigh, 1, 0, 0, 0), 7u);
  EXPECT_EQ(Call(helper_id::redirect_neigh, 1, Address(params), 20, 0), 7u);
  EXPECT_EQ(Call(helper_id::redirect_neigh, 1, Address(params), 19, 0), 2u);
  EXPECT_EQ(Call(helper_id::redirect_neigh, 1, 0, 0, 1), 2u);
  EXPECT_EQ(Call(helper_id::redirect_peer, 1, 0), 7u);
  EXPECT_EQ(Call(helper_id::redirect_peer, 1, 1), 2u);
}

TEST_F(NetworkHelpersTest, ThereAreNoDevices) {
  EXPECT_EQ(Call(helper_id::clone_redirect, Address(&skb_), 1, 0),
            Negative(22));
  uint8_t params[64] = {2};
  EXPECT_EQ(Call(helper_id::fib_lookup, Address(&skb_), Address(params), 64, 0),
            Negative(19));
  params[0] = 1;
  EXPECT_EQ(Call(helper_id::fib_lookup, Address(&skb_), Address(params), 64, 0),
            Negative(97));
  EXPECT_EQ(Call(helper_id::fib_lookup, Address(&skb_), Address(params), 63, 0),
            Negative(22));
  ASSERT_EQ(InitRunContexts(PortAllocator()), Status::kOk);
  uint32_t length = 0;
  const auto check = [&](uint64_t difference, uint64_t flags) {
    return Call(helper_id::check_mtu, Address(&skb_), 0, Address(&length),
                difference, flags);
  };
  EXPECT_EQ(check(4, 0), Negative(19));
  EXPECT_EQ(check(0, 1), Negative(19));
  EXPECT_EQ(check(4, 1), Negative(22));
  EXPECT_EQ(check(0, 2), Negative(22));
  length = 1;
  EXPECT_EQ(check(0, 1), Negative(22));
  ExitRunContexts();
}

}  // namespace
}  // namespace ebpf
