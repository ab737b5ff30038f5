#!/usr/bin/env bash
# Runs a devnet of processes and, again and again, kills a node with kill -9 or pauses one with SIGSTOP while signed transactions flow in
# over JSON-RPC. The others must go on during every fault. Afterwards all databases must be clean, nobody may have signed twice, and every
# transaction that a node accepted must be final or in a pool.
#
#   tests/network-loop.sh [FAULTS] [SEED]        20 faults unless given; the seed decides which, and whose
#
# Prints one summary line; ends with 0 where nothing was lost. PORT (19545) is node 1's; KEEP=1 keeps the data folder.
set -u

faults=${1:-20}
seed=${2:-$RANDOM}
port=${PORT:-19545}
rpc=http://127.0.0.1:$port
root=$(cd "$(dirname "$0")/.." && pwd)
luxtensor=${LUXTENSOR:-$root/src/LuxTensor.Node/bin/Release/net10.0/luxtensor}
work=$(mktemp -d)
data=$work/devnet
accepted=$work/accepted.log
devnet=
flood=
paused=
RANDOM=$seed

finish() {
  [ -n "$paused" ] && kill -CONT "$paused" 2>/dev/null
  [ -n "$flood" ] && kill -9 "$flood" 2>/dev/null
  [ -n "$devnet" ] && kill -9 "$devnet" 2>/dev/null # its nodes notice and end
  wait 2>/dev/null
  if [ -n "${KEEP:-}" ] || [ "${failed:-1}" -ne 0 ]; then echo "network-loop: data kept in $work"; else rm -rf "$work"; fi
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
  echo "network-loop: FAILED: $* (seed $seed)"
  tail -n 8 "$work/devnet.log" "$work/flood.log" 2>/dev/null
  failed=1
  exit 1
}

# The last final height that any node told of.
height() { { grep -o 'final   height [0-9]*' "$work/devnet.log" || echo 0; } | tail -n 1 | grep -o '[0-9]*$'; }

# The process of a node now.
process() { grep -o "node$1  .*process [0-9]*" "$work/devnet.log" | tail -n 1 | grep -o '[0-9]*$'; }

# Waits, for two minutes at most, until a height is final; a slow machine only takes longer.
await() {
  for ((second = 0; $(height) < $1; second++)); do
    [ "$second" -lt 120 ] || fail "height $1 did not become final within 120 seconds"
    sleep 1
  done
}

# Waits until a node answers that it has a height.
await_node() {
  for ((second = 0; second < 120; second++)); do
    "$luxtensor" finality "$2" --rpc "http://127.0.0.1:$((port + 10 * ($1 - 1)))" >/dev/null 2>&1 && return
    sleep 1
  done
  fail "node $1 did not reach height $2 within 120 seconds"
}

[ -x "$luxtensor" ] || fail "there is no $luxtensor: run dotnet build -c Release src/LuxTensor.Node first"
began=$SECONDS
: >"$work/devnet.log"
# Long epochs: whoever is away for half of one is jailed, and then those that are left may be too few.
"$luxtensor" devnet --processes --plain --data "$data" --http "$port" --ws $((port + 1)) --interval 200ms --epoch 100000 >>"$work/devnet.log" 2>&1 &
devnet=$!
await 2
"$luxtensor" tx flood --count 1000000000 --rate 100 --batch 5 --senders 8 --accepted-log "$accepted" --keep-going --rpc "$rpc" >"$work/flood.log" 2>&1 &
flood=$!

kills=0
for ((i = 1; i <= faults; i++)); do
  node=$((1 + RANDOM % 4))
  before=$(height)
  if [ $((RANDOM % 2)) -eq 0 ]; then
    kills=$((kills + 1))
    kill -9 "$(process $node)" || fail "node $node was gone before fault $i"
    await $((before + 5))
  else
    paused=$(process $node)
    kill -STOP "$paused" || fail "node $node was gone before fault $i"
    await $((before + 5))
    kill -CONT "$paused"
    paused=
  fi
  await_node $node $((before + 5))
done

kill -TERM "$flood"
wait "$flood" 2>/dev/null
flood=
status=$("$luxtensor" tx status --log "$accepted" --rpc "$rpc" --json 2>"$work/status.log") || fail "accepted transactions are lost: $status $(cat "$work/status.log")"
"$luxtensor" evidence --rpc "$rpc" --json >"$work/evidence.log" 2>&1
! grep -q '"validator"' "$work/evidence.log" || fail "somebody signed twice: $(cat "$work/evidence.log")"
kill -TERM "$devnet"
wait "$devnet" || fail "the devnet did not stop cleanly"
devnet=
"$luxtensor" db check "$data" --signatures >"$work/check.log" 2>&1 || fail "db check after the clean stop: $(cat "$work/check.log")"

failed=0
echo "network-loop: ok: $kills kills and $((faults - kills)) pauses in $((SECONDS - began)) s, seed $seed, final height $(height), accepted transactions $(wc -l <"$accepted"), $status, databases clean"
