#!/bin/bash
# The users of the secured Kafka and what each may do. Run again, it changes nothing but the passwords.
#
# A topic has one writer: the services may make and read all of them, but write only their own and
# the dead-letter topics of their own group.
set -euo pipefail

bin=${KAFKA_BIN:-/opt/kafka/bin}
server=${KAFKA_INTERNAL:-kafka:9094}
admin=${KAFKA_ADMIN_PROPERTIES:-/etc/kafka/admin/admin.properties}
prefix=${QUADRILLE_TOPIC_PREFIX:-}
# What topics' names begin with: the writer's.
writers=()
# each service, by `cargo xtask generate`:
#|writers+=({service})
writers+=(auth)
writers+=(products)
writers+=(orders)
writers+=(purchases)
writers+=(notifications)
writers+=(carts)
writers+=(payments)
# end of each service

user() {
    "$bin/kafka-configs.sh" --bootstrap-server "$server" --command-config "$admin" --alter \
        --entity-type users --entity-name "$1" --add-config "SCRAM-SHA-512=[password=$2]"
}

allow() {
    local name=$1
    shift
    "$bin/kafka-acls.sh" --bootstrap-server "$server" --command-config "$admin" --add \
        --allow-principal "User:$name" "$@" >/dev/null
}

# service NAME PASSWORD TOPIC...: TOPIC is what it alone writes.
service() {
    local name=$1 password=$2
    shift 2
    user "$name" "$password"
    local writer
    for writer in "${writers[@]}"; do
        allow "$name" --topic "$prefix$writer." --resource-pattern-type prefixed \
            --operation Create --operation Describe --operation DescribeConfigs --operation Read
    done
    local topic writes=()
    for topic in "$@"; do
        writes+=(--topic "$prefix$topic")
    done
    if ((${#writes[@]} > 0)); then allow "$name" "${writes[@]}" --operation Write; fi
    allow "$name" --group "$prefix$name" --operation Read --operation Describe
}

# each service, by `cargo xtask generate`:
#|service {service} "$KAFKA_{SERVICE}_PASSWORD" {writes}
service auth "$KAFKA_AUTH_PASSWORD" auth.account.v1
service products "$KAFKA_PRODUCTS_PASSWORD" orders.order.v1.products.dlt products.order-status.v1 products.product.v1
service orders "$KAFKA_ORDERS_PASSWORD" carts.checkout.v1.orders.dlt orders.details.v1 orders.order.v1 payments.payment.v1.orders.dlt products.order-status.v1.orders.dlt products.product.v1.orders.dlt
service purchases "$KAFKA_PURCHASES_PASSWORD" purchases.purchase.v1
service notifications "$KAFKA_NOTIFICATIONS_PASSWORD" auth.account.v1.notifications.dlt orders.order.v1.notifications.dlt
service carts "$KAFKA_CARTS_PASSWORD" auth.account.v1.carts.dlt carts.checkout.v1 orders.order.v1.carts.dlt products.product.v1.carts.dlt
service payments "$KAFKA_PAYMENTS_PASSWORD" orders.details.v1.payments.dlt orders.order.v1.payments.dlt payments.balance.v1 payments.payment.v1
# end of each service

# The UI looks on.
user ui "$KAFKA_UI_PASSWORD"
allow ui --topic '*' --operation Describe --operation DescribeConfigs --operation Read
allow ui --group '*' --operation Describe
allow ui --cluster --operation Describe --operation DescribeConfigs
echo "the users ${writers[*]} and ui are there"
