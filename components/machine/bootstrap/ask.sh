# On the operator's machine: bring the program along and let it answer; a host that cannot be reached says nothing.
# It is called before the steps, so the host may not have this version of the program yet.
# Usage: bash ask.sh CONFIG ALIAS FILE LINE. FILE is the program's path on the host, LINE a verb that only reads.
config=$1 alias=$2 file=$3 line=$4
bash "${0%/*}/put.sh" "$config" "$alias" "$file" && ssh -F "$config" "$alias" "python3 $file $line"
code=$?
[ $code -eq 255 ] || exit $code
