# SPDX-License-Identifier: GPL-2.0-only
"""
In the emulated host: what may be behind a guest's memory, as QEMU options, and
the host's hugepages. 1G pages are reserved when the host boots.
"""
import os
import subprocess

MB, PAGE = 1 << 20, 4096
POOLS = {"2M": "/sys/kernel/mm/hugepages/hugepages-2048kB/",
         "1G": "/sys/kernel/mm/hugepages/hugepages-1048576kB/"}
DIR_1G = "/dev/hugepages-1g"


class NoMemory(Exception):
    """The host has not enough of it."""


def size_of(mem):
    """QEMU's 128M or 1G in bytes."""
    return int(mem[:-1]) * {"M": MB, "G": 1024 * MB}[mem[-1]]


def read_pool(what, size="2M"):
    with open(POOLS[size] + what, encoding="ascii") as f:
        return int(f.read())


def in_use():
    """Hugepages that somebody has, of either size."""
    return sum(read_pool("nr_hugepages", size) - read_pool("free_hugepages", size)
               for size in POOLS)


def set_pool(pages):
    with open(POOLS["2M"] + "nr_hugepages", "w", encoding="ascii") as f:
        f.write("%d" % pages)


def unclaimed():
    """Free 2M pages, but for those that mappings are promised."""
    return read_pool("free_hugepages") - read_pool("resv_hugepages")


def reserve(mem):
    """2M pages for one guest more."""
    want = size_of(mem) // (2 * MB)
    missing = want - unclaimed()
    if missing > 0:
        set_pool(read_pool("nr_hugepages") + missing)
    if unclaimed() < want:
        raise NoMemory("the host has no %d free hugepages" % want)


def release():
    set_pool(0)


def backend(kind, mem, options):
    return ["-object", "%s,id=ram,size=%s,%s" % (kind, mem, options),
            "-machine", "memory-backend=ram"]


def hugetlb_path(mem, _):
    reserve(mem)
    return ["-mem-path", "/dev/hugepages"]


def hugetlb_memfd(mem, _):
    reserve(mem)
    return backend("memory-backend-memfd", mem, "hugetlb=on,hugetlbsize=2M")


def hugetlb_1g(mem, _):
    if not os.path.ismount(DIR_1G):
        os.makedirs(DIR_1G, exist_ok=True)
        subprocess.run(["mount", "-t", "hugetlbfs", "-o", "pagesize=1G", "none",
                        DIR_1G], check=True)
    return backend("memory-backend-file", mem, "mem-path=" + DIR_1G)


def shared_file(mem, path):
    """Guest memory that others can read and write, in PATH.memory."""
    return backend("memory-backend-file", mem, "share=on,mem-path=%s.memory" % path)


BACKINGS = {"anon": lambda mem, path: [], "file": shared_file,
            "mem-path": hugetlb_path, "memfd": hugetlb_memfd, "1g": hugetlb_1g}
