#!/bin/sh
# In PostgreSQL's container: writes stdin to the file $1, and keeps the old file for revert_rules.sh.
set -eu
cp -p "$1" "$1.new"
cat > "$1.new"
# If an interrupted run has already written the new file, $1 is not the old one.
cmp -s "$1" "$1.new" || cp -p "$1" "$1.previous"
mv "$1.new" "$1"
