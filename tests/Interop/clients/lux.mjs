// Accounts and transactions of a LuxTensor chain, with nothing but node:crypto.
//
// A transaction is these bytes, integers big-endian, and its id is the SHA-256 of all of them:
//
//   version        1 byte    1
//   chain id       8 bytes
//   sender's key  32 bytes   Ed25519 public key
//   nonce          8 bytes   transactions the sender has sent before
//   fee           16 bytes   base units (10^18 to a token)
//   kind           1 byte    1 transfer, 6 data
//     transfer:   20 bytes to, 16 bytes value
//     data:        4 bytes length, then so many bytes
//   signature     64 bytes   Ed25519 over "LuxTensor/tx/1" with two zero bytes, and all the bytes above
//
// As a command (the seed is a secret: it comes from the environment and is never printed):
//
//   LUX_SEED=<64 hex digits> node lux.mjs address
//   LUX_SEED=<64 hex digits> node lux.mjs transfer <chain id> <nonce> <fee> <to> <value>
//   LUX_SEED=<64 hex digits> node lux.mjs data <chain id> <nonce> <fee> <0x bytes>
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { argv, env, exit } from 'node:process';
import { pathToFileURL } from 'node:url';

const DOMAIN = Buffer.from('LuxTensor/tx/1\0\0');
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex'); // RFC 8410: what precedes a seed

const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

/** An account from its 32-byte seed (hex, with or without 0x). The address is the last 20 bytes of SHA-256(public key). */
export function account(seed) {
  const bytes = fromHex(seed, 'the seed', 32);
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, bytes]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  return {
    publicKey,
    address: `0x${sha256(publicKey).subarray(-20).toString('hex')}`,
    sign: (message) => sign(null, message, key),
  };
}

/** Signs a transfer. Integers may be numbers or BigInts. Gives { raw, id }, both with 0x. */
export const transfer = (sender, { chainId, nonce, fee, to, value }) =>
  seal(sender, chainId, nonce, fee, [uint(1, 1, 'kind'), fromHex(to, 'to', 20), uint(value, 16, 'value')]);

/** Signs a record of opaque bytes. Gives { raw, id }, both with 0x. */
export function data(sender, { chainId, nonce, fee, bytes }) {
  const content = typeof bytes === 'string' ? fromHex(bytes, 'bytes') : Buffer.from(bytes);
  return seal(sender, chainId, nonce, fee, [uint(6, 1, 'kind'), uint(content.length, 4, 'length'), content]);
}

function seal(sender, chainId, nonce, fee, body) {
  const unsigned = Buffer.concat([
    uint(1, 1, 'version'), uint(chainId, 8, 'chain id'), sender.publicKey, uint(nonce, 8, 'nonce'), uint(fee, 16, 'fee'), ...body,
  ]);
  const raw = Buffer.concat([unsigned, sender.sign(Buffer.concat([DOMAIN, unsigned]))]);
  return { raw: `0x${raw.toString('hex')}`, id: `0x${sha256(raw).toString('hex')}` };
}

function uint(value, size, name) {
  const number = BigInt(value);
  if (number < 0n || number >= 1n << BigInt(8 * size)) {
    throw new RangeError(`${name} must be at least 0 and below 2^${8 * size}, not ${number}`);
  }

  return Buffer.from(number.toString(16).padStart(2 * size, '0'), 'hex');
}

function fromHex(text, name, size) {
  const digits = String(text).replace(/^0x/, '');
  if (!/^([0-9a-fA-F]{2})*$/.test(digits) || (size !== undefined && digits.length !== 2 * size)) {
    throw new TypeError(`${name} must be ${size ?? 'whole'} bytes in hexadecimal`);
  }

  return Buffer.from(digits, 'hex');
}

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  const [command, chainId, nonce, fee, ...rest] = argv.slice(2);
  const wanted = { address: 0, transfer: 5, data: 4 }[command];
  if (wanted === undefined || argv.length - 3 !== wanted || !env.LUX_SEED) {
    console.error('usage: LUX_SEED=<64 hex digits> node lux.mjs address | transfer <chain id> <nonce> <fee> <to> <value>'
      + ' | data <chain id> <nonce> <fee> <0x bytes>');
    exit(2);
  }

  const sender = account(env.LUX_SEED);
  console.log(command === 'address' ? sender.address : JSON.stringify(command === 'transfer'
    ? transfer(sender, { chainId, nonce, fee, to: rest[0], value: rest[1] })
    : data(sender, { chainId, nonce, fee, bytes: rest[0] })));
}
