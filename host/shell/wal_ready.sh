#!/bin/sh
# Marks what a promoted cluster has written while archiving was off, so that PostgreSQL archives it: the history of its
# timeline and its full segments. The current segment is not full. Argument: the stopped cluster's folder.
set -eu
cd "$1"
current=$(LC_ALL=C pg_controldata . | sed -n "s/^Latest checkpoint's REDO WAL file: *//p")
timeline=${current%????????????????}
[ ! -e "pg_wal/$timeline.history" ] || [ -e "pg_wal/archive_status/$timeline.history.done" ] ||
  : > "pg_wal/archive_status/$timeline.history.ready"
for segment in "pg_wal/$timeline"????????????????; do
  name=${segment##*/}
  [ "$name" != "$current" ] || break
  [ -e "pg_wal/archive_status/$name.done" ] || : > "pg_wal/archive_status/$name.ready"
done
