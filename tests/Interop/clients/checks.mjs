// What the three client scripts share: one JSON line a check, an end on the first failure, and no waiting but for events.
//
//   LUX_SEED=<seed of an account with tokens> node ethers.mjs http://127.0.0.1:8545 ws://127.0.0.1:8546 [--restart]
//
// With --restart the script asks, by a line {"ask":"restart"}, that the server be stopped and started again at the same
// addresses, and goes on when it reads a line from its input; the chain goes on meanwhile.
import { randomBytes } from 'node:crypto';
import { argv, env, exit, stdout } from 'node:process';
import { account } from './lux.mjs';

const DEADLINE = Number(env.LUX_DEADLINE ?? 120) * 1_000; // of the whole run

/** Runs a script's checks and ends the process. */
export async function run(body) {
  const [http, ws, option] = argv.slice(2);
  if (!http || !ws || !env.LUX_SEED || (option && option !== '--restart')) {
    console.error('usage: LUX_SEED=<64 hex digits> node <script>.mjs <http url> <ws url> [--restart]');
    exit(2);
  }

  let current = 'start';
  let passed = 0;
  const fail = (error) => {
    print({ check: current, ok: false, error: error?.stack ?? String(error) });
    exit(1);
  };
  setTimeout(() => fail(`nothing came of it within ${DEADLINE / 1_000} s from the start`), DEADLINE);
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);

  await body({
    http,
    ws,
    sender: account(env.LUX_SEED),
    recipient: account(randomBytes(32).toString('hex')).address, // fresh: what it has is what it was sent
    mayRestart: option === '--restart',
    restart: () => new Promise((back) => {
      process.stdin.once('data', back);
      print({ ask: 'restart' });
    }),
    check: async (name, act) => {
      current = name;
      const started = performance.now();
      try {
        const result = await act();
        print({ check: name, ok: true, ms: Math.round(performance.now() - started) });
        passed++;
        return result;
      } catch (error) {
        return fail(error);
      }
    },
  }).catch(fail);

  print({ done: passed });
  exit(0);
}

/** What events deliver, taken one at a time. */
export function inbox() {
  const items = [];
  const waiting = [];
  const box = {
    put: (item) => {
      const taker = waiting.shift();
      taker ? taker(item) : items.push(item);
    },
    next: () => (items.length > 0 ? Promise.resolve(items.shift()) : new Promise((resolve) => waiting.push(resolve))),
    take: async (count) => {
      const taken = [];
      while (taken.length < count) {
        taken.push(await box.next());
      }

      return taken;
    },
    fresh: (count) => {
      items.length = 0;
      return box.take(count);
    },
    until: async (holds) => {
      for (;;) {
        const item = await box.next();
        if (await holds(item)) {
          return item;
        }
      }
    },
  };
  return box;
}

/** The error of a promise that must fail. */
export async function failure(promise) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }

  throw new Error(`it should have failed, but gave ${JSON.stringify(value)}`);
}

function print(line) {
  stdout.write(`${JSON.stringify(line)}\n`);
}
