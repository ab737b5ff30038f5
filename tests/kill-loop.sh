#!/usr/bin/env bash
# Kills a devnet with kill -9 again and again while signed transactions flow in over JSON-RPC. Afterwards every node's
# databases must be clean, and every transaction that a node accepted must be final or in a pool.
#
#   tests/kill-loop.sh [KILLS] [SEED]        50 kills unless given; the seed decides when they come
#
# Prints one summary line; ends with 0 where nothing was lost. PORT (18545) is node 1's; KEEP=1 keeps the data folder.
set -u

name=kill-loop
kills=${1:-50}
seed=${2:-$RANDOM}
port=${PORT:-18545}
patience=60
. "$(dirname "$0")/loop.sh"

start_flood 300
for ((i = 1; i <= kills; i++)); do
  start_devnet
  [ "$i" -gt 1 ] || await 1 # what is killed first is a chain, not its creation
  pause=$(printf '%d.%03d' $((1 + RANDOM % 3)) $((RANDOM % 1000)))
  sleep "$pause"
  kill -0 "$devnet" 2>/dev/null || fail "the devnet ended by itself before kill $i"
  kill -9 "$devnet"
  wait "$devnet" 2>/dev/null
  devnet=
done

before=$(height)
"$luxtensor" db check "$data" >"$work/check.log" 2>&1 || fail "db check after $kills kills: $(cat "$work/check.log")"

start_devnet
await $((before + 5))
stop_flood
stop_devnet
pass "$kills kills"
