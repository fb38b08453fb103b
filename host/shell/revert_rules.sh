#!/bin/sh
# In PostgreSQL's container: restores the previous files $@ and makes PostgreSQL read them.
set -eu
for file in "$@"; do
  if [ -e "$file.previous" ]; then mv "$file.previous" "$file"; fi
done
# Root may not signal PostgreSQL here, so its own user does. If PostgreSQL does not run, it reads them at its start.
# shellcheck disable=SC2016 # the inner shell's own
setpriv --reuid=postgres --regid=postgres --clear-groups sh -c 'kill -HUP "$1"' - \
  "$(head -n 1 "$PGDATA/postmaster.pid")" || true
