#!/bin/bash
# The entrypoint of nginx's container: serves, and takes renewed certificates over by itself.
#   serve VOLUME WATCH_S NGINX...   NGINX: the words that nginx is called with
set -u
volume=$1 watch_s=$2
shift 2
# One certificate that is lost or torn would keep nginx from serving all the others; certbot puts the real one back.
exec 9> "$volume/lock"
flock 9
sort -u "$volume"/domains/* 2>/dev/null | while read -r domain; do
  sh "$volume/scripts/placeholder.sh" "$volume" "$domain"
done
# The lock is kept until nginx has read its files: a change before that would neither be served nor seen as one.
(
  served=$(bash "$volume/scripts/watch.sh" "$volume")
  until [ -s /run/nginx.pid ]; do sleep 0.1; done
  exec 9>&-
  # The script is read again each time: another one needs no other container.
  while sleep "$watch_s"; do
    now=$(bash "$volume/scripts/watch.sh" "$volume" "$served") && served=$now
  done
) &
exec 9>&-
# The error log has whole request lines, and Referers: what follows a question mark may be a token.
exec "$@" 2> >(exec sed -uE 's/\?[^ ]*[^ ",]/?.../g' >&2)
