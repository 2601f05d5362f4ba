# SPDX-License-Identifier: MIT
"""libebpf_host.so from a language that is neither C nor C++."""

import ctypes
import os
import struct
import unittest

LIBRARY = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "libebpf_host.so"
)

MAP_CREATE, MAP_LOOKUP, MAP_UPDATE, PROG_LOAD, OBJ_PIN, OBJ_GET = 0, 1, 2, 5, 6, 7
LINK_CREATE = 28
ARRAY, KPROBE, PERF_EVENT = 2, 2, 41
ENABLE = 0x2400  # PERF_EVENT_IOC_ENABLE

# push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
ADD = bytes([0x55, 0x48, 0x89, 0xE5, 0x48, 0x8D, 0x04, 0x37, 0x5D, 0xC3])


def insn(opcode, dst=0, src=0, offset=0, imm=0):
    return struct.pack("<BBhi", opcode, dst | src << 4, offset, imm)


class Library:
    def __init__(self):
        self.lib = ctypes.CDLL(LIBRARY)
        for name in ("bpf", "close", "ioctl", "perf_event_open", "fd_info",
                     "pin_mkdir", "pin_unlink", "pin_rmdir"):
            getattr(self.lib, "ebpf_host_" + name).restype = ctypes.c_int64
        for name in ("allocated_bytes", "add_function"):
            getattr(self.lib, "ebpf_host_" + name).restype = ctypes.c_uint64
        self.lib.ebpf_host_fd_name.restype = ctypes.c_char_p
        self.kept = []

    def __getattr__(self, name):
        return getattr(self.lib, "ebpf_host_" + name)

    def put(self, data):
        """The address of a copy of `data`."""
        memory = ctypes.create_string_buffer(bytes(data), len(data))
        self.kept.append(memory)
        return ctypes.addressof(memory)

    def bpf_call(self, command, attr):
        memory = ctypes.create_string_buffer(attr, len(attr))
        return self.lib.ebpf_host_bpf(command, memory, len(attr))

    def create_map(self, kind, key, value, entries):
        return self.bpf_call(
            MAP_CREATE, struct.pack("<5I", kind, key, value, entries, 0)
        )

    def lookup(self, fd, key):
        value = self.put(bytes(8))
        result = self.bpf_call(
            MAP_LOOKUP,
            struct.pack("<IIQQQ", fd, 0, self.put(struct.pack("<I", key)),
                        value, 0),
        )
        return result if result < 0 else struct.unpack(
            "<Q", ctypes.string_at(value, 8))[0]

    def load(self, kind, code):
        return self.bpf_call(
            PROG_LOAD,
            struct.pack("<IIQQ", kind, len(code) // 8, self.put(code),
                        self.put(b"GPL\0")),
        )


class LibraryTest(unittest.TestCase):
    def setUp(self):
        self.host = Library()
        self.assertEqual(self.host.start(False), 0)

    def tearDown(self):
        self.host.stop()
        self.assertEqual(self.host.allocated_bytes(), 0)

    def test_starts_once(self):
        self.assertEqual(self.host.start(False), -17)

    def test_maps_and_programs_have_descriptors(self):
        fd = self.host.create_map(ARRAY, 4, 8, 1)
        self.assertEqual(fd, 3)
        self.assertEqual(self.host.fd_name(fd), b"anon_inode:bpf-map")
        self.assertIsNone(self.host.fd_name(77))
        text = ctypes.create_string_buffer(1000)
        self.assertGreater(self.host.fd_info(fd, text, 1000), 0)
        self.assertIn(b"map_type:\t2\n", text.value)
        self.assertEqual(self.host.lookup(fd, 0), 0)
        self.assertEqual(self.host.lookup(fd, 1), -2)
        self.assertEqual(self.host.close(fd), 0)
        self.assertEqual(self.host.close(fd), -9)

    def test_a_program_runs_on_a_probe_by_a_link(self):
        address = self.host.add_function(b"add", ADD, len(ADD))
        add = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64,
                               ctypes.c_uint64)(address)
        counter = self.host.create_map(ARRAY, 4, 8, 1)
        # lock *(u64 *)value += 1; r0 = 0
        program = self.host.load(
            KPROBE,
            insn(0x18, 1, 2, 0, counter) + insn(0) + insn(0xB7, 2, 0, 0, 1)
            + insn(0xDB, 1, 2) + insn(0xB7) + insn(0x95),
        )
        self.assertGreaterEqual(program, 0)
        attr = bytearray(128)
        struct.pack_into("<II", attr, 0, 6, 128)  # type kprobe, size
        struct.pack_into("<Q", attr, 40, 1)  # disabled
        struct.pack_into("<Q", attr, 56, self.host.put(b"add\0"))
        event = self.host.perf_event_open(bytes(attr), -1, 0, -1,
                                          ctypes.c_uint64(8))
        self.assertGreaterEqual(event, 0)
        link = self.host.bpf_call(
            LINK_CREATE, struct.pack("<4IQ", program, event, PERF_EVENT, 0, 5)
        )
        self.assertGreaterEqual(link, 0)
        self.assertEqual(self.host.ioctl(event, ENABLE, ctypes.c_uint64(0)), 0)
        self.assertEqual(add(20, 22), 42)
        self.assertEqual(add(1, 2), 3)
        self.assertEqual(self.host.lookup(counter, 0), 2)
        self.host.close(link)
        self.assertEqual(add(1, 2), 3)
        self.assertEqual(self.host.lookup(counter, 0), 2)

    def test_what_is_pinned_is_found_again(self):
        fd = self.host.create_map(ARRAY, 4, 8, 1)
        path = self.host.put(b"/sys/fs/bpf/dir/map\0")
        self.assertEqual(
            self.host.bpf_call(OBJ_PIN, struct.pack("<QII", path, fd, 0)), -2
        )
        self.assertEqual(self.host.pin_mkdir(b"/sys/fs/bpf/dir"), 0)
        self.assertEqual(
            self.host.bpf_call(OBJ_PIN, struct.pack("<QII", path, fd, 0)), 0
        )
        self.host.close(fd)
        again = self.host.bpf_call(OBJ_GET, struct.pack("<QII", path, 0, 0))
        self.assertEqual(self.host.lookup(again, 0), 0)
        self.assertEqual(self.host.pin_rmdir(b"/sys/fs/bpf/dir"), -39)

    def test_programs_are_interpreted_if_that_is_wished(self):
        self.host.stop()
        self.assertEqual(self.host.bpf_call(MAP_CREATE, bytes(20)), -38)
        self.assertEqual(self.host.start(True), 0)
        fd = self.host.load(KPROBE, insn(0xB7) + insn(0x95))
        text = ctypes.create_string_buffer(1000)
        self.host.fd_info(fd, text, 1000)
        self.assertIn(b"prog_jited:\t0\n", text.value)


if __name__ == "__main__":
    unittest.main()
