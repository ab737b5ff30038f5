// The part of the js peer that gossips: StrictNoSign, ids by content as LuxTensor makes them, and an application that judges by the
// first byte: R reject, I ignore, else accept.
import { createHash } from 'node:crypto'
import { gossipsub } from '@libp2p/gossipsub'

let accepted = 0
let latencies = []
let wanted = null
let expecting = null

function idOf (message) {
  const topic = Buffer.from(message.topic)
  const head = Buffer.alloc(4)
  head.writeUInt32BE(topic.length)
  return createHash('sha256').update(head).update(topic).update(message.data).digest().subarray(0, 20)
}

function judge (_, message) {
  switch (message.data[0]) {
    case 0x52: return 'reject'
    case 0x49: return 'ignore'
    default: return 'accept'
  }
}

// For the benchmarks: a dot, then when it was sent, in nanoseconds of the monotonic clock that all processes of a machine share.
function stamped (size) {
  const data = Buffer.alloc(size, 0x2e)
  data.writeBigUInt64BE(process.hrtime.bigint(), 1)
  data.writeDoubleBE(Math.random(), 9)
  return data
}

export function services () {
  return {
    gossip: gossipsub({
      globalSignaturePolicy: 'StrictNoSign',
      msgIdFn: idOf,
      allowPublishToZeroTopicPeers: true,
      ignoreDuplicatePublishError: true,
      emitSelf: false
    })
  }
}

export async function start (node, emit, settings) {
  const gossip = node.services.gossip
  gossip.addEventListener('message', ({ detail }) => {
    if (!settings.quiet) {
      const text = Buffer.from(detail.data).toString('latin1')
      emit({ event: 'gossip', topic: detail.topic, size: detail.data.length, text: text.slice(0, 40), hash: createHash('sha256').update(detail.data).digest('hex') })
      return
    }
    latencies.push(Number(process.hrtime.bigint() - Buffer.from(detail.data.buffer, detail.data.byteOffset).readBigUInt64BE(1)))
    if (++accepted >= (wanted?.count ?? Infinity)) {
      wanted.done()
      wanted = null
    }
  })
  for (const topic of settings.topics ?? []) {
    gossip.topicValidators.set(topic, judge)
    gossip.subscribe(topic)
  }
}

export function commands (node) {
  const gossip = node.services.gossip
  return {
    publish: async ({ topic, text, size }) => {
      const data = Buffer.alloc(size ?? text.length, 'x')
      data.write(text, 'latin1')
      const { recipients } = await gossip.publish(topic, data)
      return { recipients: recipients.length }
    },
    mesh: async ({ topic }) => ({
      mesh: gossip.getMeshPeers(topic),
      subscribers: gossip.getSubscribers(topic).map((peer) => peer.toString())
    }),
    // for the benchmarks: count messages, as fast as they go or with a pause of some milliseconds after each
    pump: async ({ topic, size, count, pause }) => {
      const started = performance.now()
      for (let i = 0; i < count; i++) {
        await gossip.publish(topic, stamped(size))
        if (pause || i % 50 === 49) {
          await new Promise((resolve) => pause ? setTimeout(resolve, pause) : setImmediate(resolve))
        }
      }
      return { milliseconds: performance.now() - started }
    },
    expect: async ({ count }) => {
      accepted = 0
      latencies = []
      wanted = { count }
      wanted.promise = new Promise((resolve) => { wanted.done = resolve })
      expecting = wanted.promise
      return null
    },
    expected: async ({ seconds }) => {
      await Promise.race([expecting, new Promise((resolve) => setTimeout(resolve, seconds * 1000))])
      latencies.sort((a, b) => a - b)
      return { accepted, median: latencies[latencies.length >> 1] / 1e6, p99: latencies[Math.floor(latencies.length * 0.99)] / 1e6 }
    },
    accepted: async () => ({ accepted })
  }
}
