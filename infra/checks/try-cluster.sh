#!/usr/bin/env bash
# try-cluster.sh: a shop on three brokers with the settings of helm/production/kafka.yaml and on a replica set
# of three, under load, while one member after the other is killed and comes back. Says how long no order was
# settled each time, and ends with the audit.
#
# What differs from production: all of it is one machine and one network, the services are one process, and
# nothing is secured.
#
# Its variables are those of servers.sh, and RATE: orders a second [30].
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=infra/checks/servers.sh
. "$here/servers.sh"
rate=${RATE:-30}
base=${PORT:-21400}
gateway=http://127.0.0.1:$base
declare -A pid_of=()

kafka_port() { echo $((base + 10 * $1 + 1)); }
controller_port() { echo $((base + 10 * $1 + 2)); }
mongod_port() { echo $((base + 10 * $1 + 3)); }
brokers=localhost:$(kafka_port 1),localhost:$(kafka_port 2),localhost:$(kafka_port 3)
mongodb="mongodb://localhost:$(mongod_port 1),localhost:$(mongod_port 2),localhost:$(mongod_port 3)/?replicaSet=rs0"
voters=1@localhost:$(controller_port 1),2@localhost:$(controller_port 2),3@localhost:$(controller_port 3)

topics() { java_class org.apache.kafka.tools.TopicCommand --bootstrap-server "$brokers" "$@"; }

# What `spec.kafka.config` of production's Kafka says, as properties.
production_settings() {
    sed -n '/^    config:$/,/^  [a-z]/ s/^      \([a-z.]*\): \(.*\)$/\1=\2/p' "$here/../helm/production/kafka.yaml"
}

kafka_starts() {
    local node=$1
    "$java" -Xmx384m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dlog4j2.level=WARN -cp "$KAFKA_LIBS/*" \
        kafka.Kafka "$work/kafka-$node.properties" >>"$work/kafka-$node.log" 2>&1 &
    pid_of[kafka-$node]=$!
}

mongod_starts() {
    local node=$1
    "$MONGOD" --replSet rs0 --bind_ip localhost --port "$(mongod_port "$node")" --dbpath "$work/mongod-$node" \
        --wiredTigerCacheSizeGB 0.25 --oplogSize 256 --nounixsocket --networkMessageCompressors disabled \
        >>"$work/mongod-$node.log" 2>&1 &
    pid_of[mongod-$node]=$!
}

killed() {
    kill -KILL "${pid_of[$1]}"
    wait "${pid_of[$1]}" 2>/dev/null || true
    unset "pid_of[$1]"
}

say "three brokers"
for node in 1 2 3; do
    cat >"$work/kafka-$node.properties" <<PROPERTIES
process.roles=broker,controller
node.id=$node
controller.quorum.voters=$voters
listeners=PLAINTEXT://localhost:$(kafka_port $node),CONTROLLER://localhost:$(controller_port $node)
advertised.listeners=PLAINTEXT://localhost:$(kafka_port $node)
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=$work/kafka-$node
offsets.topic.num.partitions=6
PROPERTIES
    production_settings >>"$work/kafka-$node.properties"
    grep -q '^min.insync.replicas=2$' "$work/kafka-$node.properties"
    java_class kafka.tools.StorageTool format --cluster-id cXVhZHJpbGxlLWthZmthMQ \
        --config "$work/kafka-$node.properties" >"$work/format.log" 2>&1
    kafka_starts $node
done
until_ok 90 topics --list

say "a replica set of three"
for node in 1 2 3; do
    mkdir "$work/mongod-$node"
    mongod_starts $node
done
for node in 1 2 3; do
    until_ok 30 shell "mongodb://localhost:$(mongod_port $node)/?directConnection=true" \
        --eval 'db.adminCommand({ ping: 1 })'
