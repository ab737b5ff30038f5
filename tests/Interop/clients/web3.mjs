import assert from 'node:assert/strict';
import { HttpProvider, Web3, WebSocketProvider } from 'web3';
import { failure, inbox, run } from './checks.mjs';
import { transfer } from './lux.mjs';

await run(async ({ http, ws, sender, recipient, check, mayRestart, restart }) => {
  const provider = new WebSocketProvider(ws, {}, { autoReconnect: true, delay: 100, maxAttempts: 100 });
  provider.on('error', () => {}); // a call that fails says so itself
  const socket = new Web3(provider);
  const polling = new Web3(new HttpProvider(http));
  const ask = (method, ...params) => polling.requestManager.send({ method, params });
  const quantity = (number) => `0x${number.toString(16)}`;
  const heads = inbox();
  let sent;
  let seen = 0n; // the newest finality event

  // web3 drops notes that come with the answer to their subscription. For a stream that starts in the past they matter, so they
  // are taken from the provider here, where each is seen.
  const follow = async (fromSequence) => {
    const notes = inbox();
    let id;
    const early = [];
    provider.on('message', ({ params }) => {
      if (params !== undefined && id === undefined) {
        early.push(params);
      } else if (params !== undefined && params.subscription === id) {
        notes.put(params.result);
      }
    });
    id = await socket.requestManager.send({ method: 'eth_subscribe', params: ['lux_finality', { fromSequence }] });
    early.filter(({ subscription }) => subscription === id).forEach(({ result }) => notes.put(result));
    return { ...notes, end: () => socket.requestManager.send({ method: 'eth_unsubscribe', params: [id] }) };
  };

  const chainId = await check('chain id', async () => {
    const [here, there] = await Promise.all([socket.eth.getChainId(), polling.eth.getChainId()]);
    assert.equal(here, there);
    assert.equal(await polling.eth.net.getId(), here);
    assert.equal(await polling.eth.net.isListening(), true);
    assert.ok(await polling.eth.net.getPeerCount() >= 0n);
    assert.match(await polling.eth.getNodeInfo(), /LuxTensor/);
    assert.equal(await polling.eth.isSyncing(), false);
    assert.deepEqual(await polling.eth.getAccounts(), []);
    return here;
  });

  await check('heads over WebSocket', async () => {
    const subscription = await socket.eth.subscribe('newBlockHeaders');
    subscription.on('data', heads.put);
    let parent;
    for (let i = 0; i < 4; i++) {
      const head = await heads.next();
      const [here, there] = await Promise.all([socket, polling].map((web3) => web3.eth.getBlock(head.number)));
      assert.equal(here.hash, head.hash ?? here.hash, 'a head must be readable by number when it is told');
      assert.equal(there.hash, here.hash, 'and on the other endpoint');
      assert.equal((await polling.eth.getBlock(here.hash)).number, head.number);
      assert.equal(head.parentHash, parent ?? head.parentHash, 'heads come in order, none is left out');
      parent = here.hash;
    }
  });

  await check('heads over HTTP', async () => {
    let last = await polling.eth.getBlockNumber();
    for (let grown = 0; grown < 3;) {
      await heads.next();
      const number = await polling.eth.getBlockNumber();
      assert.ok(number >= last, 'the head does not go back');
      grown += number > last ? 1 : 0;
      last = number;
    }
  });

  await check('block filter', async () => {
    const id = await ask('eth_newBlockFilter');
    const hashes = [];
    while (hashes.length < 2) {
      await heads.fresh(1);
      hashes.push(...await ask('eth_getFilterChanges', id));
    }

    const [first, second] = await Promise.all(hashes.slice(0, 2).map((hash) => polling.eth.getBlock(hash)));
    assert.equal(second.parentHash, first.hash);
    assert.equal(await ask('eth_uninstallFilter', id), true);
    assert.equal(await ask('eth_uninstallFilter', id), false);
    assert.equal((await failure(ask('eth_getFilterChanges', id))).cause.code, -32000);
  });

  await check('tags', async () => {
    const blocks = [];
    for (const tag of ['earliest', 'finalized', 'safe', 'latest', 'pending']) {
      blocks.push((await polling.eth.getBlock(tag)).number);
    }

    const [earliest, finalized, safe, latest, pending] = blocks;
    assert.equal(earliest, 0n);
    assert.ok(finalized > 0n);
    assert.ok(finalized <= safe && safe <= latest && latest <= pending);
  });

  await check('pending transactions', async () => {
    const told = inbox();
    const subscription = await socket.eth.subscribe('pendingTransactions');
    subscription.on('data', told.put);
    const filter = await ask('eth_newPendingTransactionFilter');
    const [nonce, fee] = await Promise.all([polling.eth.getTransactionCount(sender.address, 'pending'), polling.eth.getGasPrice()]);
    sent = { ...transfer(sender, { chainId, nonce, fee, to: recipient, value: 12_345n }), nonce, fee, value: 12_345n };
    assert.equal(await ask('eth_sendRawTransaction', sent.raw), sent.id);
    await told.until((id) => id === sent.id);
    assert.ok((await ask('eth_getFilterChanges', filter)).includes(sent.id));
    await subscription.unsubscribe();
  });

  await check('receipt', async () => {
    let receipt;
    await heads.until(async () => (receipt = await ask('eth_getTransactionReceipt', sent.id)) !== null);
    receipt = await polling.eth.getTransactionReceipt(sent.id);
    assert.equal(receipt.transactionHash, sent.id);
    assert.equal(receipt.status, 1n);
    assert.equal(receipt.gasUsed * receipt.effectiveGasPrice, sent.fee);
    assert.equal(receipt.to, recipient);
    assert.deepEqual(receipt.logs, []);
    sent.block = receipt.blockNumber;
    const transaction = await polling.eth.getTransaction(sent.id);
    assert.equal(transaction.from, sender.address);
    assert.equal(transaction.value, sent.value);
    assert.equal(transaction.nonce, sent.nonce);
    assert.equal(transaction.chainId, chainId);
    const block = await polling.eth.getBlock(sent.block, true);
    assert.equal(block.transactions[Number(receipt.transactionIndex)].hash, sent.id);
  });

  await check('finalized', async () => {
    await heads.until(async () => (await polling.eth.getBlock('finalized')).number >= sent.block);
    assert.equal((await ask('lux_getTransaction', sent.id)).status, 'final');
  });

  await check('balance and nonce', async () => {
    assert.equal(await polling.eth.getBalance(recipient, 'finalized'), sent.value);
    assert.equal(await polling.eth.getBalance(recipient), sent.value);
    assert.equal(await polling.eth.getTransactionCount(sender.address), sent.nonce + 1n);
    assert.equal(await polling.eth.getCode(recipient), '0x');
  });

  await check('logs', async () => {
    assert.deepEqual(await polling.eth.getPastLogs({ address: recipient, fromBlock: 0, toBlock: 'latest' }), []);
    const subscription = await socket.eth.subscribe('logs', { address: recipient });
    assert.match(subscription.id, /^0x[0-9a-f]+$/);
    await subscription.unsubscribe();
  });

  await check('batch', async () => {
    for (const web3 of [polling, socket]) {
      const batch = new web3.BatchRequest();
      const blocks = Array.from({ length: 100 }, (_, i) => batch.add({ method: 'eth_getBlockByNumber', params: [quantity(i % 3), false] }));
      const wrong = failure(batch.add({ method: 'lux_nonsense', params: [] }));
      const answers = await batch.execute({ timeout: 30_000 });
      assert.equal(answers.length, 101);
      assert.ok((await Promise.all(blocks)).every(({ number }, i) => number === quantity(i % 3)));
      assert.equal((await wrong).code, -32601);
    }
  });

  await check('unsubscribe', async () => {
    const told = inbox();
    let notes = 0;
    const subscription = await socket.eth.subscribe('newBlockHeaders');
    const { id } = subscription;
    provider.on('message', ({ params }) => params?.subscription === id && told.put(++notes));
    await told.take(2);
    await subscription.unsubscribe();
    assert.equal(await socket.requestManager.send({ method: 'eth_unsubscribe', params: [id] }), false);
    await heads.fresh(2); // a note that was under way has come
    const before = notes;
    await heads.fresh(2);
    assert.equal(notes, before);
  });

  await check('unknown block', async () => {
    const unknown = `0x${'12'.repeat(32)}`;
    assert.equal(await ask('eth_getBlockByNumber', quantity(1_000_000_000), false), null);
    assert.ok(!await polling.eth.getBlock(1_000_000_000));
    assert.ok(!await polling.eth.getBlock(unknown));
    assert.equal((await failure(polling.eth.getTransaction(unknown))).name, 'TransactionNotFound');
    assert.equal((await failure(polling.eth.getTransactionReceipt(unknown))).name, 'TransactionNotFound');
  });

  await check('unknown method', async () => {
    for (const { requestManager } of [socket, polling]) {
      const error = await failure(requestManager.send({ method: 'lux_nonsense', params: [] }));
      assert.equal(error.cause.code, -32601);
    }
  });

  await check('refused transactions', async () => {
    const offer = async (change) => (await failure(ask('eth_sendRawTransaction', transfer(
      sender, { chainId, nonce: sent.nonce + 1n, fee: sent.fee, to: recipient, value: 1n, ...change }).raw))).cause;
    assert.match((await offer({ nonce: sent.nonce })).message, /nonce too low/);
    assert.match((await offer({ value: 1n << 100n })).message, /insufficient funds/);
    assert.equal((await offer({ chainId: chainId + 1n })).data.reason, 'WrongChain');
    assert.equal((await failure(ask('eth_sendRawTransaction', '0x02f8'))).cause.code, -32602);
    assert.equal(await ask('eth_sendRawTransaction', sent.raw), sent.id); // again is no error
  });

  await check('own methods', async () => {
    const certificate = await ask('lux_getCertificate', quantity(sent.block));
    assert.equal(certificate.blockHash, (await polling.eth.getBlock(sent.block)).hash);
    assert.ok(certificate.percent >= 67);
    assert.equal((await ask('lux_getProof', 'transaction', sent.id)).blockHash, certificate.blockHash);
    assert.equal((await ask('rpc.discover')).openrpc, '1.3.2');
  });

  await check('finality feed', async () => {
    const { number: newest } = await polling.eth.getBlock('finalized');
    const feed = await follow(1);
    while (seen < newest + 2n) {
      const event = await feed.next();
      assert.equal(BigInt(event.sequence), ++seen, 'every event once and in order');
      assert.ok(event.certificate.percent >= 67);
      assert.equal((await socket.eth.getBlock(seen)).hash, event.blockHash);
    }

    assert.equal(await feed.end(), true);
  });

  if (mayRestart) {
    await check('restart', async () => {
      const connected = new Promise((resolve) => provider.once('connect', resolve));
      const back = restart();
      await connected; // web3 comes back by itself, for its close code; its subscriptions are the application's to open again
      await back;
      const feed = await follow(quantity(seen + 1n));
      for (const event of await feed.take(3)) {
        assert.equal(BigInt(event.sequence), ++seen, 'the feed goes on where it was');
      }
    });
  }
});
