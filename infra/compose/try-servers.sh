#!/usr/bin/env bash
# try-servers.sh: runs Kafka and mongod on this machine with the settings that the compose files mount into
# their containers, plain and secured, runs the same init scripts on them, and Quadrille's services
# against the secured ones.
#
# What differs from a container: host names, ports and folders, which are replaced below, and what the
# images' own entry points do (format the storage, make MongoDB's root user), which is done here by hand.
#
# Its variables are those of ../checks/servers.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=infra/checks/servers.sh
. "$here/../checks/servers.sh"
base=${PORT:-21300}
kafka_port=$((base + 1)) controller_port=$((base + 2)) internal_port=$((base + 3)) mongodb_port=$((base + 4))

# refused WORDS TEXT: the command fails, and says why.
refused() {
    local text=$1 said
    shift
    if said=$("$@" 2>&1); then
        echo "it was allowed: $*" >&2
        return 1
    fi
    if ! grep -qi -- "$text" <<<"$said"; then
        printf 'it failed, but not for "%s": %s\n%s\n' "$text" "$*" "$said" >&2
        return 1
    fi
}

# The scripts of Kafka's distribution that init.sh calls.
mkdir "$work/bin"
for pair in kafka-configs.sh=kafka.admin.ConfigCommand kafka-acls.sh=org.apache.kafka.tools.AclCommand; do
    cat >"$work/bin/${pair%%=*}" <<SCRIPT
