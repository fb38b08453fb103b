#!/bin/bash
# In nginx's container: puts scripts on the volume, for its own entrypoint and certbot's.
#   put_scripts VOLUME [NAME TEXT]...
set -euo pipefail
folder=$1/scripts
shift
mkdir -p "$folder"
while [ $# -gt 0 ]; do
  # In one move: a shell that runs the old one goes on reading it.
  printf '%s' "$2" > "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1.sh"
  shift 2
done
