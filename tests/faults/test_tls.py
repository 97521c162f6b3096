"""The way out that the message about an untrusted certificate names."""

from __future__ import annotations

from pathlib import Path

import trustme

from tests.support.cli import catagent, with_server
from tests.support.scripts import ANSWER_TOKENS, cat
from tests.support.server import ScriptedServer
from tests.support.tls import certified


def test_an_authority_named_in_the_environment_is_trusted(tmp_path: Path) -> None:
    authority = trustme.CA()
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    with ScriptedServer(cat(), tls=certified(authority)) as server:
        env = with_server(tmp_path, server.url, SSL_CERT_FILE=str(file))
        done = catagent("ask", "where?", "-o", "answer", env=env)
    assert (done.stdout, done.returncode) == ("".join(ANSWER_TOKENS) + "\n", 0), done.stderr