#!/bin/sh
exec "$java" -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dlog4j2.level=WARN -cp "$KAFKA_LIBS/*" ${pair##*=} "\$@"
SCRIPT
    chmod +x "$work/bin/${pair%%=*}"
done

# here_is FILE: the file with this machine's names instead of the containers'.
here_is() {
    sed -e "s|:9092|:$kafka_port|g; s|:9093|:$controller_port|g; s|:9094|:$internal_port|g" \
        -e "s|//kafka:|//localhost:|g; s|://:|://localhost:|g" \
        -e "s|/etc/kafka/secrets|$work/certificates/kafka|g; s|/var/lib/kafka/data|$work/kafka-data|g" "$1"
}

kafka_starts() {
    here_is "$1" >"$work/server.properties"
    java_class kafka.tools.StorageTool format --cluster-id cXVhZHJpbGxlLWthZmthMQ \
        --config "$work/server.properties" >"$work/format.log" 2>&1
    "$java" -Xmx512m -cp "$KAFKA_LIBS/*" kafka.Kafka "$work/server.properties" >"$work/kafka.log" 2>&1 &
    kafka=$!
}

kafka_ends() {
    kill -TERM "$kafka"
    wait "$kafka" || true
    rm -rf "$work/kafka-data"
}

topics() { java_class org.apache.kafka.tools.TopicCommand --bootstrap-server "localhost:$kafka_port" "$@"; }

say "Kafka with kafka/server.properties"
kafka_starts "$here/kafka/server.properties"
until_ok 60 topics --list
topics --create --topic orders.order.v1 --partitions 2 >/dev/null
topics --describe --topic orders.order.v1 | head -1
kafka_ends

say "certificates and passwords"
sh "$here/secure/make-certificates.sh" "$work/certificates"
sh "$here/secure/make-passwords.sh" >"$work/env"
set -a
# shellcheck source=/dev/null
. "$work/env"
set +a

say "Kafka with secure/kafka/server.properties"
here_is "$here/secure/kafka/admin.properties" >"$work/admin.properties"
kafka_starts "$here/secure/kafka/server.properties"
until_ok 60 java_class org.apache.kafka.tools.BrokerApiVersionsCommand \
    --bootstrap-server "localhost:$internal_port" --command-config "$work/admin.properties"
KAFKA_BIN="$work/bin" KAFKA_INTERNAL="localhost:$internal_port" \
    KAFKA_ADMIN_PROPERTIES="$work/admin.properties" bash "$here/secure/kafka/init.sh" >"$work/init.log" 2>&1
tail -n 1 "$work/init.log"

client() {
    cat >"$work/$1.properties" <<PROPERTIES
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="$1" password="$2";
ssl.truststore.type=PEM
ssl.truststore.location=$work/certificates/clients/ca.pem
request.timeout.ms=5000
default.api.timeout.ms=8000
max.block.ms=8000
PROPERTIES
}
client orders "$KAFKA_ORDERS_PASSWORD"
client products "$KAFKA_PRODUCTS_PASSWORD"
sed "s|password=\"[0-9a-f]*\"|password=\"guessed\"|" "$work/orders.properties" >"$work/guessed.properties"
cat >"$work/uncertified.properties" <<PROPERTIES
security.protocol=SSL
ssl.truststore.type=PEM
ssl.truststore.location=$work/certificates/clients/ca.pem
request.timeout.ms=5000
default.api.timeout.ms=8000
PROPERTIES
produce() {
    java_class org.apache.kafka.tools.ConsoleProducer --bootstrap-server "localhost:$kafka_port" \
        --command-config "$work/$1.properties" --topic "$2" --sync <<<"word" 2>&1 |
        tee "$work/produce.log"
    ! grep -qi "exception\|error" "$work/produce.log"
}
topics --command-config "$work/orders.properties" --create --topic orders.order.v1 --partitions 2 >/dev/null
say "a topic has one writer"
produce orders orders.order.v1
refused "not authorized" produce products orders.order.v1
say "no password, a wrong one, no certificate"
printf 'request.timeout.ms=4000\ndefault.api.timeout.ms=5000\n' >"$work/plain.properties"
refused "timed out\|timeout\|disconnected\|terminated" topics --command-config "$work/plain.properties" --list
refused "authentication failed" topics --command-config "$work/guessed.properties" --list
refused "ssl\|certificate\|disconnected\|timed out" java_class org.apache.kafka.tools.TopicCommand \
    --bootstrap-server "localhost:$internal_port" --command-config "$work/uncertified.properties" --list

say "mongod as secure/mongodb/start.sh starts it"
mkdir "$work/mongodb-data"
chmod 400 "$work"/certificates/mongodb/*
mongod_words=$(sed -n '/^exec/,$p' "$here/secure/mongodb/start.sh" | tr -d '\\\n' |
    sed -e "s|^exec docker-entrypoint.sh mongod||; s|/run/mongodb/|$work/certificates/mongodb/|g" \
        -e "s|--bind_ip_all|--bind_ip localhost|")
# shellcheck disable=SC2086 # words to be split
"$MONGOD" $mongod_words --port "$mongodb_port" --dbpath "$work/mongodb-data" --nounixsocket \
    --networkMessageCompressors disabled >"$work/mongod.log" 2>&1 &
tls="tls=true&tlsCAFile=$work/certificates/clients/ca.pem"
until_ok 30 shell "mongodb://localhost:$mongodb_port/?directConnection=true&$tls" --eval 'db.adminCommand({ ping: 1 })'
# The order of the image's entry point is the other way round, without the replica set; a user can only be
# made on a primary.
root="mongodb://root:$MONGODB_ROOT_PASSWORD@localhost:$mongodb_port/admin?directConnection=true&$tls"
shell "mongodb://localhost:$mongodb_port/admin?directConnection=true&$tls" --eval "
    rs.initiate({ _id: 'rs0', members: [{ _id: 0, host: 'localhost:$mongodb_port' }] });
    while (!db.hello().isWritablePrimary) sleep(100);
    db.createUser({ user: 'root', pwd: '$MONGODB_ROOT_PASSWORD', roles: ['root'] });" >"$work/root.log"
for again in first second; do
    say "init.js and users.js, the $again time"
    MEMBER="localhost:$mongodb_port" shell "$root" "$here/mongodb/init.js" "$here/secure/mongodb/users.js"
done
as() { echo "mongodb://$1:$2@localhost:$mongodb_port/?replicaSet=rs0&authSource=admin&$tls"; }
say "no TLS, no password, another service's database"
refused "closed\|timed out\|terminated\|refused" shell \
    "mongodb://localhost:$mongodb_port/?directConnection=true&serverSelectionTimeoutMS=3000" --eval 'db.hello()'
refused "authenticat" shell "mongodb://localhost:$mongodb_port/orders?directConnection=true&$tls" \
    --eval 'db.orders.findOne()'
refused "not authorized" shell "$(as auth "$MONGODB_AUTH_PASSWORD")" \
    --eval 'db.getSiblingDB("orders").orders.findOne()'

say "mongod with mongodb/init.js as compose.yaml has it"
mkdir "$work/plain-data"
plain_port=$((base + 5))
"$MONGOD" --replSet rs0 --bind_ip localhost --port "$plain_port" --dbpath "$work/plain-data" --nounixsocket \
    --networkMessageCompressors disabled >"$work/plain.log" 2>&1 &
plain="mongodb://localhost:$plain_port/admin?directConnection=true"
until_ok 30 shell "$plain" --eval 'db.adminCommand({ ping: 1 })'
for again in first second; do
    MEMBER="localhost:$plain_port" shell "$plain" "$here/mongodb/init.js"
done

say "Quadrille's services with passwords and TLS"
# The first service has the keys.
export RUST_LOG=warn QUADRILLE_JWKS_URL=http://127.0.0.1:$((base + 11))/.well-known/jwks.json
serve() {
    local role=$1 port=$2
    shift 2
    env QUADRILLE_LISTEN="127.0.0.1:$port" "$@" "$QUADRILLE" serve "$role" >"$work/$role.log" 2>&1 &
    }
kafka_of() {
    echo QUADRILLE_KAFKA_BROKERS="localhost:$kafka_port" QUADRILLE_KAFKA_SECURITY_PROTOCOL=sasl_ssl \
        QUADRILLE_KAFKA_SASL_MECHANISM=SCRAM-SHA-512 QUADRILLE_KAFKA_USERNAME="$1" \
        QUADRILLE_KAFKA_PASSWORD="$2" QUADRILLE_KAFKA_TLS_CA_FILE="$work/certificates/clients/ca.pem"
}
mapfile -t services < <("$QUADRILLE" services | sed -n 's/^\([a-z][a-z-]*\) .*/\1/p')
# password_of SERVER SERVICE: as make-passwords.sh has made it.
password_of() {
    local variable=$1_${2^^}_PASSWORD
    variable=${variable//-/_}
    echo "${!variable}"
}

say "tables, topics and an admin, as the jobs make them"
for service in "${services[@]}"; do
    QUADRILLE_MONGODB_URI=$(as "$service" "$(password_of MONGODB "$service")") "$QUADRILLE" migrate "$service"
done
refused "can't be made" env QUADRILLE_MONGODB_URI="$(as auth guessed)" "$QUADRILLE" migrate auth
with_kafka_as() {
    local user=$1 password=$2
    shift 2
    # shellcheck disable=SC2046 # words to be split
    env $(kafka_of "$user" "$password") "$QUADRILLE" "$@"
}
with_kafka_as products "$KAFKA_PRODUCTS_PASSWORD" topics apply --yes
with_kafka_as orders "$KAFKA_ORDERS_PASSWORD" topics plan >/dev/null
refused "authentication failed" with_kafka_as orders guessed topics plan
refused "this user may not do that" with_kafka_as products "$KAFKA_PRODUCTS_PASSWORD" \
    topics apply --yes --partitions products.product.v1=4
refused "needs QUADRILLE_KAFKA_PASSWORD" env QUADRILLE_KAFKA_BROKERS="localhost:$kafka_port" \
    QUADRILLE_KAFKA_SECURITY_PROTOCOL=sasl_ssl QUADRILLE_KAFKA_USERNAME=orders "$QUADRILLE" topics plan
QUADRILLE_MONGODB_URI=$(as auth "$MONGODB_AUTH_PASSWORD") "$QUADRILLE" accounts add admin@shop.example \
    --role admin <<<"a password of some length"
ports=($((base + 10))) upstreams=()
for service in "${services[@]}"; do
    port=$((base + 10 + ${#ports[@]}))
    # shellcheck disable=SC2046 # words to be split
    serve "$service" "$port" QUADRILLE_MONGODB_URI="$(as "$service" "$(password_of MONGODB "$service")")" \
        $(kafka_of "$service" "$(password_of KAFKA "$service")")
    ports+=("$port") upstreams+=("$service=http://127.0.0.1:$port")
done
serve gateway "${ports[0]}" QUADRILLE_UPSTREAMS="$(IFS=,; echo "${upstreams[*]}")"
for port in "${ports[@]}"; do
    until_ok 60 curl -fsS "http://127.0.0.1:$port/readyz"
done
root_uri=$(as root "$MONGODB_ROOT_PASSWORD")
QUADRILLE_MONGODB_URI=$root_uri "$QUADRILLE" seed
# Not `head`: it would end the pipe while the program still prints.
QUADRILLE_URL=http://127.0.0.1:$((base + 10)) "$QUADRILLE" bench --orders 200 --warmup 50 --clients 4 | sed -n 1,4p
say "ok"
