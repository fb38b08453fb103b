#!/bin/bash
# The entry point of nginx's container: runs nginx, and reloads renewed certificates.
#   serve VOLUME WATCH_S NGINX...   NGINX: nginx's command
set -u
volume=$1 watch_s=$2
shift 2
# nginx does not start with a lost or damaged certificate. A placeholder replaces it until certbot copies the real one.
exec 9> "$volume/lock"
flock 9
sort -u "$volume"/domains/* 2>/dev/null | while read -r domain; do
  sh "$volume/scripts/placeholder.sh" "$volume" "$domain"
done
# The lock is held until nginx has read its files: an earlier change would neither be served nor be noticed.
(
  served=$(bash "$volume/scripts/watch.sh" "$volume")
  until [ -s /run/nginx.pid ]; do sleep 0.1; done
  exec 9>&-
  # The script is read again each time, so a new version needs no new container.
  while sleep "$watch_s"; do
    now=$(bash "$volume/scripts/watch.sh" "$volume" "$served") && served=$now
  done
) &
exec 9>&-
# The error log contains request lines and Referers, whose queries may contain tokens.
exec "$@" 2> >(exec sed -uE 's/\?[^ ]*[^ ",]/?.../g' >&2)
