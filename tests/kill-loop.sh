#!/usr/bin/env bash
# Kills a devnet with kill -9 again and again while signed transactions flow in over JSON-RPC. Afterwards every node's
# databases must be clean, and every transaction that a node accepted must be final or in a pool.
#
#   tests/kill-loop.sh [KILLS] [SEED]        50 kills unless given; the seed decides when they come
#
# Prints one summary line; ends with 0 where nothing was lost. PORT (18545) is node 1's; KEEP=1 keeps the data folder.
set -u

kills=${1:-50}
seed=${2:-$RANDOM}
port=${PORT:-18545}
rpc=http://127.0.0.1:$port
root=$(cd "$(dirname "$0")/.." && pwd)
luxtensor=${LUXTENSOR:-$root/src/LuxTensor.Node/bin/Release/net10.0/luxtensor}
work=$(mktemp -d)
data=$work/devnet
accepted=$work/accepted.log
node=
flood=
RANDOM=$seed

finish() {
  [ -n "$flood" ] && kill -9 "$flood" 2>/dev/null
  [ -n "$node" ] && kill -9 "$node" 2>/dev/null
  wait 2>/dev/null
  if [ -n "${KEEP:-}" ] || [ "${failed:-1}" -ne 0 ]; then echo "kill-loop: data kept in $work"; else rm -rf "$work"; fi
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
  echo "kill-loop: FAILED: $* (seed $seed)"
  tail -n 5 "$work/node.log" "$work/flood.log" 2>/dev/null
  failed=1
  exit 1
}

start() {
  "$luxtensor" devnet --plain --data "$data" --http "$port" --ws $((port + 1)) --interval 200ms >>"$work/node.log" 2>&1 &
  node=$!
}

# The last final height in the log; a devnet prints one line for each.
height() { { grep -o 'final   height [0-9]*' "$work/node.log" || echo 0; } | tail -n 1 | grep -o '[0-9]*$'; }

# Waits, for a minute at most, until a height is final; a slow machine only takes longer.
await() {
  for ((second = 0; $(height) < $1; second++)); do
    [ "$second" -lt 60 ] || fail "height $1 did not become final within 60 seconds of the last start"
    sleep 1
  done
}

[ -x "$luxtensor" ] || fail "there is no $luxtensor: run dotnet build -c Release src/LuxTensor.Node first"
began=$SECONDS
: >"$work/node.log"
"$luxtensor" tx flood --count 1000000000 --rate 300 --batch 5 --senders 8 --accepted-log "$accepted" --keep-going --rpc "$rpc" >"$work/flood.log" 2>&1 &
flood=$!

for ((i = 1; i <= kills; i++)); do
  start
  [ "$i" -gt 1 ] || await 1 # what is killed first is a chain, not its creation
  pause=$(printf '%d.%03d' $((1 + RANDOM % 3)) $((RANDOM % 1000)))
  sleep "$pause"
  kill -0 "$node" 2>/dev/null || fail "the devnet ended by itself before kill $i"
  kill -9 "$node"
  wait "$node" 2>/dev/null
  node=
done

before=$(height)
"$luxtensor" db check "$data" >"$work/check.log" 2>&1 || fail "db check after $kills kills: $(cat "$work/check.log")"

start
await $((before + 5))
kill -TERM "$flood"
wait "$flood" 2>/dev/null
flood=
status=$("$luxtensor" tx status --log "$accepted" --rpc "$rpc" --json 2>"$work/status.log") || fail "accepted transactions are lost: $status $(cat "$work/status.log")"
kill -TERM "$node"
wait "$node" || fail "the devnet did not stop cleanly"
node=
"$luxtensor" db check "$data" --signatures >"$work/check.log" 2>&1 || fail "db check after the clean stop: $(cat "$work/check.log")"

failed=0
echo "kill-loop: ok: $kills kills in $((SECONDS - began)) s, seed $seed, final height $(height), accepted transactions $(wc -l <"$accepted"), $status, databases clean"
