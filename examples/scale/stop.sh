#!/bin/bash
# Ends what start.sh has started, and removes ./state with all threads and runs; `./stop.sh --keep` leaves it.
set -uo pipefail
cd "$(dirname "$0")"

# end SIGNAL FILE...: the processes that the files name, one after the other, within 40 s each.
end() {
    local file pid
    for file in "${@:2}"; do
        pid=$(head -n 1 "$file" 2> /dev/null) && kill "-$1" "$pid" 2> /dev/null || continue
        timeout 40 tail -f /dev/null --pid="$pid" || kill -KILL "$pid"
    done
}

end TERM state/haproxy.pid state/one.pid state/two.pid state/redis.pid
end INT state/postgres/postmaster.pid
[ "${1:-}" = --keep ] || rm -rf state
