"""TLS for the scripted server: a certificate for loopback, by an authority made up for a test."""

from __future__ import annotations

import ssl

import trustme


def certified(authority: trustme.CA) -> ssl.SSLContext:
    """A server's context, with a certificate for 127.0.0.1 that `authority` signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context
