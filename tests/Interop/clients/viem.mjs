import assert from 'node:assert/strict';
import { BlockNotFoundError, createPublicClient, http as overHttp, MethodNotFoundRpcError, webSocket } from 'viem';
import { failure, inbox, run } from './checks.mjs';
import { transfer } from './lux.mjs';

await run(async ({ http, ws, sender, recipient, check, mayRestart, restart }) => {
  const sizes = []; // of batches
  const socket = createPublicClient({ transport: webSocket(ws, { reconnect: { attempts: 5, delay: 3_000 } }) });
  const filters = inbox(); // made over HTTP
  const polling = createPublicClient({
    transport: overHttp(http, {
      fetchFn: async (url, init) => {
        const response = await fetch(url, init);
        if (init.body.includes('eth_newPendingTransactionFilter')) {
          filters.put(response);
        }

        return response;
      },
    }),
    pollingInterval: 50,
    cacheTime: 0,
  });
  const batching = createPublicClient({
    transport: overHttp(http, {
      batch: { batchSize: 250, wait: 10 },
      onFetchRequest: (_request, { body }) => {
        sizes.push([JSON.parse(body)].flat().length);
      },
    }),
  });
  const heads = inbox();
  const failed = inbox(); // what viem says is wrong with the subscription to heads
  let sent;
  let seen = 0n; // the newest finality event

  const chainId = await check('chain id', async () => {
    const [here, there] = await Promise.all([socket.getChainId(), polling.getChainId()]);
    assert.equal(here, there);
    assert.equal(await socket.request({ method: 'net_version' }), String(here));
    return here;
  });

  await check('heads over WebSocket', async () => {
    socket.watchBlocks({ onBlock: heads.put, onError: failed.put });
    let parent;
    for (let i = 0; i < 4; i++) {
      const head = await heads.next();
      const [here, there] = await Promise.all([socket, polling].map((client) => client.getBlock({ blockNumber: head.number })));
      assert.equal(here.hash, head.hash, 'a head must be readable by number when it is told');
      assert.equal(there.hash, head.hash, 'and on the other endpoint');
      assert.equal((await polling.getBlock({ blockHash: head.hash })).number, head.number);
      assert.equal(head.parentHash, parent ?? head.parentHash, 'heads come in order, none is left out');
      parent = head.hash;
    }
  });

  await check('heads over HTTP', async () => {
    const polled = inbox();
    const end = polling.watchBlocks({ onBlock: polled.put, emitMissed: true });
    const blocks = await polled.take(3);
    end();
    assert.equal(blocks[1].parentHash, blocks[0].hash);
    assert.equal(blocks[2].parentHash, blocks[1].hash);
  });

  await check('block filter', async () => {
    const filter = await polling.createBlockFilter();
    const hashes = [];
    while (hashes.length < 2) {
      await heads.fresh(1);
      hashes.push(...await polling.getFilterChanges({ filter }));
    }

    const [first, second] = await Promise.all(hashes.slice(0, 2).map((blockHash) => polling.getBlock({ blockHash })));
    assert.equal(second.parentHash, first.hash);
    assert.equal(await polling.uninstallFilter({ filter }), true);
    assert.equal(await polling.uninstallFilter({ filter }), false);
    assert.equal((await failure(polling.getFilterChanges({ filter }))).code, -32000);
  });

  await check('tags', async () => {
    const blocks = [];
    for (const blockTag of ['earliest', 'finalized', 'safe', 'latest', 'pending']) {
      blocks.push((await polling.getBlock({ blockTag })).number);
    }

    const [earliest, finalized, safe, latest, pending] = blocks;
    assert.equal(earliest, 0n);
    assert.ok(finalized > 0n);
    assert.ok(finalized <= safe && safe <= latest && latest <= pending);
  });

  await check('pending transactions', async () => {
    const told = inbox();
    const polled = inbox();
    const ends = [
      socket.watchPendingTransactions({ onTransactions: (ids) => ids.forEach(told.put) }),
      polling.watchPendingTransactions({ onTransactions: (ids) => ids.forEach(polled.put), batch: false }),
    ];
    await Promise.all([filters.next(), socket.request({ method: 'eth_syncing' })]); // when this is answered, the subscription is open
    const [nonce, fee] = await Promise.all([
      polling.getTransactionCount({ address: sender.address, blockTag: 'pending' }), polling.getGasPrice(),
    ]);
    sent = { ...transfer(sender, { chainId, nonce, fee, to: recipient, value: 12_345n }), nonce, fee, value: 12_345n };
    assert.equal(await polling.sendRawTransaction({ serializedTransaction: sent.raw }), sent.id);
    await Promise.all([told, polled].map((box) => box.until((id) => id === sent.id)));
    ends.forEach((end) => end());
  });

  await check('receipt', async () => {
    const receipt = await polling.waitForTransactionReceipt({ hash: sent.id });
    assert.equal(receipt.transactionHash, sent.id);
    assert.equal(receipt.status, 'success');
    assert.equal(receipt.gasUsed * receipt.effectiveGasPrice, sent.fee);
    assert.equal(receipt.to, recipient);
    assert.deepEqual(receipt.logs, []);
    sent.block = receipt.blockNumber;
    const transaction = await polling.getTransaction({ hash: sent.id });
    assert.equal(transaction.from, sender.address);
    assert.equal(transaction.value, sent.value);
    assert.equal(transaction.nonce, sent.nonce);
    assert.equal(transaction.chainId, chainId);
    const block = await polling.getBlock({ blockNumber: sent.block, includeTransactions: true });
    assert.equal(block.transactions[receipt.transactionIndex].hash, sent.id);
  });

  await check('finalized', async () => {
    const finalized = inbox();
    const end = polling.watchBlocks({ blockTag: 'finalized', onBlock: finalized.put });
    await finalized.until(({ number }) => number >= sent.block);
    end();
    assert.equal((await polling.request({ method: 'lux_getTransaction', params: [sent.id] })).status, 'final');
  });

  await check('balance and nonce', async () => {
    assert.equal(await polling.getBalance({ address: recipient, blockTag: 'finalized' }), sent.value);
    assert.equal(await polling.getBalance({ address: recipient }), sent.value);
    assert.equal(await polling.getTransactionCount({ address: sender.address }), sent.nonce + 1);
    assert.equal(await polling.getCode({ address: recipient }), undefined);
  });

  await check('logs', async () => {
    assert.deepEqual(await polling.getLogs({ address: recipient, fromBlock: 0n, toBlock: 'latest' }), []);
    const filter = await polling.createEventFilter({ address: recipient });
    assert.deepEqual(await polling.getFilterChanges({ filter }), []);
    assert.deepEqual(await polling.getFilterLogs({ filter }), []);
    assert.equal(await polling.uninstallFilter({ filter }), true);
    const { unsubscribe } = await socket.transport.subscribe({ params: ['logs', { address: recipient }], onData: heads.put });
    assert.equal((await unsubscribe()).result, true);
  });

  await check('batch', async () => {
    const wrong = failure(batching.request({ method: 'lux_nonsense' }, { retryCount: 0 }));
    const [blocks, balances] = await Promise.all([
      Promise.all([2n, 0n, 1n].map((blockNumber) => batching.getBlock({ blockNumber }))),
      Promise.all(Array.from({ length: 496 }, (_, i) => batching.getBalance({ address: `0x${i.toString(16).padStart(40, '0')}` }))),
    ]);
    assert.deepEqual(blocks.map(({ number }) => number), [2n, 0n, 1n], 'every call has its own answer');
    assert.ok(balances.every((balance) => balance === 0n));
    assert.ok(await wrong instanceof MethodNotFoundRpcError);
    assert.deepEqual(sizes, [250, 250]);
  });

  await check('unsubscribe', async () => {
    const told = inbox();
    let notes = 0;
    const subscription = await socket.transport.subscribe({ params: ['newHeads'], onData: () => told.put(++notes) });
    const { socket: connection } = await socket.transport.getRpcClient();
    let frames = 0;
    connection.addEventListener('message', ({ data }) => data.includes(`"subscription":"${subscription.subscriptionId}"`) && frames++);
    await told.take(2);
    assert.equal((await subscription.unsubscribe()).result, true);
    assert.equal((await subscription.unsubscribe()).result, false);
    await heads.fresh(2); // a note that was under way has come
    const before = frames;
    await heads.fresh(2);
    assert.ok(before > 0);
    assert.equal(frames, before);
  });

  await check('unknown block', async () => {
    const hash = `0x${'12'.repeat(32)}`;
    assert.ok(await failure(polling.getBlock({ blockNumber: 1_000_000_000n })) instanceof BlockNotFoundError);
    assert.ok(await failure(polling.getBlock({ blockHash: hash })) instanceof BlockNotFoundError);
    assert.equal((await failure(polling.getTransaction({ hash }))).name, 'TransactionNotFoundError');
    assert.equal((await failure(polling.getTransactionReceipt({ hash }))).name, 'TransactionReceiptNotFoundError');
  });

  await check('unknown method', async () => {
    for (const client of [socket, polling]) {
      const error = await failure(client.request({ method: 'lux_nonsense', params: [] }));
      assert.ok(error instanceof MethodNotFoundRpcError);
      assert.equal(error.code, -32601);
    }
  });

  await check('refused transactions', async () => {
    const offer = async (change) => {
      const { raw } = transfer(sender, { chainId, nonce: sent.nonce + 1, fee: sent.fee, to: recipient, value: 1n, ...change });
      return (await failure(polling.sendRawTransaction({ serializedTransaction: raw }))).walk((cause) => cause.code !== undefined);
    };
    assert.match((await offer({ nonce: sent.nonce })).details, /nonce too low/);
    assert.match((await offer({ value: 1n << 100n })).details, /insufficient funds/);
    assert.equal((await offer({ chainId: chainId + 1 })).code, -32000);
    assert.equal((await failure(polling.sendRawTransaction({ serializedTransaction: '0x02f8' }))).code, -32602);
    assert.equal(await polling.sendRawTransaction({ serializedTransaction: sent.raw }), sent.id); // again is no error
  });

  await check('own methods', async () => {
    const ask = (method, ...params) => polling.request({ method, params });
    const certificate = await ask('lux_getCertificate', `0x${sent.block.toString(16)}`);
    assert.equal(certificate.blockHash, (await polling.getBlock({ blockNumber: sent.block })).hash);
    assert.ok(certificate.percent >= 67);
    assert.equal((await ask('lux_getProof', 'transaction', sent.id)).blockHash, certificate.blockHash);
    assert.equal((await ask('rpc.discover')).openrpc, '1.3.2');
  });

  const feed = inbox();
  const from = await check('finality feed', async () => {
    const { number: newest } = await polling.getBlock({ blockTag: 'finalized' });
    const follow = (fromSequence) => socket.transport.subscribe({
      params: ['lux_finality', { fromSequence }], onData: ({ result }) => feed.put(result), onError: () => {},
    });
    const { unsubscribe } = await follow('0x1');
    while (seen < newest + 2n) {
      const event = await feed.next();
      assert.equal(BigInt(event.sequence), ++seen, 'every event once and in order');
      assert.ok(event.certificate.percent >= 67);
      assert.equal((await socket.getBlock({ blockNumber: seen })).hash, event.blockHash);
    }

    await unsubscribe();
    const start = seen;
    await follow(`0x${(seen + 1n).toString(16)}`);
    await feed.until(({ sequence }) => BigInt(sequence) === start + 2n);
    return start + 1n;
  });

  if (mayRestart) {
    await check('restart', async () => {
      const back = restart();
      await failed.next();
      await back;
      // viem comes back by itself and subscribes as it did before: the feed starts where it started, so what was seen is skipped.
      await feed.until(({ sequence }) => BigInt(sequence) === from);
      seen = from;
      for (const event of await feed.take(3)) {
        assert.equal(BigInt(event.sequence), ++seen);
      }

      await heads.fresh(2); // and the subscription to heads is there again
    });
  }
});
