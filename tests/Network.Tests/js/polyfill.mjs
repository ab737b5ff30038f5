// Node 20 lacks what js-libp2p 3 takes from Node 22.
Promise.withResolvers ??= function () {
  let resolve, reject
  const promise = new Promise((a, b) => { [resolve, reject] = [a, b] })
  return { promise, resolve, reject }
}
