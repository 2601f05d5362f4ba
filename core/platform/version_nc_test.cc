// SPDX-License-Identifier: MIT
//
// A port for another contract does not compile, and says what to read.
#include "core/platform/version.h"

EBPF_PORT_WRITTEN_FOR(EBPF_PORT_API);

#if NC_TEST(APortForAnOlderContractIsRefused)
// error: an older contract than core's: read 'Versions' in core/platform/README
EBPF_PORT_WRITTEN_FOR(EBPF_PORT_API_OLDEST - 1);
#endif

#if NC_TEST(APortForANewerContractIsRefused)
// error: a newer contract than core's: take core/ and arch/ from where the port
EBPF_PORT_WRITTEN_FOR(EBPF_PORT_API + 1);
#endif

#if NC_TEST(APortSaysItOnce)
// error: redefinition of 'ebpf_port_written_for'
EBPF_PORT_WRITTEN_FOR(EBPF_PORT_API);
#endif
