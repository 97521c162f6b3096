"""Where `--otlp` sends runs as spans: the address, the headers that it gets, what was lost."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from catagent.cli.asked import Asked
from catagent.cli.stderr import say
from catagent.errors import UsageError
from catagent.otel.sink import SpanSink
from catagent.redact import Redactor
from catagent.sinks.base import RecorderSink
from catagent.stop import Stop

if TYPE_CHECKING:
    from catagent.otel.collector import Collector
    from catagent.otel.spans import Spans
    from catagent.remote.address import Address

_PACKAGES = ("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-common")
_PATH = "/v1/traces"


@contextlib.contextmanager
def spans(asked: Asked, stop: Stop) -> Iterator[list[RecorderSink]]:
    """Yield what sends runs to the collector of --otlp, if there is one. Raises UsageError."""
    if asked.otlp is None:
        if asked.otlp_content:
            raise UsageError("--otlp-content is for what --otlp sends", "--otlp URL")
        yield []
        return
    address, environ = _address(asked.otlp), asked.loaded.process
    _require(environ)
    connect = partial(_connect, asked, address, _headers(address, environ))
    sink = SpanSink(connect, stop, lambda what: say(f"catagent: warning: {address}: {what}"))
    with contextlib.closing(sink):
        yield [sink]


def _connect(asked: Asked, address: Address, headers: dict[str, str]) -> tuple[Collector, Spans]:
    from catagent.otel.collector import Collector
    from catagent.otel.pen import Pen
    from catagent.otel.spans import Spans

    collector = Collector(address.base + _PATH, headers, proxied=not address.is_loopback)
    redactor = Redactor((*asked.loaded.secrets, *address.secrets))
    return collector, Spans(Pen(collector, redactor), quotes=asked.otlp_content)


def _address(url: str) -> Address:
    """The collector's address, without the path that all have. Raises UsageError."""
    from catagent.remote.address import Address

    with contextlib.suppress(UsageError):
        if found := Address.parse(url.rstrip("/").removesuffix(_PATH) + "/"):
            return found
    raise UsageError("--otlp is not the URL of a collector", "--otlp http://localhost:4318")


def _headers(address: Address, environ: Mapping[str, str]) -> dict[str, str]:
    """The login of the address, and OpenTelemetry's own variable where that is for this host.

    Raises UsageError where they would be sent over a network in plain text.
    """
    given = environ.get("OTEL_EXPORTER_OTLP_HEADERS", "").split(",")
    is_meant = False
    with contextlib.suppress(ValueError):  # it is no address
        meant = urlsplit(environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")).netloc.rpartition("@")[2]
        is_meant = meant.lower() == urlsplit(address.base).netloc.lower()
    pairs = [pair.partition("=") for pair in given if is_meant and "=" in pair]
    headers = {name.strip(): unquote(value.strip()) for name, _, value in pairs}
    if address.login:
        headers["Authorization"] = f"Basic {address.basic}"
    if not all(value.isascii() and value.isprintable() for value in headers.values()):
        raise UsageError("OTEL_EXPORTER_OTLP_HEADERS has characters that no server takes")
    if headers and not (address.is_loopback or address.base.startswith("https:")):
        hint = "over http they are sent to this machine alone: use https"
        raise UsageError(f"the headers for {address.host} are not sent over http", hint)
    return headers


def _require(environ: Mapping[str, str]) -> None:
    """Raise UsageError where OpenTelemetry is not here, or is switched off."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        raise UsageError("OTEL_SDK_DISABLED is set, and nothing would be sent", "unset it")
    from importlib import metadata  # 10 ms, for who sends alone

    from catagent.loading.installing import install

    try:
        for package in _PACKAGES:
            metadata.version(package)
    except metadata.PackageNotFoundError as error:
        hint = install(*_PACKAGES)
        raise UsageError(f"--otlp needs the package {error.name}", hint) from None
