using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Peers;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Network;
using Xunit.Abstractions;

namespace LuxTensor.Tests.Network;

/// <summary>Each is named for what it does, and an honest peer beside it brings the node to the head.</summary>
public sealed class Peers_that_lie(ITestOutputHelper output) : IDisposable
{
    private const uint Heights = 300;
    private const byte Brotli = 1;

    private static readonly Lazy<MadeChain> Made = new(static () => new MadeChain((int)Heights));
    private static readonly TimeSpan Drip = TimeSpan.FromMilliseconds(100);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("luxtensor-lies-");

    private static MadeChain Chain => Made.Value;

    public static TheoryData<string, PeerFault> Lies => new()
    {
        { nameof(Claims_what_it_lacks), PeerFault.LiedAboutHeight },
        { nameof(Forges_certificates), PeerFault.ForgedCertificate },
        { nameof(Changes_bodies), PeerFault.WrongBody },
        { nameof(Skips_a_height), PeerFault.ProtocolViolation },
        { nameof(Answers_without_end), PeerFault.InvalidFrame },
        { nameof(Drips), PeerFault.DrippingAnswer },
        { nameof(Is_late), PeerFault.NoAnswer },
        { nameof(Compresses_too_much), PeerFault.InvalidFrame },
        { nameof(Expands_too_far), PeerFault.InvalidFrame },
        { nameof(Sends_rubbish), PeerFault.InvalidFrame },
    };

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task A_lie_is_named_and_an_honest_peer_is_used(string lie, PeerFault named)
    {
        await using var honest = await HonestAsync();
        await using var node = await FullNode.StartAsync(Chain.Genesis, In("late"));
        await using var liar = await LiarAsync(lie);
        var began = Stopwatch.GetTimestamp();

        await node.DialAsync(liar.Address); // it is the only one, so it is asked
        await node.FaultAsync(liar.Id, named);
        var after = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Assert.True(node.Height < Heights);
        began = Stopwatch.GetTimestamp();
        await node.DialAsync(honest.Address);
        await node.ReachAsync(Heights);

        output.WriteLine($"{lie}: {named} after {after:F1} s, reputation {node.Book.ReputationOf(liar.Id)}{(node.Book.IsBanned(liar.Id) ? ", banned" : "")}; "
            + $"height {node.Height} {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s after the honest one came, state root {node.Host.View.FinalLedger.Root}");
        Assert.Equal(Chain.StateRoot, node.Host.View.FinalLedger.Root);
        Assert.True(node.Book.ReputationOf(liar.Id) < node.Book.ReputationOf(honest.Swarm.Self));
    }

    [Fact]
    public async Task All_liars_at_once_keep_no_node_from_the_head()
    {
        await using var honest = await HonestAsync();
        await using var node = await FullNode.StartAsync(Chain.Genesis, In("late"));
        var liars = await Task.WhenAll(Lies.Select(static row => LiarAsync((string)row[0])));
        var began = Stopwatch.GetTimestamp();

        await Task.WhenAll(liars.Select(liar => node.DialAsync(liar.Address)));
        await node.DialAsync(honest.Address);
        await node.ReachAsync(Heights);

        output.WriteLine($"{liars.Length} liars and one honest peer: height {node.Height} in {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s, state root {node.Host.View.FinalLedger.Root}");
        Assert.Equal(Chain.StateRoot, node.Host.View.FinalLedger.Root);
        foreach (var liar in liars)
        {
            await liar.DisposeAsync();
        }
    }

    // Who claims more than it proves is banned for that alone.
    private static Task<Host> LiarAsync(string lie) =>
        ScriptedPeer.StartAsync(Chain.Genesis, lie == nameof(Claims_what_it_lacks) ? 10 * Heights : Heights, Of(lie));

    private static Answering Of(string lie) => lie switch
    {
        nameof(Claims_what_it_lacks) => Claims_what_it_lacks,
        nameof(Forges_certificates) => Forges_certificates,
        nameof(Changes_bodies) => Changes_bodies,
        nameof(Skips_a_height) => Skips_a_height,
        nameof(Answers_without_end) => Answers_without_end,
        nameof(Drips) => Drips,
        nameof(Is_late) => Is_late,
        nameof(Compresses_too_much) => Compresses_too_much,
        nameof(Expands_too_far) => Expands_too_far,
        nameof(Sends_rubbish) => Sends_rubbish,
        _ => throw new ArgumentOutOfRangeException(nameof(lie)),
    };

    private static Task Claims_what_it_lacks(Message request, IPeerStream stream, CancellationToken cancellation) =>
        ScriptedPeer.AnswerAsync(stream, Chain.Genesis, request is Message.GetBlocks ? new Message.Blocks([]) : new Message.BlockHeaders([], []), cancellation);

