# On the operator's machine: put this version of the program on the host and make it the one that steps call.
# The old ones stay: a step may be running one of them. Safe to run again.
# Usage: bash install.sh CONFIG ALIAS FILE. FILE is its path on the host.
config=$1 alias=$2 file=$3
bash "${0%/*}/put.sh" "$config" "$alias" "$file" || exit
ssh -F "$config" "$alias" "ln -sfn ${file##*/} ${file%/*}/current"
