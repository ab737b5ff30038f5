// The part of the js peer that the tests of the host use: dial, ping, identify, requests and answers.
import { createHash } from 'node:crypto'
import { multiaddr } from '@multiformats/multiaddr'
import { peerIdFromString } from '@libp2p/peer-id'

// A request is a varint frame: u32 the size of the answer, then payload. The answer is a varint frame of that size: SHA-256 of the
// payload, then zeros.
const PROTOCOL = '/luxtensor/test/answer/1'

function frame (body) {
  const head = []
  let length = body.length
  for (; length >= 0x80; length = Math.floor(length / 128)) {
    head.push((length % 128) | 0x80)
  }
  head.push(length)
  return Buffer.concat([Buffer.from(head), body])
}

async function readFrame (stream) {
  const pieces = []
  let held = 0
  let need = -1
  let start = 0
  for await (const piece of stream) {
    const bytes = Buffer.from(piece.subarray())
    pieces.push(bytes)
    held += bytes.length
    if (need < 0) {
      const all = Buffer.concat(pieces)
      let value = 0
      for (let i = 0; i < all.length; i++) {
        value += (all[i] & 0x7f) * 2 ** (7 * i)
        if (all[i] < 0x80) {
          start = i + 1
          need = start + value
          break
        }
      }
    }
    if (need >= 0 && held >= need) {
      break
    }
  }
  if (need < 0 || held < need) {
    throw new Error(`the stream ended after ${held} bytes`)
  }
  return Buffer.concat(pieces).subarray(start, need)
}

async function writeAll (stream, bytes) {
  for (let at = 0; at < bytes.length; at += 65536) {
    if (!stream.send(bytes.subarray(at, at + 65536))) {
      await stream.onDrain()
    }
  }
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest()

export async function start (node, emit) {
  await node.handle(PROTOCOL, async (stream) => {
    try {
      const request = await readFrame(stream)
      const answer = Buffer.alloc(request.readUInt32BE(0))
      sha256(request.subarray(4)).copy(answer)
      await writeAll(stream, frame(answer))
      await stream.close()
    } catch (error) {
      stream.abort(error)
    }
  }, { maxInboundStreams: 1000, maxOutboundStreams: 1000 })
  node.addEventListener('peer:identify', (it) => emit({
    event: 'identified',
    peer: it.detail.peerId.toString(),
    agent: it.detail.agentVersion,
    protocols: it.detail.protocols,
    observed: it.detail.observedAddr?.toString(),
    listen: it.detail.listenAddrs.map((address) => address.toString())
  }))
  node.addEventListener('peer:disconnect', (it) => emit({ event: 'disconnected', peer: it.detail.toString() }))
}

export function commands (node) {
  async function ask (peer, payload, answerSize) {
    const stream = await node.dialProtocol(peer, PROTOCOL)
    const head = Buffer.alloc(4)
    head.writeUInt32BE(answerSize)
    const [, answer] = await Promise.all([writeAll(stream, frame(Buffer.concat([head, payload]))), readFrame(stream)])
    await stream.close()
    if (answer.length !== answerSize || !answer.subarray(0, 32).equals(sha256(payload))) {
      throw new Error(`a wrong answer of ${answer.length} bytes`)
    }
  }

  return {
    dial: async ({ address }) => {
      const connection = await node.dial(multiaddr(address))
      return { peer: connection.remotePeer.toString(), security: connection.encryption, muxer: connection.multiplexer }
    },
    hangUp: async ({ peer }) => { await node.hangUp(peerIdFromString(peer)) },
    ping: async ({ peer }) => ({ milliseconds: await node.services.ping.ping(peerIdFromString(peer)) }),
    // count requests at once, each with a payload and an answer of these sizes
    ask: async ({ peer, payloadSize, answerSize, count }) => {
      const started = performance.now()
      const payload = Buffer.alloc(payloadSize, 7)
      await Promise.all(Array.from({ length: count ?? 1 }, () => ask(peerIdFromString(peer), payload, answerSize)))
      return { milliseconds: performance.now() - started }
    },
    // for the benchmarks: dials and hangs up, one after the other
    shake: async ({ address, count }) => {
      const started = performance.now()
      for (let i = 0; i < count; i++) {
        const connection = await node.dial(multiaddr(address), { force: true })
        await connection.close()
      }
      return { milliseconds: performance.now() - started }
    },
    connections: async () => node.getConnections().map((it) => ({ peer: it.remotePeer.toString(), direction: it.direction, security: it.encryption })),
    memory: async () => ({ rss: process.memoryUsage().rss, cpu: process.cpuUsage().user + process.cpuUsage().system })
  }
}
