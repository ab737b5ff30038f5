using System.Security.Cryptography;
using LuxTensor.Core.Consensus;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

public sealed class Requests_and_answers
{
    private const string Protocol = "/test/ask/1";

    [Fact]
    public async Task Sixteen_megabytes_come_back_whole()
    {
        var expected = RandomNumberGenerator.GetBytes(16 << 20);
        await using var pair = await PairAsync((_, request, _) => ValueTask.FromResult<ReadOnlyMemory<byte>?>(expected));

        Assert.Equal(expected, await pair.AskAsync([1, 2, 3]));
    }

    [Fact]
    public async Task A_longer_answer_than_allowed_is_not_read()
    {
        await using var pair = await PairAsync((_, _, _) => ValueTask.FromResult<ReadOnlyMemory<byte>?>(new byte[1001]), new() { MostAnswer = 1000 });

        Assert.Equal(RequestFault.Malformed, await pair.FaultAsync([]));
    }

    [Fact]
    public async Task A_longer_request_than_allowed_is_neither_sent_nor_read()
    {
        await using var pair = await PairAsync(
            (_, request, _) => ValueTask.FromResult<ReadOnlyMemory<byte>?>(request), asked: new() { MostRequest = 2000 }, answered: new() { MostRequest = 1000 });

        Assert.Equal(RequestFault.TooLarge, await pair.FaultAsync(new byte[2001]));
        Assert.Equal(RequestFault.Broken, await pair.FaultAsync(new byte[1001]));
        Assert.Equal(1000, (await pair.AskAsync(new byte[1000])).Length);
    }

    [Fact]
    public async Task A_refusal_and_a_handler_that_throws_end_the_request_and_not_the_connection()
    {
        await using var pair = await PairAsync((_, request, _) => request.Length switch
        {
            0 => ValueTask.FromResult<ReadOnlyMemory<byte>?>(null),
            1 => throw new InvalidOperationException("the handler is broken"),
            _ => ValueTask.FromResult<ReadOnlyMemory<byte>?>(request),
        });

        Assert.Equal(RequestFault.Broken, await pair.FaultAsync([]));
        Assert.Equal(RequestFault.Broken, await pair.FaultAsync([1]));
        Assert.Equal([1, 2], await pair.AskAsync([1, 2]));
        Assert.DoesNotContain(pair.Asker.Events, it => it is SwarmEvent.Closed);
    }

    [Fact]
    public async Task A_peer_that_speaks_another_protocol_is_told_from_one_that_fails()
    {
        await using var answerer = await Host.StartAsync();
        await using var asker = await Host.StartAsync();
        await asker.Swarm.DialAsync(answerer.Address, Host.Soon);

        var e = await Assert.ThrowsAsync<RequestException>(() =>
            new RequestResponse(asker.Swarm, Protocol, new(), TimeProvider.System).AskAsync(answerer.Id, new byte[1], Host.Soon));

        Assert.Equal(RequestFault.NotSpoken, e.Fault);
    }

    [Fact]
    public async Task A_silent_peer_is_given_up_after_a_period_and_a_slow_one_after_the_timeout()
    {
        var clock = new ManualTime();
        var quiet = new Dripping([]);
        var requests = new RequestResponse(quiet, Protocol, new() { Period = TimeSpan.FromSeconds(10), Timeout = TimeSpan.FromSeconds(30) }, clock);

        var silent = requests.AskAsync(quiet.Peer, new byte[1], Host.Soon);
        await quiet.WaitAsync();
        clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(RequestFault.Silent, (await Assert.ThrowsAsync<RequestException>(() => silent)).Fault);

        var patient = new RequestResponse(quiet, Protocol, new() { Period = TimeSpan.FromHours(1), Timeout = TimeSpan.FromSeconds(30) }, clock);
        var late = patient.AskAsync(quiet.Peer, new byte[1], Host.Soon);
        await quiet.WaitAsync();
        clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(RequestFault.TimedOut, (await Assert.ThrowsAsync<RequestException>(() => late)).Fault);
    }

