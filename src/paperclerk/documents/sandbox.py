"""What a reading child may not do, enforced by the kernel. Called by `zygote` and `child` before any document.

Every protection is tried by itself and a machine that lacks one carries on without it; `sandbox_report` in
`process` tells which are active, by trying the forbidden things in a real child.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_CLONE_NEWIPC = 0x08000000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_CLONE_THREAD = 0x00010000

MAX_DESCRIPTORS = 64

_state = {"own network": False}


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def leave_network() -> bool:
    """Move this process, which must have one thread, into a network of its own without any interface."""
    if sys.platform != "linux":
        return False
    libc = _libc()
    flags = _CLONE_NEWNET | _CLONE_NEWIPC
    _state["own network"] = libc.unshare(_CLONE_NEWUSER | flags) == 0 or libc.unshare(flags) == 0
    return _state["own network"]


def has_own_network() -> bool:
    """Whether `leave_network` succeeded in this process or in the one it was forked from."""
    return _state["own network"]


def die_with_parent() -> None:
    """Be killed when the process that forked this one ends."""
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def drop_powers() -> bool:
    """Take away what no reading needs: core dumps, written files, most descriptors and system calls.

    For good, for this process and what it might start. Returns whether the system call filter is active.
    """
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_NOFILE, MAX_DESCRIPTORS)
    if sys.platform != "linux":
        return False
    libc = _libc()
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return _filter_system_calls(libc)


def limit_memory(limit_bytes: int) -> None:
    """Let allocations beyond `limit_bytes` of private memory fail; address space gets room for mapped files."""
    _lower(resource.RLIMIT_DATA, limit_bytes)
    _lower(resource.RLIMIT_AS, limit_bytes + 3_000_000_000)


def limit_cpu(more_seconds: float, total_seconds: float) -> None:
    """Die by SIGXCPU after `more_seconds` from now; the total of this process stays below `total_seconds`."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = used.ru_utime + used.ru_stime + more_seconds
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    wanted = int(total_seconds) + 1
    hard = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    resource.setrlimit(resource.RLIMIT_CPU, (min(int(soft) + 1, hard), hard))


def _lower(which: int, value: int) -> None:
    _soft, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    try:
        resource.setrlimit(which, (value, value))
    except (ValueError, OSError):
        pass  # a platform without this limit; the report shows what is left


# --- the system call filter -------------------------------------------------------------------------------

# name x86_64 aarch64; - where the architecture has no such call
_DENIED = """
socket 41 198; socketpair 53 199; connect 42 203; bind 49 200; listen 50 201; accept 43 202;
accept4 288 242
execve 59 221; execveat 322 281; fork 57 -; vfork 58 -; ptrace 101 117; process_vm_readv 310 270;
process_vm_writev 311 271; kill 62 129; tkill 200 130; rt_sigqueueinfo 129 138;
rt_tgsigqueueinfo 297 240; pidfd_open 434 434; pidfd_send_signal 424 424; pidfd_getfd 438 438;
kcmp 312 272; setpriority 141 140; sched_setaffinity 203 122; sched_setscheduler 144 119
open 2 -; openat 257 56; openat2 437 437; creat 85 -; open_by_handle_at 304 265; unlink 87 -;
unlinkat 263 35; rename 82 -; renameat 264 38; renameat2 316 276; mkdir 83 -; mkdirat 258 34;
rmdir 84 -; link 86 -; linkat 265 37; symlink 88 -; symlinkat 266 36; mknod 133 -; mknodat 259 33;
chmod 90 -; fchmod 91 52; fchmodat 268 53; chown 92 -; fchown 93 55; fchownat 260 54;
truncate 76 45; ftruncate 77 46; setxattr 188 5; lsetxattr 189 6; fsetxattr 190 7
mount 165 40; umount2 166 39; pivot_root 155 41; chroot 161 51; unshare 272 97; setns 308 268;
bpf 321 280; perf_event_open 298 241; userfaultfd 323 282; keyctl 250 219; add_key 248 217;
request_key 249 218; io_uring_setup 425 425; io_uring_enter 426 426; io_uring_register 427 427;
init_module 175 105; finit_module 313 273; delete_module 176 106; kexec_load 246 104;
reboot 169 142; shmget 29 194; msgget 68 186; semget 64 190; fsopen 430 430; move_mount 429 429;
open_tree 428 428; memfd_create 319 279; inotify_init1 294 26; fanotify_init 300 262
"""

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_CLONE = (56, 220)
_CLONE3 = (435, 435)
_TGKILL = (234, 131)

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_ERRNO = 0x00050000
_EACCES, _EPERM, _ENOSYS = 13, 1, 38
_AT_NUMBER, _AT_ARCHITECTURE, _AT_FIRST_ARGUMENT = 0, 4, 16
_X32_BIT = 0x40000000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _filter_system_calls(libc: ctypes.CDLL) -> bool:
    code = filter_program(platform.machine(), os.getpid())
    if code is None:
        return False
    program = _Program(len(code) // 8, code)
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def filter_program(machine: str, pid: int) -> bytes | None:
    """The filter as classic BPF for `machine`, None for an architecture without one.

    Everything is allowed but the table above, new processes (threads are allowed), and signals to other
    processes than `pid`.
    """
    if machine not in _ARCHITECTURES:
        return None
    column, architecture = _ARCHITECTURES[machine]
    code = [
        _instruction(_LOAD, _AT_ARCHITECTURE),
        _instruction(_JUMP_EQUAL, architecture, 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, _AT_NUMBER),
    ]
    if column == 0:  # the x32 numbers would walk around the table
        code += [_instruction(_JUMP_AT_LEAST, _X32_BIT, 0, 1), _instruction(_RETURN, _ERRNO | _ENOSYS)]
    for number in denied_calls(column).values():
        code += [_instruction(_JUMP_EQUAL, number, 0, 1), _instruction(_RETURN, _ERRNO | _EACCES)]
    # glibc falls back to clone, whose flags a filter can read
    code += [_instruction(_JUMP_EQUAL, _CLONE3[column], 0, 1), _instruction(_RETURN, _ERRNO | _ENOSYS)]
    code += [
        _instruction(_JUMP_EQUAL, _CLONE[column], 0, 4),
        _instruction(_LOAD, _AT_FIRST_ARGUMENT),
        _instruction(_JUMP_SET, _CLONE_THREAD, 0, 1),
        _instruction(_RETURN, _ALLOW),
        _instruction(_RETURN, _ERRNO | _EPERM),
        _instruction(_JUMP_EQUAL, _TGKILL[column], 0, 3),
        _instruction(_LOAD, _AT_FIRST_ARGUMENT),
        _instruction(_JUMP_EQUAL, pid, 1, 0),
        _instruction(_RETURN, _ERRNO | _EPERM),
        _instruction(_RETURN, _ALLOW),
    ]
    return b"".join(code)


def denied_calls(column: int) -> dict[str, int]:
    """The forbidden system calls and their numbers; `column` 0 is x86_64, 1 is aarch64."""
    rows = (row.split() for row in _DENIED.replace(";", "\n").strip().splitlines())
    return {row[0]: int(row[1 + column]) for row in rows if row and row[1 + column] != "-"}


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
