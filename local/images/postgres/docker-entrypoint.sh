#!/bin/bash
# Like the official image's, without init scripts: the first start reads POSTGRES_PASSWORD (or _FILE), POSTGRES_USER,
# POSTGRES_INITDB_ARGS and PGDATA. Every start runs `postgres` with this script's arguments, as the user postgres.
set -euo pipefail

if [[ "${1-}" = -* ]]; then
  set -- postgres "$@"
fi
if [ "${1-}" != postgres ]; then
  exec "$@"
fi

if [ "$(id --user)" = 0 ]; then
  mkdir --parents "$PGDATA"
  chmod 700 "$PGDATA"
  find "$PGDATA" /var/run/postgresql \! -user postgres -exec chown postgres:postgres {} +
  exec setpriv --reuid postgres --regid postgres --init-groups -- "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ -n "${POSTGRES_PASSWORD_FILE-}" ]; then
    POSTGRES_PASSWORD=$(<"$POSTGRES_PASSWORD_FILE")
  fi
  if [ -z "${POSTGRES_PASSWORD-}" ]; then
    echo "Error: Database is uninitialized and superuser password is not specified." >&2
    exit 1
  fi
  # The cluster is created in .new, then moved out, PG_VERSION last. If an interrupted first start has left .new, the
  # next start deletes everything and begins again.
  if [ -e "$PGDATA/.new" ]; then
    find "$PGDATA" -mindepth 1 -delete
  fi
  mkdir "$PGDATA/.new"
  eval 'initdb --pgdata "$PGDATA/.new" --username "${POSTGRES_USER:-postgres}" \
    --pwfile <(printf "%s\n" "$POSTGRES_PASSWORD") '"${POSTGRES_INITDB_ARGS-}"
  printf '\nhost all all all scram-sha-256\n' >> "$PGDATA/.new/pg_hba.conf"
  find "$PGDATA/.new" -mindepth 1 -maxdepth 1 \! -name PG_VERSION -exec mv --target-directory "$PGDATA" {} +
  sync --file-system "$PGDATA"
  mv "$PGDATA/.new/PG_VERSION" "$PGDATA/"
  rmdir "$PGDATA/.new"
fi

unset POSTGRES_PASSWORD
exec "$@"
