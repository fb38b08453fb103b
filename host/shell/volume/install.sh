#!/bin/sh
# In certbot's container: copies the certificate of DOMAIN to where nginx reads it, with the gateway's lock.
#   install VOLUME DOMAIN
set -eu
live=/etc/letsencrypt/live/$2 target=$1/certs/$2
cmp -s "$live/fullchain.pem" "$target/fullchain.pem" && cmp -s "$live/privkey.pem" "$target/privkey.pem" && exit
umask 077
exec 9> "$1/lock"
flock 9
mkdir -p "$target"
for file in privkey.pem fullchain.pem; do
  cp -L "$live/$file" "$target/$file.new"
  mv "$target/$file.new" "$target/$file"
done
