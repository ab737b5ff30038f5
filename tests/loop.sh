# What kill-loop.sh and network-loop.sh share; they read this file. Both run a devnet, in the background as $devnet with its log in $log,
# while signed transactions flow in over JSON-RPC to $rpc, and must set $name, $seed, $port and $patience (seconds) first.

rpc=http://127.0.0.1:$port
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
luxtensor=${LUXTENSOR:-$root/src/LuxTensor.Node/bin/Release/net10.0/luxtensor}
work=$(mktemp -d)
data=$work/devnet
accepted=$work/accepted.log
log=$work/devnet.log
failed=1
devnet=
flood=
paused=
began=$SECONDS
RANDOM=$seed

finish() {
  [ -n "$paused" ] && kill -CONT "$paused" 2>/dev/null
  [ -n "$flood" ] && kill -9 "$flood" 2>/dev/null
  [ -n "$devnet" ] && kill -9 "$devnet" 2>/dev/null # nodes of its own processes notice and end
  wait 2>/dev/null
  if [ -n "${KEEP:-}" ] || [ "$failed" -ne 0 ]; then echo "$name: data kept in $work"; else rm -rf "$work"; fi
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
  echo "$name: FAILED: $* (seed $seed)"
  tail -n 8 "$log" "$work/flood.log" 2>/dev/null
  exit 1
}

# Starts the devnet, with further options.
start_devnet() {
  "$luxtensor" devnet --plain --data "$data" --http "$port" --ws $((port + 1)) --interval 200ms "$@" >>"$log" 2>&1 &
  devnet=$!
}

# Starts the transactions, so many a second; they go on while nobody answers.
start_flood() {
  "$luxtensor" tx flood --count 1000000000 --rate "$1" --batch 5 --senders 8 --accepted-log "$accepted" --keep-going --rpc "$rpc" >"$work/flood.log" 2>&1 &
  flood=$!
}

# The last final height that any node told of: a devnet prints one line for each.
height() { { grep -o 'final   height [0-9]*' "$log" || echo 0; } | tail -n 1 | grep -o '[0-9]*$'; }

# Waits until a height is final; a slow machine only takes longer.
await() {
  for ((second = 0; $(height) < $1; second++)); do
    [ "$second" -lt "$patience" ] || fail "height $1 did not become final within $patience seconds"
    sleep 1
  done
}

# Ends the transactions: every one that was accepted must be final or in a pool. Leaves what they came to in $status.
stop_flood() {
  kill -TERM "$flood"
  wait "$flood" 2>/dev/null
  flood=
  status=$("$luxtensor" tx status --log "$accepted" --rpc "$rpc" --json 2>"$work/status.log") || fail "accepted transactions are lost: $status $(cat "$work/status.log")"
}

# Ends the devnet as an operator does; its databases must be clean, to the last signature.
stop_devnet() {
  kill -TERM "$devnet"
  wait "$devnet" || fail "the devnet did not stop cleanly"
  devnet=
  "$luxtensor" db check "$data" --signatures >"$work/check.log" 2>&1 || fail "db check after the clean stop: $(cat "$work/check.log")"
}

# Says that all went well, after so many faults.
pass() {
  failed=0
  echo "$name: ok: $* in $((SECONDS - began)) s, seed $seed, final height $(height), accepted transactions $(wc -l <"$accepted"), $status, databases clean"
}

[ -x "$luxtensor" ] || fail "there is no $luxtensor: run dotnet build -c Release src/LuxTensor.Node first"
: >"$log"
