using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Sync;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Node.Devnet;

/// <summary>
/// The network of a validator that cheats: at one height it signs a second value for every vote, past its guard. For showing
/// how the others catch it; an honest node has no way to do this.
/// </summary>
internal sealed class EquivocatingTransport(ITransport inner, SigningKey key, Genesis genesis) : ITransport
{
    private readonly Address self = Address.Of(key.PublicKey);
    private ulong? height; // the one at which it cheats: that of its first vote

    public IReadOnlyCollection<PeerId> Peers => inner.Peers;

    public NetworkView Network => inner.Network;

    public Task Completion => inner.Completion;

    public void Start(Func<IncomingFrame, bool> handler) => inner.Start(handler);

    public void Broadcast(Topic topic, ReadOnlyMemory<byte> frame)
    {
        if (topic == Topic.Votes && MessageCodec.TryDecode(frame.Span, genesis.Rules, out var message, out _)
            && message is Message.CastVote { Vote: var vote } && vote.Validator == self && vote.Ballot.Height == (height ??= vote.Ballot.Height))
        {
            inner.Broadcast(topic, MessageCodec.Encode(genesis.Rules.ChainId, new Message.CastVote(Second(vote))));
        }

        inner.Broadcast(topic, frame);
    }

    public void Send(PeerId peer, ReadOnlyMemory<byte> frame) => inner.Send(peer, frame);

    public void Blame(PeerId peer, SyncFault fault) => inner.Blame(peer, fault);

    public void Prove(PeerId peer, ulong height, Hash256 hash) => inner.Prove(peer, height, hash);

    public ValueTask DisposeAsync()
    {
        key.Dispose(); // the network is the node's to close
        return ValueTask.CompletedTask;
    }

    private Vote Second(Vote first)
    {
        var ballot = first.Ballot with { BlockHash = first.Ballot.IsNil ? genesis.Hash : Hash256.Zero };
        Span<byte> message = stackalloc byte[Ballot.MessageSize];
        ballot.WriteMessage(message);
        return new Vote(ballot, self, key.Sign(message));
    }
}
