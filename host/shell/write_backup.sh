#!/bin/sh
# In a temporary container of PostgreSQL's image: writes the files of the archive on stdin to the folder $1, each
# atomically, and removes all others there. The folders after $2 belong to the user postgres too.
#   write_backup FOLDER PROGRAM [FOLDER]...   stdin: the archive, in base64. PROGRAM is the digest of its folder program.
# Safe to run again: it ends with the same files.
set -eu
umask 077
cd "$1"
program=program-$2
shift 2
rm -rf .new
mkdir .new
base64 --decode | tar --extract --no-same-owner --directory .new
chown -R postgres:postgres .new
# A running program continues to read its own version, so the previous one stays.
previous=$(readlink program || true)
if [ -e "$program" ]; then rm -rf .new/program; else mv .new/program "$program"; fi
ln -s "$program" .new/program
for file in *; do
  case $file in
    "$program" | "$previous") ;;
    *) if [ ! -e ".new/$file" ] && [ ! -L ".new/$file" ]; then rm -rf "$file"; fi ;;
  esac
done
for file in .new/*; do
  if [ "$file" != .new/fingerprint ]; then mv --no-target-directory "$file" "${file#.new/}"; fi
done
mv .new/fingerprint .
rmdir .new
chown postgres:postgres . "$@"
chmod 700 . "$@"
