# shellcheck shell=bash
# servers.sh: what the scripts share that start Kafka and mongod on this machine; they source it.
#
#   KAFKA_LIBS  folder with the jars of Kafka and of kafka-tools      MONGOD   the mongod program
#   JAVA        the java program [java]                               MONGOSH  the mongosh program
#   QUADRILLE   the quadrille program
#
# Data and logs are in $work. At the end all that was started is ended, and after a failure the end of
# each log is shown.

: "${KAFKA_LIBS:?}" "${MONGOD:?}" "${MONGOSH:?}" "${QUADRILLE:?}"
java=${JAVA:-java}
work=$(mktemp -d)

finish() {
    local status=$? left
    mapfile -t left < <(jobs -p)
    if ((${#left[@]} > 0)); then
        kill -TERM "${left[@]}" 2>/dev/null || true
        wait "${left[@]}" 2>/dev/null || true
    fi
    if ((status != 0)); then
        for log in "$work"/*.log; do
            echo "--- the end of ${log##*/}" >&2
            tail -n 15 "$log" >&2
        done
    fi
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT

say() { printf '== %s\n' "$*"; }

# until_ok SECONDS WORDS...: runs them until they succeed.
until_ok() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >"$work/waiting.log" 2>&1; do
        if ((SECONDS > deadline)); then
            echo "still not: $*" >&2
            return 1
        fi
        sleep 0.3
    done
}

java_class() {
    local class=$1
    shift
    "$java" -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dlog4j2.level=WARN \
        -cp "$KAFKA_LIBS/*" "$class" "$@"
}

shell() { "$MONGOSH" --quiet "$@"; }
