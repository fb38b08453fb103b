# On the operator's machine: copy the program next to CONFIG to the host, unless the host has this version. Safe to run
# again.
# Usage: bash copy.sh CONFIG ALIAS FILE. FILE is the program's path on the host; its name begins with its SHA-256.
config=$1 alias=$2 file=$3
# shellcheck disable=SC2016 # these are the host's variables
receive='
fail() { echo "host: $1" >&2; exit 1; }
umask 077
mkdir -p "$folder" && cd "$folder" || exit
if [ ! -e "$name" ]; then
  python3 -c "import sys; sys.exit(sys.version_info < (3, 10))" 2>/dev/null < /dev/null ||
    fail "has no python3 of 3.10 or newer: install it there (apt-get install python3), then run up again"
  cat > "$name.$$"
  # If the connection breaks, the copy is incomplete.
  case $(sha256sum < "$name.$$") in
    "${name%.pyz}"*) mv "$name.$$" "$name" ;;
    *) rm -f "$name.$$"; fail "the program did not arrive whole; run up again" ;;
  esac
fi
[ -e current ] || ln -sfn "$name" current'
ssh -F "$config" "$alias" "folder=${file%/*} name=${file##*/}$receive" < "${config%/*}/host.pyz"