    [Fact]
    public async Task A_peer_that_drips_is_no_better_than_a_silent_one()
    {
        var clock = new ManualTime();
        var dripping = new Dripping([0xff, 0x7f, 1]); // 16,383 bytes are to come, and one is there
        var requests = new RequestResponse(
            dripping, Protocol, new() { Period = TimeSpan.FromSeconds(10), LeastBytesAPeriod = 100, Timeout = TimeSpan.FromHours(1) }, clock);

        var asking = requests.AskAsync(dripping.Peer, new byte[1], Host.Soon);
        for (var second = 0; second < 9; second += 3)
        {
            await dripping.WaitAsync();
            clock.Advance(TimeSpan.FromSeconds(3));
            dripping.Drip();
        }

        await dripping.WaitAsync();
        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(RequestFault.TooSlow, (await Assert.ThrowsAsync<RequestException>(() => asking)).Fault);
        Assert.True(dripping.WasReset);
    }

    [Fact]
    public async Task Requests_beyond_a_peers_share_are_reset_and_those_within_it_answered()
    {
        var release = new TaskCompletionSource();
        var entered = new SemaphoreSlim(0);
        await using var pair = await PairAsync(
            async (_, request, _) =>
            {
                entered.Release();
                await release.Task;
                return request;
            },
            answered: new() { MostPerPeer = 3 });

        var within = Enumerable.Range(0, 3).Select(i => pair.AskAsync([(byte)i])).ToArray();
        for (var i = 0; i < 3; i++)
        {
            await entered.WaitAsync(Host.Soon);
        }

        Assert.Equal(RequestFault.Broken, await pair.FaultAsync([9]));
        release.SetResult();
        Assert.Equal([[0], [1], [2]], await Task.WhenAll(within));
        Assert.Equal([7], await pair.AskAsync([7]));
    }

    private static async Task<Pair> PairAsync(
        Func<PeerId, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>?>> handler,
        RequestLimits? asked = null, RequestLimits? answered = null)
    {
        var answerer = await Host.StartAsync(before: swarm => new RequestResponse(swarm, Protocol, answered ?? new(), TimeProvider.System).Answer(handler));
        var asker = await Host.StartAsync();
        await asker.Swarm.DialAsync(answerer.Address, Host.Soon);
        return new Pair(asker, answerer, new RequestResponse(asker.Swarm, Protocol, asked ?? new(), TimeProvider.System));
    }

    private sealed record Pair(Host Asker, Host Answerer, RequestResponse Requests) : IAsyncDisposable
    {
        internal Task<byte[]> AskAsync(byte[] request) => Requests.AskAsync(Answerer.Id, request, Host.Soon);

        internal async Task<RequestFault> FaultAsync(byte[] request) =>
            (await Assert.ThrowsAsync<RequestException>(() => AskAsync(request))).Fault;

        public async ValueTask DisposeAsync()
        {
            await Asker.DisposeAsync();
            await Answerer.DisposeAsync();
        }
    }

    /// <summary>A swarm of one peer, whose every stream gives some bytes at once and then one at a time, when the test says so.</summary>
    private sealed class Dripping(byte[] first) : ISwarm, IPeerStream
    {
        private readonly SemaphoreSlim waits = new(0);
        private readonly SemaphoreSlim drops = new(0);
        private int given;

        public PeerId Self { get; } = new("self");

        public PeerId Peer { get; } = new("dripping");

        public string Protocol => Requests_and_answers.Protocol;

        public IReadOnlyCollection<ConnectedPeer> Connected => [];

        internal bool WasReset { get; private set; }

        public ValueTask<IPeerStream> OpenAsync(PeerId peer, IReadOnlyList<string> protocols, CancellationToken cancellation) => ValueTask.FromResult<IPeerStream>(this);

        public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
        {
            if (given < first.Length)
            {
                buffer.Span[0] = first[given++];
                return 1;
            }

            waits.Release();
            await drops.WaitAsync(cancellation);
            return 1;
        }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation) => ValueTask.CompletedTask;

        public ValueTask CloseWriteAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

        public void Reset() => WasReset = true;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        public void Serve(string protocol, int mostPerPeer, Func<IPeerStream, CancellationToken, Task> handler) => throw new NotSupportedException();

        public void Disconnect(PeerId peer, string why) => throw new NotSupportedException();

        public IDisposable Watch(IPeerWatcher watcher) => throw new NotSupportedException();

        /// <summary>Until all that was given has been taken.</summary>
        internal Task WaitAsync() => waits.WaitAsync(Host.Soon);

        internal void Drip() => drops.Release();
    }
}
