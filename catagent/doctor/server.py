"""Asks the model server for its list of models: the one request that costs nothing."""

import re
import time
from collections.abc import Mapping
from functools import partial

import httpx2

from catagent.config import Loaded
from catagent.errors import CatagentError, CredentialsError, did_you_mean
from catagent.events.report import Check
from catagent.failures.classify import Owner, classify
from catagent.failures.exceptions import status_of
from catagent.failures.server_words import parsed
from catagent.models.openai_client import error_bodies
from catagent.models.openai_client.reaching import LOOPBACK, connection_options, parse_url
from catagent.models.providers.openai import OPENAI_URL
from catagent.models.spec import ModelSpec, openai_address

_PATIENCE_S = 5.0
# It may answer questions all the same: it has no such list, or the key is not allowed to see it.
_NO_LIST = (403, 404, 405, 429, 501)
_check = partial(Check, "model", "server")


def ask(loaded: Loaded, spec: ModelSpec, key: str) -> Check:
    """Say whether the server answers, how fast, and whether it has this model.

    Over http the key, and a login, go to this machine alone.
    """
    base, began = openai_address(loaded.environ) or OPENAI_URL, time.monotonic()
    shown = re.sub("//.*@", "//", base)
    try:
        if not key and base == OPENAI_URL:
            raise CredentialsError(f"there is no key for {spec}", "export OPENAI_API_KEY=KEY")
        url = parse_url(base)
        is_private = url.scheme == "https" or url.host in LOOPBACK
        names = _models(base, key) if is_private else _models(shown, "")
    except (CatagentError, httpx2.HTTPError) as raised:
        return _refused(raised, shown)
    found = f"{url.host} answers in {time.monotonic() - began:.2f} s"
    if key and not is_private:
        return _check(found, "warning", "the key goes there in plain text", "use https")
    if spec.name in names or not names:
        return _check(found)
    hint = did_you_mean(spec.name, names, f"it has {', '.join(names[:5])}")
    return _check(f"{found}, and lists no {spec.name}", "warning", remedy=hint)


def _models(base: str, key: str) -> list[str]:
    """The names in the server's list. Raises what httpx2 raises, and UsageError."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    options = connection_options(base, 0) | {"timeout": _PATIENCE_S, "headers": headers}
    with httpx2.Client(**options) as client:
        request = client.build_request("GET", f"{base.rstrip('/')}/models")
        response = error_bodies.read(client.send(request, stream=True))
    listed = parsed(response.raise_for_status().text)
    models = listed.get("data") if isinstance(listed, Mapping) else ()
    return [str(each.get("id")) for each in models or () if isinstance(each, Mapping)]


def _refused(raised: Exception, base: str) -> Check:
    if isinstance(raised, httpx2.TimeoutException):
        remedy = "is it running? OPENAI_BASE_URL says where it is looked for"
        return _check(f"{base} does not answer in {_PATIENCE_S:g} s", "broken", remedy=remedy)
    error = classify(raised, Owner("model"))
    if status_of(raised) in _NO_LIST:
        return _check(f"{base} gives no list: {error.message}", "warning", remedy=error.hint)
    return _check(error.message, "broken", remedy=error.hint)
