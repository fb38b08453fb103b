#!/bin/sh
# Tells whether the repository has a cluster's timeline. Arguments: the cluster's folder, and the seconds to wait for an
# answer. Exit codes: 0 it has the same one (the first timeline has no history, so it is always the same), 10 none of
# that number, 11 another one of that number, anything else: it does not answer.
set -u
current=$(LC_ALL=C pg_controldata "$1" | sed -n "s/^Latest checkpoint's REDO WAL file: *//p")
history=${current%????????????????}.history
pgbackrest --stanza=main --no-archive-async --io-timeout="$2" archive-get "$history" /tmp/history >&2
case $? in
  0) cmp -s /tmp/history "$1/pg_wal/$history" || exit 11 ;;
  1) [ "$history" = 00000001.history ] || exit 10 ;;
  *) exit 12 ;;
esac
