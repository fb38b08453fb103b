# On the operator's machine: wait until the host accepts a connection. Safe to run again: it changes nothing.
# Another host key than the pinned one, or a refused login, ends the wait at once.
# Usage: bash reached.sh CONFIG ALIAS TIMEOUT_S HOST ADVICE. HOST begins each error, ADVICE ends the one after a timeout.
config=$1 alias=$2 timeout_s=$3 host=$4 advice=$5
# A connection from before a restart of the host would hang.
ssh -F "$config" -O exit "$alias" 2>/dev/null
end=$((SECONDS + timeout_s))
until answer=$(ssh -F "$config" "$alias" true 2>&1); do
  case "$answer" in
    *'Host key verification failed'* | *'REMOTE HOST IDENTIFICATION HAS CHANGED'*)
      echo "$host: has a different SSH host key from the pinned one, and nothing was sent to it; is it another machine?" >&2
      exit 1 ;;
    *'Permission denied'*)
      echo "$host: does not accept the key: is it in the agent (ssh-add -l), or named in host/identity_file?" >&2
      echo "  $answer" >&2
      exit 1 ;;
  esac
  if [ $SECONDS -ge $end ]; then
    echo "$host: SSH does not answer after $timeout_s s: $answer" >&2
    echo "  $advice" >&2
    exit 1
  fi
  sleep 1
done
