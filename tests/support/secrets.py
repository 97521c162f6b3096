"""Secrets of tests, and whether a text says something of one."""

from __future__ import annotations

import base64
import random

TELLING = 12


def _pem(lines: int) -> str:
    # Made up, and the same each time. No scanner takes it for a key in use.
    body = base64.b64encode(random.Random(4711).randbytes(48 * lines - 20)).decode()  # noqa: S311
    rows = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN PRIVATE KEY-----", *rows, "-----END PRIVATE KEY-----", ""])


PEM = _pem(12)


def told(text: str, secret: str) -> str:
    """The first 12 characters in a row of the secret that a text has, white space left out."""
    for newline in ("\\\\n", "\\n", "\\r"):
        text = text.replace(newline, "")
    text, secret = "".join(text.split()), "".join(secret.split())
    pieces = (secret[at : at + TELLING] for at in range(len(secret) - TELLING + 1))
    return next((piece for piece in pieces if piece in text), "")
