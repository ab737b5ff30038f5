import assert from 'node:assert/strict';
import { FetchRequest, JsonRpcProvider, SocketSubscriber, toUtf8String, WebSocketProvider } from 'ethers';
import { failure, inbox, run } from './checks.mjs';
import { transfer } from './lux.mjs';

/** One of the chain's own streams, as ethers lets its own subscribers be made. */
class Stream extends SocketSubscriber {
  constructor(provider, filter, take) {
    super(provider, filter);
    this.take = take;
  }

  async _emit(_provider, message) {
    this.take(message);
  }
}

await run(async ({ http, ws, sender, recipient, check, mayRestart, restart }) => {
  const socket = new WebSocketProvider(ws);
  const filters = inbox(); // made over HTTP
  const request = new FetchRequest(http);
  request.processFunc = async ({ body }, response) => {
    if (toUtf8String(body).includes('eth_newPendingTransactionFilter')) {
      filters.put(response);
    }

    return response;
  };
  const polling = new JsonRpcProvider(request, undefined, { pollingInterval: 50, cacheTimeout: -1 });
  const heads = inbox();
  let sent;
  let seen = 0; // the newest finality event

  const chainId = await check('chain id', async () => {
    const [{ chainId: overSocket }, { chainId: overHttp }] = await Promise.all([socket.getNetwork(), polling.getNetwork()]);
    assert.equal(overSocket, overHttp);
    return overHttp;
  });

  await check('heads over WebSocket', async () => {
    await socket.on('block', heads.put);
    let parent;
    for (let i = 0; i < 4; i++) {
      const number = await heads.next();
      const [here, there] = await Promise.all([socket.getBlock(number), polling.getBlock(number)]);
      assert.equal(here?.number, number, 'a head must be readable by number when it is told');
      assert.equal(there?.hash, here.hash, 'and on the other endpoint');
      assert.equal((await polling.getBlock(here.hash)).number, number);
      assert.equal(here.parentHash, parent ?? here.parentHash, 'heads come in order, none is left out');
      parent = here.hash;
    }
  });

  await check('heads over HTTP', async () => {
    const polled = inbox();
    await polling.on('block', polled.put);
    const numbers = await polled.take(3);
    await polling.off('block', polled.put);
    assert.deepEqual(numbers, numbers.map((_, i) => numbers[0] + i));
  });

  await check('block filter', async () => {
    const id = await polling.send('eth_newBlockFilter', []);
    const hashes = [];
    while (hashes.length < 2) {
      await heads.fresh(1);
      hashes.push(...await polling.send('eth_getFilterChanges', [id]));
    }

    const [first, second] = await Promise.all(hashes.slice(0, 2).map((hash) => polling.getBlock(hash)));
    assert.equal(second.parentHash, first.hash);
    assert.equal(await polling.send('eth_uninstallFilter', [id]), true);
    assert.equal(await polling.send('eth_uninstallFilter', [id]), false);
    assert.equal((await failure(polling.send('eth_getFilterChanges', [id]))).error.code, -32000);
  });

  await check('tags', async () => {
    const [earliest, finalized, safe, latest, pending] = [
      await polling.getBlock('earliest'), await polling.getBlock('finalized'), await polling.getBlock('safe'),
      await polling.getBlock('latest'), await polling.getBlock('pending'),
    ];
    assert.equal(earliest.number, 0);
    assert.ok(finalized.number > 0);
    assert.ok(finalized.number <= safe.number && safe.number <= latest.number && latest.number <= pending.number);
  });

  await check('pending transactions', async () => {
    const overSocket = inbox();
    const overHttp = inbox();
    await Promise.all([socket.on('pending', overSocket.put), polling.on('pending', overHttp.put)]);
    await socket.send('net_version', []); // the subscription was asked for before: when this is answered, it is open
    const fee = (await polling.getFeeData()).gasPrice;
    const nonce = await polling.getTransactionCount(sender.address, 'pending');
    sent = { ...transfer(sender, { chainId, nonce, fee, to: recipient, value: 12_345n }), nonce, fee, value: 12_345n };
    await filters.next();
    assert.equal(await polling.send('eth_sendRawTransaction', [sent.raw]), sent.id);
    await Promise.all([overSocket, overHttp].map((box) => box.until((id) => id === sent.id)));
    await Promise.all([socket.off('pending'), polling.off('pending')]);
  });

  await check('receipt', async () => {
    const receipt = await polling.waitForTransaction(sent.id);
    assert.equal(receipt.hash, sent.id);
    assert.equal(receipt.status, 1);
    assert.equal(receipt.fee, sent.fee);
    assert.equal(receipt.to.toLowerCase(), recipient);
    assert.deepEqual([...receipt.logs], []);
    sent.block = receipt.blockNumber;
    const transaction = await polling.getTransaction(sent.id);
    assert.equal(transaction.from.toLowerCase(), sender.address);
    assert.equal(transaction.value, sent.value);
    assert.equal(transaction.nonce, sent.nonce);
    assert.equal(transaction.chainId, chainId);
    const block = await polling.getBlock(sent.block, true);
    assert.equal(block.prefetchedTransactions[receipt.index].hash, sent.id);
  });

  await check('finalized', async () => {
    const finalized = inbox();
    await socket.on('finalized', finalized.put);
    await finalized.until((number) => number >= sent.block);
    await socket.off('finalized');
    assert.equal((await polling.send('lux_getTransaction', [sent.id])).status, 'final');
  });

  await check('balance and nonce', async () => {
    assert.equal(await polling.getBalance(recipient, 'finalized'), sent.value);
    assert.equal(await polling.getBalance(recipient), sent.value);
    assert.equal(await polling.getTransactionCount(sender.address), sent.nonce + 1);
    assert.equal(await polling.getCode(recipient), '0x');
  });

  await check('logs', async () => {
    assert.deepEqual(await polling.getLogs({ address: recipient, fromBlock: 0, toBlock: 'latest' }), []);
    const filter = { address: recipient };
    await Promise.all([socket.on(filter, heads.put), polling.on(filter, heads.put)]);
    await socket.send('net_version', []);
    await Promise.all([socket.off(filter), polling.off(filter)]);
  });

  await check('batch', async () => {
    const sizes = [];
    const batching = new JsonRpcProvider(http, chainId, { staticNetwork: true });
    await batching.on('debug', ({ action, payload }) => action === 'sendRpcPayload' && sizes.push([payload].flat().length));
    const wrong = failure(batching.send('lux_nonsense', []));
    const blocks = await Promise.all(
      Array.from({ length: 249 }, (_, i) => batching.send('eth_getBlockByNumber', [`0x${(i % 3).toString(16)}`, false])));
    assert.ok(blocks.every(({ number }, i) => number === `0x${(i % 3).toString(16)}`), 'every call has its own answer');
    assert.equal((await wrong).code, 'UNSUPPORTED_OPERATION');
    assert.deepEqual(sizes, [100, 100, 50]);
  });

  await check('unsubscribe', async () => {
    let notes = 0;
    const id = await socket.send('eth_subscribe', ['newHeads']);
    const told = inbox();
    socket.websocket.addEventListener('message', ({ data }) => data.includes(`"subscription":"${id}"`) && told.put(++notes));
    await told.take(2);
    assert.equal(await socket.send('eth_unsubscribe', [id]), true);
    assert.equal(await socket.send('eth_unsubscribe', [id]), false);
    await heads.fresh(2); // a note that was under way has come
    const before = notes;
    await heads.fresh(2);
    assert.equal(notes, before);
  });

  await check('unknown block', async () => {
    const unknown = `0x${'12'.repeat(32)}`;
    assert.equal(await polling.getBlock(1_000_000_000), null);
    assert.equal(await polling.getBlock(unknown), null);
    assert.equal(await polling.getTransaction(unknown), null);
    assert.equal(await polling.getTransactionReceipt(unknown), null);
  });

  await check('unknown method', async () => {
    for (const provider of [socket, polling]) {
      const error = await failure(provider.send('lux_nonsense', []));
      assert.equal(error.code, 'UNSUPPORTED_OPERATION');
      assert.equal(error.info.error.code, -32601);
    }
  });

  await check('refused transactions', async () => {
    const offer = (change) => failure(polling.send('eth_sendRawTransaction', [
      transfer(sender, { chainId, nonce: sent.nonce + 1, fee: sent.fee, to: recipient, value: 1n, ...change }).raw,
    ]));
    assert.equal((await offer({ nonce: sent.nonce })).code, 'NONCE_EXPIRED');
    assert.equal((await offer({ value: 1n << 100n })).code, 'INSUFFICIENT_FUNDS');
    assert.equal((await offer({ chainId: chainId + 1n })).error.data.reason, 'WrongChain');
    assert.equal((await failure(polling.send('eth_sendRawTransaction', ['0x02f8']))).error.code, -32602);
    assert.equal(await polling.send('eth_sendRawTransaction', [sent.raw]), sent.id); // again is no error
  });

  await check('own methods', async () => {
    const certificate = await polling.send('lux_getCertificate', [`0x${sent.block.toString(16)}`]);
    assert.equal(certificate.blockHash, (await polling.getBlock(sent.block)).hash);
    assert.ok(certificate.percent >= 67);
    const proof = await polling.send('lux_getProof', ['transaction', sent.id]);
    assert.equal(proof.blockHash, certificate.blockHash);
    assert.equal((await polling.send('rpc.discover', [])).openrpc, '1.3.2');
  });

  await check('finality feed', async () => {
    const newest = (await polling.getBlock('finalized')).number;
    const feed = inbox();
    const stream = new Stream(socket, ['lux_finality', { fromSequence: 1 }], feed.put);
    stream.start();
    while (seen < newest + 2) {
      const event = await feed.next();
      assert.equal(Number(event.sequence), ++seen, 'every event once and in order');
      assert.ok(event.certificate.percent >= 67);
      assert.equal((await socket.getBlock(seen)).hash, event.blockHash);
    }

    stream.stop();
  });

  if (mayRestart) {
    await check('restart', async () => {
      const closed = new Promise((resolve) => socket.websocket.addEventListener('close', ({ code }) => resolve(code)));
      const back = restart();
      assert.equal(await closed, 1012); // ethers does not come back by itself: the application makes a new provider
      await back;
      const again = new WebSocketProvider(ws);
      const rest = inbox();
      new Stream(again, ['lux_finality', { fromSequence: seen + 1 }], rest.put).start();
      for (const event of await rest.take(3)) {
        assert.equal(Number(event.sequence), ++seen, 'the feed goes on where it was');
      }

      await again.destroy();
    });
  }
});
