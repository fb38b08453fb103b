#!/bin/sh
# In nginx's or certbot's container: creates a self-signed certificate for DOMAIN, so that nginx accepts the text of its
# site without the authority's certificate. Keeps a certificate that nginx can use.
#   placeholder VOLUME DOMAIN
set -eu
target=$1/certs/$2
key=$(openssl pkey -in "$target/privkey.pem" -pubout 2>/dev/null) &&
  [ "$key" = "$(openssl x509 -in "$target/fullchain.pem" -noout -pubkey 2>/dev/null)" ] && exit
umask 077
mkdir -p "$target"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=placeholder \
  -addext "subjectAltName=DNS:$2" -keyout "$target/privkey.pem" -out "$target/fullchain.new" 2>/dev/null
mv "$target/fullchain.new" "$target/fullchain.pem"
