using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Crypto;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>How a scripted peer answers: the request, the stream that it came on, and the way to write a whole answer.</summary>
internal delegate Task Answering(Message request, IPeerStream stream, CancellationToken cancellation);

/// <summary>A libp2p peer that says hello like any other, claims what it likes, and answers requests as it likes.</summary>
internal static class ScriptedPeer
{
    private const string RequestProtocol = "/luxtensor/request/1";
    private const int MaxRequest = 256;

    internal static Task<Host> StartAsync(Genesis genesis, ulong claims, Answering answer) => Host.StartAsync(before: swarm =>
    {
        var status = MessageCodec.Encode(
            genesis.Rules.ChainId, new Message.Status(genesis.Block.Hash, claims, Sha256.Hash(BitConverter.GetBytes(claims)), 0));
        swarm.Serve(Hello.Protocol, 4, async (stream, cancellation) =>
        {
            await Frames.ReadAsync(stream, Hello.MaxBytes, "a hello", cancellation);
            await Frames.WriteAsync(stream, Hello.Encode(status), cancellation);
            await stream.CloseWriteAsync(cancellation);
        });
        swarm.Serve(RequestProtocol, 16, async (stream, cancellation) =>
        {
            var bytes = await Frames.ReadAsync(stream, MaxRequest, "a request", cancellation);
            Assert.True(MessageCodec.TryDecode(bytes, genesis.Rules, out var request, out _));
            await answer(request!, stream, cancellation);
        });
    });

    /// <summary>Writes an answer as an honest peer does, uncompressed.</summary>
    internal static Task AnswerAsync(IPeerStream stream, Genesis genesis, Message answer, CancellationToken cancellation) =>
        WriteAsync(stream, FrameCompression.Pack(MessageCodec.Encode(genesis.Rules.ChainId, answer), 0), cancellation);

    /// <summary>Writes one frame of any bytes.</summary>
    internal static async Task WriteAsync(IPeerStream stream, byte[] packed, CancellationToken cancellation)
    {
        await Frames.WriteAsync(stream, packed, cancellation);
        await stream.CloseWriteAsync(cancellation);
    }

    /// <summary>What an honest peer that has the chain up to a height answers.</summary>
    internal static Message Honest(MadeChain chain, Message request, ulong upTo)
    {
        IEnumerable<CertifiedBlock> Range(ulong from, int count) =>
            chain.Blocks.Skip((int)from - 1).Take(count).TakeWhile(it => it.Block.Height <= upTo);
        return request switch
        {
            Message.GetBlockHeaders it => new Message.BlockHeaders([.. Range(it.From, it.Count).Select(static one => new CertifiedHeader(one.Block.Header, one.Certificate))], []),
            Message.GetBlocks it => new Message.Blocks([.. Range(it.From, it.Count).Select(static one => one.Block)]),
            _ => throw new InvalidOperationException($"{request} was not expected"),
        };
    }
}
