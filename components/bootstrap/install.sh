# On the operator's machine: put this version of the program on the host and make it the one that steps call.
# The old ones stay: a step may be running one of them. Safe to run again.
# Usage: bash install.sh CONFIG ALIAS FILE. FILE is its path on the host.
config=$1 alias=$2 file=$3
bash "${0%/*}/put.sh" "$config" "$alias" "$file" || exit
# shellcheck disable=SC2016 # these are the host's variables
there='
if ! python3 -c "import sys; sys.exit(sys.version_info < (3, 10))" 2>/dev/null; then
  echo "host: has no python3 of 3.10 or newer: install it there (apt-get install python3), then run up again" >&2
  exit 1
fi
cd "$folder" && ln -sfn "$name" current'
ssh -F "$config" "$alias" "folder=${file%/*} name=${file##*/}$there"
