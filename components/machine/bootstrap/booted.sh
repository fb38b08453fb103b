# On the server: wait until its first boot is over, and see to python3, which the next steps need.
# What the first boot did not get done is done by the steps that follow, or they say why not. Safe to run again.
# Usage: bash -s -- TIMEOUT_S
main() {
  local timeout_s=$1 output
  if command -v cloud-init >/dev/null; then
    timeout "$timeout_s" cloud-init status --wait >/dev/null
    case $? in
      # 2 is a warning of cloud-init's own.
      0 | 2) ;;
      124)
        echo "host: the first boot is not over after $timeout_s s; it is at:" >&2
        tail -n 15 /var/log/cloud-init-output.log >&2
        exit 1 ;;
      *)
        echo "host: the first boot failed:"
        cloud-init status --long
        tail -n 15 /var/log/cloud-init-output.log ;;
    esac
  fi
  command -v python3 >/dev/null && return
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update >/dev/null 2>&1
  if ! output=$(apt-get -qq -o DPkg::Lock::Timeout=300 install --no-install-recommends python3 2>&1); then
    tail -n 5 <<< "$output" >&2
    echo "host: cannot install python3; run up again" >&2
    exit 1
  fi
  echo "host: installed python3"
}
# What it runs must not read the rest of this script.
main "$@" < /dev/null
