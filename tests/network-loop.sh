#!/usr/bin/env bash
# Runs a devnet of processes and, again and again, kills a node with kill -9 or pauses one with SIGSTOP while signed transactions flow in
# over JSON-RPC. The others must go on during every fault. Afterwards all databases must be clean, nobody may have signed twice, and every
# transaction that a node accepted must be final or in a pool.
#
#   tests/network-loop.sh [FAULTS] [SEED]        20 faults unless given; the seed decides which, and whose
#
# Prints one summary line; ends with 0 where nothing was lost. PORT (19545) is node 1's; KEEP=1 keeps the data folder.
set -u

name=network-loop
faults=${1:-20}
seed=${2:-$RANDOM}
port=${PORT:-19545}
patience=120
. "$(dirname "$0")/loop.sh"

# The process of a node now.
process() { grep -o "node$1  .*process [0-9]*" "$log" | tail -n 1 | grep -o '[0-9]*$'; }

# Waits until a node answers that it has a height.
await_node() {
  for ((second = 0; second < patience; second++)); do
    "$luxtensor" finality "$2" --rpc "http://127.0.0.1:$((port + 10 * ($1 - 1)))" >/dev/null 2>&1 && return
    sleep 1
  done
  fail "node $1 did not reach height $2 within $patience seconds"
}

# Long epochs: whoever is away for half of one is jailed, and then those that are left may be too few.
start_devnet --processes --epoch 100000
await 2
start_flood 100

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

stop_flood
"$luxtensor" evidence --rpc "$rpc" --json >"$work/evidence.log" 2>&1
! grep -q '"validator"' "$work/evidence.log" || fail "somebody signed twice: $(cat "$work/evidence.log")"
stop_devnet
pass "$kills kills and $((faults - kills)) pauses"
