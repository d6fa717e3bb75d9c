"""Runs a program whose system call of a number fails with an errno: refused-call.py NUMBER ERRNO PROGRAM…"""
import ctypes, os, struct, sys

number, errno = int(sys.argv[1]), int(sys.argv[2])
NO_NEW_PRIVS, SECCOMP, FILTER = 38, 22, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
RET_ERRNO, RET_ALLOW = 0x00050000, 0x7FFF0000


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


steps = [(LOAD, 0, 0, 0), (JUMP_IF_EQUAL, 0, 1, number), (RETURN, 0, 0, RET_ERRNO | errno), (RETURN, 0, 0, RET_ALLOW)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
libc = ctypes.CDLL(None)
assert libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0) == 0
assert libc.prctl(SECCOMP, FILTER, ctypes.byref(Program(len(steps), ctypes.addressof(code)))) == 0
os.execvp(sys.argv[3], sys.argv[3:])
