"""What keys, logins and passwords look like.

The prefixes and alphabets are those of gitleaks' rules (config/gitleaks.toml, MIT) and of
detect-secrets' plugins (Apache-2.0), and of model providers that neither has. Their exact lengths
are left out: a key that was cut is one, too.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

ALNUM, HEX, WORD = "A-Za-z0-9", "a-f0-9", "A-Za-z0-9_-"
# So much of a key's alphabet is a key, and no name or word.
LEAST = 20

# Prefixes, by the alphabet of what follows them.
PREFIXES = {
    ALNUM: """
        ghp_ gho_ ghu_ ghs_ ghr_ hf_ api_org_ npm_ gsk_ xai- pplx- r8_ fw_ csk- rpa_ e2b_ sk_live_
        sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_ whsec_ lin_api_ lin_oauth_ pnu_ ico- sm_aat_
        sm_pat_ sm_sat_ dp.pt. dp.st. dp.ct. dp.sa. sbp_ AKCp LTAI EZAK EZTK ntn_ sntryu_""",
    HEX: """
        dop_v1_ doo_v1_ dor_v1_ shpat_ shpca_ shppa_ shpss_ shippo_live_ shippo_test_ rubygems_
        rdme_ pul- dapi key- xkeysib- sgp_""",
    WORD: """
        nvapi- tvly- lsv2_pt_ lsv2_sk_ AIza GOCSPX- github_pat_ glpat- gldt- glft- glffct- glsoat-
        glrt- glcbt- glimt- glptt- glagent- gloas- GR1348941 xoxa- xoxb- xoxc- xoxd- xoxe- xoxo-
        xoxp- xoxr- xoxs- xapp- pypi-AgE figd_ fo1_ fio-u- sq0atp- sq0csp- dnkey- PMAK- NRAK- NRII-
        NRJS- hvb. hvs. ya29. tk-us- duffel_test_ duffel_live_ tfp_ FLWSECK- FLWSECK_TEST- glsa_
        HRKU-AA ATATT3 SG. pscale_tkn_ pscale_oauth_ pscale_pw_ s-s4t2ud- s-s4t2af- clojars_
        CLOJARS_ p8e-""",
    "A-Za-z0-9+/=": "ABSK glc_ sntrys_ fm1a_ fm1r_ fm2_ ops_eyJ sha256~",
    "A-Z0-9": "AGE-SECRET-KEY-1 API-",
}
# Those that names and words begin with as well: a key has a digit or a capital, or no hyphens.
COMMON_PREFIXES = {"A-Za-z0-9_*-": "sk-", ALNUM: "sk_ secret_"}
# Those that nothing else begins with: less is a key.
CLEAR_PREFIXES = {
    "A-Z0-9": "AKIA ASIA ABIA ACCA",
    "A-Za-z0-9_*-": "sk-ant- sk-proj- sk-svcacct- sk-admin- sk-or-v1-",
}


# Not in the middle of a word. A letter that belongs to an escape is not part of one.
START = r"(?:(?<![\w-])|(?<=\\[abfnrtv])|(?<=%[\dA-Fa-f]{2}))"


MASK = "[redacted]"


def _plainly(match: re.Match[str]) -> str:
    return (match.groupdict().get("kept") or "") + MASK


class Shape(NamedTuple):
    """A pattern, of which the group `kept` is not secret, and what tells that it may be there.

    Text without any of the `marks` has none of it; `begun` is what becomes one, at a text's end.
    What is found is `put` otherwise.
    """

    marks: str
    pattern: str
    begun: str
    put: Callable[[re.Match[str]], str] = _plainly

    def masked(self, text: str) -> str:
        """The text without secrets of this shape."""
        return re.sub(self.pattern, self.put, text)

    def begins_at(self, text: str) -> int:
        """Where at the end of the text one may have begun that is not over; else its length."""
        begun = re.search(rf"(?:{self.begun})\Z", text)
        return len(text) if begun is None else begun.start()


# A token of whatever form. One that is shorter than a key shows that it is not a word by a digit,
# or by letters like aB.
_ANY = "A-Za-z0-9._~+/=%-"
_TOKEN = (
    rf"(?!x-)(?:(?=[{_ANY}]{{0,64}}?(?:\d|[a-z][A-Z]))[{_ANY}]{{8,}}+|[{_ANY}]{{{LEAST},}}+)"
    r"(?![\w(\[])"
)
_SPACE = r"(?:\s|%20|\\+[nrt])"
_QUOTE = r"""\\*["']"""
_SCHEME = rf"(?:(?:bearer|basic|token|apikey|api-key|key){_SPACE}+)?"


def _after(marks: str, before: str, found: str = _TOKEN, begun: str = rf"[{_ANY}]*") -> Shape:
    """What stands after something that announces it, in capitals or not."""
    return Shape(marks, rf"(?i:(?P<kept>{before}))(?:{found})", rf"(?i:{before}){begun}")


_HEADERS = (
    r"(?:proxy-)?authorization|(?:[\w-]*-)?api-?key|x-(?:[\w-]*-)?(?:token|secret)"
    r"|(?:[\w-]*-)?(?:auth|access|security|private)-token"
)
_MEMBERS = (
    "api_?key|(?:access|refresh|auth|session|id|bearer)_?token|(?:client|app)_?secret"
    "|secret_?(?:access_?)?key|private_?key"
)
_PARAMETERS = (
    r"[\w-]*(?:api|subscription)[-_]?key|[\w-]*access[-_]?token|(?:refresh|id)_token|client_secret"
    r"|pass(?:word|wd)|pwd|x-(?:amz|goog)-signature|x-amz-security-token|sig(?:nature)?"
    "|accountkey|sharedaccesskey"
)

ANNOUNCED = (
    _after(
        "uthorization UTHORIZATION -key -Key -KEY -token -Token -TOKEN -secret -Secret apikey",
        rf"{START}(?:{_HEADERS})(?:\s*:{_SPACE}*|{_QUOTE}\s*[:=,]\s*[bru]?{_QUOTE}){_SCHEME}",
    ),
    _after(
        "_key apikey iKey tKey eKey _token hToken sToken nToken ecret",
        rf"(?<![A-Za-z])(?:{_MEMBERS}){_QUOTE}\s*[:=]\s*{_QUOTE}",
        rf"(?=[{_ANY}]{{0,64}}?\d)(?:[{_ANY}]{{{LEAST},}}+(?={_QUOTE}|\Z)|[{_ANY}]{{8,}}+\Z)",
    ),
    _after("earer BEARER", rf"{START}bearer{_SPACE}+"),
    _after(
        "ey= EY= oken= OKEN= ecret= ECRET= ord= ORD= wd= WD= ture= TURE= sig= Sig= SIG=",
        rf"[?&;](?:{_PARAMETERS})=",
        r"""(?!%[sdr(]|[{<$\[])[^&\s"'\\<>;,]+""",
        r"""[^&\s"'\\<>]*""",
    ),
    _after("key= token= auth= secret= verifier=", r"[?&](?:key|token|auth|secret|code_verifier)="),
    _after("slack.com", r"hooks\.slack\.com/(?:services|workflows|triggers)/", r"[A-Za-z0-9/]{8,}"),
    _after("/webhooks/", r"discord(?:app)?\.com/api/webhooks/\d+/", r"[\w-]{8,}"),
    _after(":AA", r"(?<!\w)(?:bot)?\d{8,10}:(?=AA)", r"[\w-]{20,}", r"[\w-]*"),
)

LOGIN = Shape(
    "asic BASIC",
    rf"(?P<kept>{START}[Bb](?i:asic)\s+)(?P<login>[A-Za-z0-9+/]{{8,}}={{0,2}})",
    rf"{START}[Bb](?i:asic)\s+[A-Za-z0-9+/=]*",
)

# From the first colon after the user on, up to white space or a quote; not the port of an address.
_USER, _PORT = r"""[^\s/:@"'\\\[<{]""", r"\d{1,5}(?:[/?#,;)\]}&|<>]|\.\s)"
_REST = r"""(?:[^\s"'\\]|\\u(?!00[012])|\\(?![\\abfnrtuv"']))"""
ADDRESS = Shape(
    "://",
    rf"(?P<kept>://(?:{_USER}+:(?!{_PORT}|\$?\{{|<|%[sd(])|:))(?P<rest>{_REST}+)",
    rf"://{_USER}*(?::(?!{_PORT}){_REST}*)?",
)

_JWT = rf"{START}eyJ[\w-]"
JWT = Shape(
    "eyJ",
    rf"{_JWT}{{8,}}+(?:\.[\w-]{{8,}}+(?:\.[\w-]*+)*+|[\w.-]*+\Z)",
    rf"{_JWT}*+[\w.-]*+",
)

# A private key: its lines, with whatever became of their ends in between, as far as they come.
_BEGIN = r"-----BEGIN[\sA-Z0-9]*PRIVATE\s+KEY(?:\s+BLOCK)?-----"
_END = r"-----END[\sA-Z0-9]*-----"
_GAP = r"""(?:[\s"',|>]|\\+[nrt"'])*"""
_HEAD = rf"(?:(?:Proc-Type|DEK-Info):\s*[\w,-]+|(?:Version|Comment|Hash):[^\n\\]*){_GAP}"
_BASE64 = "[A-Za-z0-9+/=]"
_LINES = (
    rf"{_BASE64}{{16,}}(?:{_GAP}{_BASE64}{{8,}})*"
    rf"(?:{_GAP}{_BASE64}+(?={_GAP}(?:-----END|\Z)))?(?:{_GAP}{_END})?"
)
PRIVATE_KEY = Shape(
    "-----BEGIN",
    rf"{_BEGIN}{_GAP}(?:{_HEAD})*(?:{_LINES}|{_BASE64}+\Z)",
    rf"-----BEGIN[\sA-Z0-9]*-{{0,5}}"
    rf"|{_BEGIN}(?:[\s\w+/=:,.\"'\\|>]|-(?!-))*(?:-+(?:E|END?[\sA-Z0-9]*-{{0,4}})?)?",
)
