"""What another process on this machine uses: memory and processor time, from /proc. Elsewhere: nothing is known."""

import os
import re
from pathlib import Path

PROC = Path("/proc")
LISTENING = "0A"


def listener(port: int) -> int | None:
    """The process that listens on a TCP port, if it is here and ours to look at."""
    sockets = {f"socket:[{inode}]" for inode in listening(port)}
    if not sockets:
        return None
    for folder in PROC.glob("[0-9]*/fd"):
        try:
            if any(str(link.readlink()) in sockets for link in folder.iterdir()):
                return int(folder.parent.name)
        except OSError:
            continue
    return None


def listening(port: int) -> set[str]:
    inodes = set()
    for table in (PROC / "net/tcp", PROC / "net/tcp6"):
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes


def rss_kb(pid: int | None) -> int | None:
    try:
        found = re.search(r"VmRSS:\s+(\d+) kB", (PROC / str(pid) / "status").read_text())
    except OSError:
        return None
    return int(found[1]) if found else None


def cpu_seconds(pid: int | None) -> float | None:
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