done
shell "mongodb://localhost:$(mongod_port 1)/admin?directConnection=true" --eval "
    rs.initiate({ _id: 'rs0', members: [1, 2, 3].map(n => ({ _id: n, host: 'localhost:' + ($base + 10 * n + 3) })) });
    while (!db.hello().isWritablePrimary) sleep(100);" >"$work/initiate.log"

say "topics on three brokers, and a shop"
"$QUADRILLE" topics apply --yes --kafka-brokers "$brokers" --mongodb-uri "$mongodb" --replication 3 |
    tee "$work/topics.log" | tail -n 1
env RUST_LOG=warn,order=off,http=off QUADRILLE_KAFKA_BROKERS="$brokers" QUADRILLE_MONGODB_URI="$mongodb" "$QUADRILLE" up --port "$base" \
    --data-dir "$work/shop" >"$work/shop.log" 2>&1 &
pid_of[shop]=$!
until_ok 90 curl -fsS "$gateway/api/orders_health"

log_in() {
    token=$(curl -fsS "$gateway/api/login" -H 'content-type: application/json' \
        -d '{"email":"admin@admin.com","password":"admin@admin.com"}' | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p')
    [[ -n $token ]]
}
until_ok 30 log_in
log_in
# One order from POST to its acceptance; a POST that fails is a customer who tries again.
settles() {
    curl -fsS --max-time 30 "$gateway/api/orders" -H "authorization: Bearer $token" -H 'prefer: wait=20' \
        -H 'content-type: application/json' -d '{"products":[{"name":"cutlery","quantity":1}]}' | grep -q '"ACCEPTED"'
}
until_ok 60 settles

say "a load of $rate orders a second"
# Longer than all that follows; it is told to end.
"$QUADRILLE" bench --url "$gateway" --rate "$rate" --orders $((rate * 600)) --warmup 1 --json >"$work/bench.json" 2>"$work/bench.log" &
pid_of[load]=$!
until_ok 30 settles

# How long it takes until an order that is placed now is settled.
gap() {
    local began=${EPOCHREALTIME/./}
    until_ok 120 settles
    printf '   %-52s settled again after %5d ms\n' "$1" $(((${EPOCHREALTIME/./} - began) / 1000))
}
primary() {
    shell "$mongodb" --eval "print(db.hello().primary.split(':')[1] - $base)"
}
in_sync() {
    local behind
    behind=$(topics --describe --under-replicated-partitions) && [[ -z $behind ]]
}
all_members() {
    shell "$mongodb" --eval 'quit(rs.status().members.every(m => m.state === 1 || m.state === 2) ? 0 : 1)'
}

for node in 1 2 3; do
    killed kafka-$node
    gap "broker $node killed"
    kafka_starts $node
    until_ok 120 in_sync
    gap "broker $node back, every record on three again"
done
for round in 1 2; do
    node=$((($(primary) - 3) / 10))
    killed mongod-$node
    gap "MongoDB's primary ($node) killed, round $round"
    mongod_starts $node
    until_ok 120 all_members
    gap "member $node back"
done

# Without a majority nothing is confirmed: orders wait, or are refused, and go on with the second of three.
killed kafka-1
killed kafka-2
kafka_starts 1
gap "two brokers killed, one of them back"
kafka_starts 2
until_ok 120 in_sync
killed mongod-1
killed mongod-2
mongod_starts 1
gap "two members killed, one of them back"
mongod_starts 2
until_ok 120 all_members
shell "$mongodb" --eval 'try { rs.stepDown(30) } catch (gone) { }' >"$work/stepdown.log" || true
gap "the primary stepped down"

say "the load ends, and the books are compared"
kill -TERM "${pid_of[load]}"
wait "${pid_of[load]}" || true
unset "pid_of[load]"
audit() { "$QUADRILLE" audit --kafka-brokers "$brokers" --mongodb-uri "$mongodb"; }
until_ok 120 audit
audit | tee "$work/audit.log" | tail -n 12
say "ok"
