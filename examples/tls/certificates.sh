#!/bin/sh
# Makes an authority and three certificates for trying the examples of this folder, here. Not for production.
set -eu
cd "$(dirname "$0")"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
  -keyout ca.key -out ca.pem -subj "/CN=An authority for trying things" 2>/dev/null

# certificate NAME SUBJECT_ALT_NAMES
certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "$2" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
    -extfile "$1.ext" -out "$1.pem" 2>/dev/null
  rm "$1.csr" "$1.ext"
}

certificate chat.test "DNS:chat.test,DNS:localhost"
certificate games.test "DNS:games.test,DNS:*.games.test"
certificate backend.test "DNS:backend.test"
