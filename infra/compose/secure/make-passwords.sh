#!/bin/sh
# make-passwords.sh > .env: every variable of .env.example, with a random password where one belongs.
set -eu

example=$(dirname "$0")/../.env.example
while IFS= read -r line; do
    case $line in
        [A-Z]*_PASSWORD=) printf '%s%s\n' "$line" "$(openssl rand -hex 20)" ;;
        *) printf '%s\n' "$line" ;;
    esac
done <"$example"
