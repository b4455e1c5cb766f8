"""System calls as `/proc/PID/task/TID/syscall` numbers them, and what their arguments tell.

Columns: name, number on x86_64, number on aarch64 ("-": that architecture lacks the call), kinds of
the arguments worth showing, and how the call ends once it is blocked. The numbers are those of the
kernel's asm/unistd_64.h (x86_64) and asm-generic/unistd.h (aarch64).

Kinds: d descriptor or other int, n size or count, p pointer, f MSG_ flags.
Ends: `event` only by something from outside; `msN` by an int timeout in milliseconds in argument N
(negative: none); `ptrN` by the time that pointer N shows (NULL: none); `time` always by a clock;
`-` by itself, or in a way that the arguments do not tell.
"""

from __future__ import annotations

import dataclasses
import platform

_TABLE = """
read                 0   63  dpn    event
write                1   64  dpn    event
readv               19   65  dpn    event
writev              20   66  dpn    event
pread64             17   67  dpn    -
pwrite64            18   68  dpn    -
preadv             295   69  dpn    -
pwritev            296   70  dpn    -
preadv2            327  286  dpn    event
pwritev2           328  287  dpn    event
sendfile            40   71  ddpn   event
splice             275   76  dpdpn  event
tee                276   77  ddn    event
vmsplice           278   75  dpn    event
copy_file_range    326  285  dpdpn  -
open                 2    -  p      event
openat             257   56  dp     event
close                3   57  d      -
shutdown            48  210  dd     -
fsync               74   82  d      -
fcntl               72   25  dd     event
flock               73   32  dd     event
ioctl               16   29  dn     -
poll                 7    -  pnd    ms2
ppoll              271   73  pnp    ptr2
select              23    -  npppp  ptr4
pselect6           270   72  npppp  ptr4
epoll_create1      291   20  d      -
epoll_ctl          233   21  ddd    -
epoll_wait         232    -  dpnd   ms3
epoll_pwait        281   22  dpnd   ms3
epoll_pwait2       441  441  dpnp   ptr3
socket              41  198  ddd    -
bind                49  200  dpn    -
listen              50  201  dd     -
accept              43  202  dpp    event
accept4            288  242  dpp    event
connect             42  203  dpn    -
recvfrom            45  207  dpnf   event
recvmsg             47  212  dpf    event
recvmmsg           299  243  dpnf   ptr4
sendto              44  206  dpnf   event
sendmsg             46  211  dpf    event
sendmmsg           307  269  dpnf   event
futex              202   98  pdnp   ptr3
futex_waitv        449  449  pnnp   ptr3
nanosleep           35  101  pp     time
clock_nanosleep    230  115  ddpp   time
wait4               61  260  dpd    event
waitid             247   95  ddp    event
pause               34    -  -      event
rt_sigsuspend      130  133  p      event
rt_sigtimedwait    128  137  ppp    ptr2
restart_syscall    219  128  -      -
sched_yield         24  124  -      -
msgrcv              70  188  dpn    event
msgsnd              69  189  dpn    event
semop               65  193  dpn    event
semtimedop         220  192  dpnp   ptr3
mq_timedreceive    243  183  dpnpp  ptr4
mq_timedsend       242  182  dpnnp  ptr4
io_getevents       208    4  pnnpp  ptr4
io_uring_enter     426  426  dnn    -
clone               56  220  -      -
set_robust_list    273   99  pn     -
rseq               334  293  p      -
clone3             435  435  -      -
fork                57    -  -      -
vfork               58    -  -      -
execve              59  221  p      -
execveat           322  281  dp     -
kill                62  129  dd     -
tgkill             234  131  ddd    -
exit                60   93  d      -
exit_group         231   94  d      -
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Signature:
    """What the table says of one call."""

    kinds: str
    ends: str  #: "event", "ms", "ptr", "time" or "-"
    timeout: int = -1  #: index of the timeout argument for "ms" and "ptr"


def _read_table() -> tuple[dict[str, dict[str, int]], dict[str, Signature]]:
    numbers: dict[str, dict[str, int]] = {"x86_64": {}, "aarch64": {}}
    signatures = {}
    for line in _TABLE.split("\n"):
        if not line:
            continue
        name, x86_64, aarch64, kinds, ends = line.split()
        for machine, number in (("x86_64", x86_64), ("aarch64", aarch64)):
            if number != "-":
                numbers[machine][name] = int(number)
        kinds = kinds.replace("-", "")
        word = ends.rstrip("0123456789")
        signatures[name] = Signature(kinds, word, int(ends[len(word) :] or -1))
    return numbers, signatures


#: Numbers by architecture (as `uname -m` writes it) and name; signatures by name.
NUMBERS, SIGNATURES = _read_table()


def names(machine: str | None = None) -> dict[int, str]:
    """Names by number for an architecture (default: this machine's); raises KeyError for others.

    Programs built for 32 bits have other numbers still, which /proc does not tell apart.
    """
    return {number: name for name, number in NUMBERS[machine or platform.machine()].items()}
