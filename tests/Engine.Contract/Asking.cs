using LuxTensor.Core.Consensus;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Engine;

/// <summary>A network of one peer, which says and asks what a test wants.</summary>
internal sealed class Asking : ITransport
{
    private Func<IncomingFrame, bool> handler = static _ => false;

    public TaskCompletionSource Failed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the node holds to be proven by the peer.</summary>
    public List<(ulong Height, Hash256 Hash)> Proven { get; } = [];

    public Task Completion => Failed.Task;

    public IReadOnlyCollection<PeerId> Peers => [];

    public void Start(Func<IncomingFrame, bool> handler) => this.handler = handler;

    public void Broadcast(Topic topic, ReadOnlyMemory<byte> frame)
    {
    }

    public void Send(PeerId peer, ReadOnlyMemory<byte> frame)
    {
    }

    public void Prove(PeerId peer, ulong height, Hash256 hash) => Proven.Add((height, hash));

    public Task<(FrameVerdict Verdict, byte[]? Answer)> AskAsync(byte[] request)
    {
        var judged = new TaskCompletionSource<(FrameVerdict, byte[]?)>(TaskCreationOptions.RunContinuationsAsynchronously);
        byte[]? answer = null;
        Assert.True(handler(new IncomingFrame(new PeerId("asker"), Topic.Direct, request, verdict => judged.SetResult((verdict, answer)))
        {
            Answer = bytes => answer = bytes.ToArray(),
        }));
        return judged.Task;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
