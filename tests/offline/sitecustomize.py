"""Refuse every connection from Python to another machine.

Python imports a module of this name when it starts, so this folder on PYTHONPATH
guards each Python process that a test starts. An audit hook sees every socket, those
that asyncio or a C extension module of the standard library opens included; a library
that brings its own network code (gRPC in TensorFlow) is not seen.
"""

import importlib.util
import ipaddress
import os
import socket
import sys
from importlib.machinery import PathFinder

INTERNET = (socket.AF_INET, socket.AF_INET6)


class NetworkBlocked(RuntimeError):
    """Raised on a connection to another machine.

    Not an OSError, so code that falls back when it is offline cannot swallow it.
    """

    def __init__(self, target: str) -> None:
        super().__init__(
            f"Tests run without a network, but this code tried to reach {target}. "
            "Use data that scikit-learn carries or gantutor makes, "
            "or put a stand-in in place of the server."
        )


def as_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read a numeric address; a name gives None."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def is_this_machine(host: object) -> bool:
    """Say whether a connection to the host stays on this machine."""
    if isinstance(host, bytes | bytearray):
        host = host.decode("ascii", "replace")
    if not isinstance(host, str) or host in ("", "localhost", socket.gethostname()):
        return True
    address = as_address(host)
    return address is not None and address.is_loopback


def check_connection(sock: socket.socket, address: tuple | None) -> None:
    if address and sock.family in INTERNET and not is_this_machine(address[0]):
        raise NetworkBlocked(f"{address[0]}, port {address[1]}")


def check_name(host: object, *_: object) -> None:
    # Reading a numeric address asks nobody; connecting to it is judged above.
    if not is_this_machine(host) and as_address(str(host)) is None:
        raise NetworkBlocked(str(host))


CHECKS = {
    "socket.connect": check_connection,
    "socket.sendto": check_connection,
    "socket.sendmsg": check_connection,
    "socket.getaddrinfo": check_name,
    "socket.gethostbyname": check_name,
}


def refuse(event: str, args: tuple, checks: dict = CHECKS) -> None:
    # `checks` is an argument because globals may be gone when Python shuts down.
    if event in checks:
        checks[event](*args)


def run_hidden_sitecustomize() -> None:
    """Run the sitecustomize that this file stands in front of, where there is one."""
    here = os.path.dirname(os.path.abspath(__file__))
    others = [entry for entry in sys.path if os.path.abspath(entry) != here]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


sys.addaudithook(refuse)
if __name__ == "sitecustomize":
    run_hidden_sitecustomize()
