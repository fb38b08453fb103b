#!/bin/sh
# In a temporary container: writes a file of the watch container to the folder $1. A look that runs meanwhile reads the old
# one or the new one.
#   write_watch FOLDER FILE FINGERPRINT INTERPRETER PROGRAM LENGTH   stdin: the file's content, which is JSON
# Safe to run again: it ends with the same files.
set -eu
umask 077
cd "$1"
file=$2
cat > "$file.json.new"
# If the caller is killed, its input ends too early.
[ "$(wc -c < "$file.json.new")" -eq "$6" ]
printf '%s\n' "$4" "$5" > "$file.program.new"
mv "$file.json.new" "$file.json"
mv "$file.program.new" program
printf '%s\n' "$3" > "$file.mark"
