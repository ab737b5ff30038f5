using LuxTensor.Core.Consensus;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Engine;

/// <summary>A node without keys of a chain of one validator, and the one peer that says and asks it something. It is not started.</summary>
internal sealed class AskedNode : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly MemoryGuard guard = new();

    public AskedNode()
    {
        Journal = new MemoryJournal(Chain.Genesis);
        Host = NodeHost.Open(new NodeOptions { Genesis = Chain.Genesis, Journal = Journal, Guard = guard, Keys = [], Transport = Peer });
    }

    public TestChain Chain { get; } = new(1);

    public Asking Peer { get; } = new();

    public MemoryJournal Journal { get; }

    public NodeHost Host { get; }

    public Task<(FrameVerdict Verdict, byte[]? Answer)> AskAsync(Message message) =>
        Peer.AskAsync(MessageCodec.Encode(Chain.Genesis.Rules.ChainId, message)).WaitAsync(Patience);

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        guard.Dispose();
        Journal.Dispose();
    }
}
