#!/bin/sh
# Looks for known vulnerabilities among the pinned packages: fails for one that is found, and
# never for want of pip-audit or of its database. docs/security.md holds the review by hand.
set -u
cd "$(dirname "$0")/.." || exit 1

if command -v pip-audit >/dev/null; then
    audit="pip-audit"
elif command -v uvx >/dev/null; then
    audit="uvx --quiet pip-audit"
else
    echo "audit: no pip-audit here; docs/security.md holds the pinned review"
    exit 0
fi

report=$(mktemp) || exit 1
trap 'rm -f "$report"' EXIT
$audit --requirement constraints.txt --disable-pip --no-deps --timeout 10 --progress-spinner off \
    --format json --output "$report" 2>/dev/null
if [ ! -s "$report" ]; then
    echo "audit: no vulnerability database within reach; docs/security.md holds the pinned review"
    exit 0
fi
exec python3 - "$report" <<'PYTHON'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    packages = json.load(file)["dependencies"]
found = [(p["name"], p["version"], v["id"]) for p in packages for v in p.get("vulns", [])]
for name, version, vulnerability in found:
    print(f"audit: {name} {version}: {vulnerability}")
print(f"audit: {len(packages)} packages, {len(found)} known vulnerabilities")
sys.exit(1 if found else 0)
PYTHON
