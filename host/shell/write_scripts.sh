#!/bin/bash
# In nginx's container: writes scripts to the volume, for the entry points of nginx and certbot.
#   write_scripts VOLUME [NAME TEXT]...
set -euo pipefail
folder=$1/scripts
shift
mkdir -p "$folder"
while [ $# -gt 0 ]; do
  # Atomically: a shell that runs the old script continues to read it.
  printf '%s' "$2" > "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1.sh"
  shift 2
done