    private static Task Forges_certificates(Message request, IPeerStream stream, CancellationToken cancellation)
    {
        if (request is not Message.GetBlockHeaders asked)
        {
            return Honestly(request, stream, cancellation);
        }

        var answer = (Message.BlockHeaders)ScriptedPeer.Honest(Chain, asked, Heights);
        var first = answer.Items[0];
        var forged = new Certificate(first.Certificate.Ballot, first.Certificate.Signers, first.Certificate.Signatures.SetItem(0, first.Certificate.Signatures[1]));
        return ScriptedPeer.AnswerAsync(stream, Chain.Genesis, answer with { Items = answer.Items.SetItem(0, first with { Certificate = forged }) }, cancellation);
    }

    private static Task Changes_bodies(Message request, IPeerStream stream, CancellationToken cancellation)
    {
        if (request is not Message.GetBlocks asked)
        {
            return Honestly(request, stream, cancellation);
        }

        var answer = (Message.Blocks)ScriptedPeer.Honest(Chain, asked, Heights);
        var first = answer.Items[0];
        var changed = new Block(first.Header, first.Certificate, [.. first.Transactions, Chain.Test.Transfer(5, 5)]);
        return ScriptedPeer.AnswerAsync(stream, Chain.Genesis, answer with { Items = answer.Items.SetItem(0, changed) }, cancellation);
    }

    private static Task Skips_a_height(Message request, IPeerStream stream, CancellationToken cancellation)
    {
        if (request is not Message.GetBlockHeaders asked)
        {
            return Honestly(request, stream, cancellation);
        }

        var answer = (Message.BlockHeaders)ScriptedPeer.Honest(Chain, asked, Heights);
        return ScriptedPeer.AnswerAsync(stream, Chain.Genesis, answer with { Items = answer.Items.RemoveAt(1) }, cancellation);
    }

    private static async Task Answers_without_end(Message request, IPeerStream stream, CancellationToken cancellation)
    {
        var head = new byte[Varint.MaxSize];
        await stream.WriteAsync(head.AsMemory(0, Varint.Write(head, 1UL << 40)), cancellation);
        for (var piece = new byte[65_536]; ;)
        {
            await stream.WriteAsync(piece, cancellation); // until it is reset
        }
    }

    private static async Task Drips(Message request, IPeerStream stream, CancellationToken cancellation)
    {
        var head = new byte[Varint.MaxSize];
        await stream.WriteAsync(head.AsMemory(0, Varint.Write(head, 1UL << 20)), cancellation);
        using var timer = new PeriodicTimer(Drip);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            await stream.WriteAsync(new byte[1], cancellation);
        }
    }

    private static async Task Is_late(Message request, IPeerStream stream, CancellationToken cancellation)
    {
        await Task.Delay(TimeSpan.FromSeconds(4), cancellation); // twice what this chain's nodes wait
        await Honestly(request, stream, cancellation);
    }

    private static Task Compresses_too_much(Message request, IPeerStream stream, CancellationToken cancellation) =>
        ScriptedPeer.WriteAsync(stream, Compressed(new byte[WireLimits.MaxMessageBytes + 1]), cancellation);

    private static Task Expands_too_far(Message request, IPeerStream stream, CancellationToken cancellation) =>
        ScriptedPeer.WriteAsync(stream, Compressed(new byte[1 << 20]), cancellation);

    private static Task Sends_rubbish(Message request, IPeerStream stream, CancellationToken cancellation) =>
        ScriptedPeer.WriteAsync(stream, [0, .. Enumerable.Repeat((byte)0xA5, 4_096)], cancellation);

    private static Task Honestly(Message request, IPeerStream stream, CancellationToken cancellation) =>
        ScriptedPeer.AnswerAsync(stream, Chain.Genesis, ScriptedPeer.Honest(Chain, request, Heights), cancellation);

    private static byte[] Compressed(byte[] frame)
    {
        var packed = new byte[BrotliEncoder.GetMaxCompressedLength(frame.Length)];
        Assert.True(BrotliEncoder.TryCompress(frame, packed, out var written, 1, 18));
        var head = new byte[5];
        head[0] = Brotli;
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(1), (uint)frame.Length);
        return [.. head, .. packed.AsSpan(0, written)];
    }

    private async Task<FullNode> HonestAsync()
    {
        Chain.Write(In("honest"), (int)Heights);
        return await FullNode.StartAsync(Chain.Genesis, In("honest"));
    }

    private string In(string name) => Path.Combine(folder.FullName, name);
}
