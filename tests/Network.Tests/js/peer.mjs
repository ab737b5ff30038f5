// A js-libp2p node that a .NET test drives: one JSON command a line on stdin, one JSON answer a line on stdout.
//   {"id":1,"do":"dial","address":"/ip4/…"}   ->   {"id":1,"ok":{…}}   or   {"id":1,"error":"…"}
// Lines without an id are events: {"event":"…",…}. The settings are the first argument, as JSON. Ends when stdin does.
import './polyfill.mjs'
import { createInterface } from 'node:readline'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify, identifyPush } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { createLibp2p } from 'libp2p'
import * as host from './host.mjs'

const settings = JSON.parse(process.argv[2] ?? '{}')
const emit = (line) => process.stdout.write(JSON.stringify(line) + '\n')
const securities = { noise, tls }

// A part may bring services, commands and things to do at the start; every part is asked the same way.
const parts = [host, ...await Promise.all((settings.parts ?? []).map((name) => import(`./${name}.mjs`)))]
const services = Object.assign({ identify: identify(), push: identifyPush(), ping: ping() }, ...parts.map((it) => it.services?.(settings) ?? {}))

const node = await createLibp2p({
  privateKey: settings.seed ? await generateKeyPairFromSeed('Ed25519', Buffer.from(settings.seed, 'hex')) : undefined,
  addresses: { listen: settings.listen ?? ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: (settings.security ?? ['noise', 'tls']).map((it) => securities[it]()),
  streamMuxers: [yamux()],
  connectionManager: { maxConnections: 1000, inboundConnectionThreshold: 10_000, maxIncomingPendingConnections: 1000 },
  connectionMonitor: { pingInterval: settings.pingInterval ?? 10_000 },
  services
})

const commands = Object.assign({}, ...parts.map((it) => it.commands?.(node, emit, settings) ?? {}))
for (const part of parts) {
  await part.start?.(node, emit, settings)
}

emit({ event: 'ready', peer: node.peerId.toString(), addresses: node.getMultiaddrs().map((it) => it.toString()) })

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  Promise.resolve()
    .then(() => commands[command.do](command))
    .then((ok) => emit({ id: command.id, ok: ok ?? null }), (error) => emit({ id: command.id, error: `${error.name}: ${error.message}` }))
}

process.exit(0)
