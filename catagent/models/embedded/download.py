"""Appends a file from the web to stdout, in as many pieces as it takes. A program of its own.

The address is on stdin. stdout is a file: what it has is not asked for again, where the server can
go on from there. The exit code is 0, or 1 with the reason, which never has the address, on stderr.
"""

import io
import ssl
import sys
import time
from typing import BinaryIO

import httpx

TRIES = 5  # one after the other that bring nothing new
_MOST = 110_000_000  # bytes
_TIMEOUT, _PAUSE_S = httpx.Timeout(30, connect=5), 0.5


def main(address: str, file: BinaryIO) -> None:
    """Append what is missing to a file. Raises OSError, and SystemExit for giving up."""
    tls = httpx.create_ssl_context()
    tls.load_default_certs(ssl.Purpose.SERVER_AUTH)  # the system's as well
    tries = 0
    with httpx.Client(verify=tls, follow_redirects=True, timeout=_TIMEOUT) as client:
        while True:
            before = file.seek(0, io.SEEK_END)
            try:
                return _append(client, address, file)
            except httpx.HTTPError as error:
                tries = 0 if file.seek(0, io.SEEK_END) > before else tries + 1
                if tries == TRIES:
                    sys.exit(str(error) or type(error).__name__)
            time.sleep(_PAUSE_S * 2**tries)


def _append(client: httpx.Client, address: str, file: BinaryIO) -> None:
    have = file.tell()
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with client.stream("GET", address, headers=headers) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # it is there to the last byte
        if response.is_client_error:
            sys.exit(f"its server answered {response.status_code}")
        if not response.is_success:
            raise httpx.HTTPError(f"its server answered {response.status_code}")
        if response.status_code != httpx.codes.PARTIAL_CONTENT:
            file.truncate(file.seek(0))
        for block in response.iter_raw():
            if file.write(block) and file.tell() > _MOST:
                return  # and is not what it should be


if __name__ == "__main__":
    with open(1, "r+b", closefd=False) as stdout:
        main(sys.stdin.readline(), stdout)
