# On the operator's machine: wait until the host accepts a connection. Safe to run again: it only asks.
# A host key that is not the pinned one, or a user whom the host refuses, ends the wait at once: time does not help.
# Usage: bash reached.sh CONFIG ALIAS TIMEOUT_S WHAT ADVICE. WHAT names the host in errors, ADVICE is for a silent one.
config=$1 alias=$2 timeout_s=$3 what=$4 advice=$5
# A connection from before a restart would hang until it is noticed to be dead.
ssh -F "$config" -O exit "$alias" 2>/dev/null
end=$((SECONDS + timeout_s))
until answer=$(ssh -F "$config" "$alias" true 2>&1); do
  case "$answer" in
    *'Host key verification failed'* | *'REMOTE HOST IDENTIFICATION HAS CHANGED'*)
      echo "$what: shows another SSH host key than the pinned one, and nothing was sent to it; is it another machine?" >&2
      exit 1 ;;
    *'Permission denied'*)
      echo "$what: does not accept the key: is it in the agent (ssh-add -l), or named in host/identity_file?" >&2
      echo "  $answer" >&2
      exit 1 ;;
  esac
  if [ $SECONDS -ge $end ]; then
    echo "$what: SSH does not answer after $timeout_s s: $answer" >&2
    echo "  $advice" >&2
    exit 1
  fi
  sleep 1
done
