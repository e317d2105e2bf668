# Runs one server and ends it when our standard input closes, which happens at the latest when the
# process that started us is gone, however it went. Arguments: grace in seconds, pid file, file for
# the server's output, then the server's command line. Prints "pid N" and, when it ended, "exit N".
grace=$1 pidfile=$2 console=$3
shift 3
exec 3<&0 </dev/null
"$@" 3<&- >>"$console" 2>&1 &
pid=$!
# When the starter dies while the server is stopped, the kernel sends our orphaned group a HUP.
trap '' HUP INT TERM PIPE
echo "$pid" >"$pidfile"
echo "pid $pid"
(
    while read -r _; do :; done <&3
    kill -TERM "$pid"
    kill -CONT "$pid"
    left=$((grace * 10))
    while [ "$left" -gt 0 ] && kill -0 "$pid"; do
        sleep 0.1
        left=$((left - 1))
    done
    kill -KILL "$pid"
) >/dev/null 2>&1 &
watcher=$!
wait "$pid"
code=$?
rm -f "$pidfile"
kill -KILL "$watcher" 2>/dev/null
echo "exit $code"
