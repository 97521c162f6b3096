#!/bin/bash
# Starts PostgreSQL, Redis, two Aegra and haproxy, on 127.0.0.1 alone. All their files are in ./state.
# Again for what has been killed: `./start.sh` starts what does not run.
set -euo pipefail
cd "$(dirname "$0")"
umask 077
mkdir -p state

postgres_bin=${POSTGRES_BIN:-$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)}
postgres_port=20304 redis_port=20303
export FRONT=127.0.0.1:20300 ONE=127.0.0.1:20301 TWO=127.0.0.1:20302

[ -s state/password ] || od -An -tx1 -N16 /dev/urandom | tr -d ' \n' > state/password
password=$(cat state/password)

as_postgres=()
if [ "$(id -u)" = 0 ]; then # which PostgreSQL refuses to run as: its package has made a user for it
    as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups)
    chmod 711 state
    chown postgres state/password
    install -d -o postgres -m 700 state/postgres
fi

alive() { curl -fs -m 2 "http://$1/$2" > /dev/null; }

postgres() {
    local folder=$PWD/state/postgres options="-h 127.0.0.1 -p $postgres_port -k ''"
    [ -e "$folder/PG_VERSION" ] || "${as_postgres[@]}" "$postgres_bin/initdb" -D "$folder" -U aegra \
        -A scram-sha-256 --pwfile=state/password > state/initdb.log
    "${as_postgres[@]}" "$postgres_bin/pg_ctl" -D "$folder" status > /dev/null ||
        "${as_postgres[@]}" "$postgres_bin/pg_ctl" -D "$folder" -w -l "$folder/log" -o "$options" start > /dev/null
}

redis() {
    REDISCLI_AUTH=$password redis-cli -p $redis_port ping > /dev/null 2>&1 || redis-server - > state/redis.log << END
bind 127.0.0.1
port $redis_port
requirepass $password
save ""
dir $PWD/state
daemonize yes
pidfile $PWD/state/redis.pid
logfile $PWD/state/redis.log
END
}

# start NAME ADDRESS COMMAND...: one that speaks HTTP, waited for until it is ready, for 30 s at most.
start() {
    local name=$1 address=$2
    alive "$address" live && return
    nohup "${@:3}" >> "state/$name.log" 2>&1 &
    echo $! > "state/$name.pid"
    for _ in $(seq 60); do
        alive "$address" ready && return
        kill -0 $! 2> /dev/null || break
        sleep 0.5
    done
    echo "$name did not start: see state/$name.log" >&2
    exit 1
}

aegra() {
    start "$1" "$2" .venv/bin/python -m uvicorn aegra_api.main:app \
        --host "${2%:*}" --port "${2#*:}" --timeout-graceful-shutdown 5
}

set -a
. ./aegra.env
AEGRA_CONFIG=aegra.json
DATABASE_URL=postgresql://aegra:$password@127.0.0.1:$postgres_port/postgres
REDIS_URL=redis://:$password@127.0.0.1:$redis_port/0
set +a

postgres
redis
aegra one "$ONE"
aegra two "$TWO"
start haproxy "$FRONT" haproxy -f haproxy.cfg
echo "http://$FRONT/agent"
