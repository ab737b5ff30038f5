using System.Text;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;

namespace LuxTensor.Engine.Cluster;

/// <summary>
/// Inputs on their way from the process where they came in, which verified them, to the one that runs the chain: a kind, the
/// peer's name, and the message as it travels the network. Both ends are processes of one node.
/// </summary>
public static class RelayCodec
{
    private const int MaxNameBytes = 256;

    private enum Kind : byte
    {
        Message = 1,
        Told = 2,
        BadVote = 3,
        Answer = 4,
    }

    /// <summary>Encodes an input that a peer caused, or a fact; null for those that only the chain's own process makes.</summary>
    public static byte[]? Encode(NodeInput input, ulong chainId)
    {
        var writer = new WireWriter();
        switch (input)
        {
            case NodeInput.Told told:
                FactCodec.Write(writer.UInt8((byte)Kind.Told).UInt64(told.Height), told.Fact);
                return writer.ToArray();
            case NodeInput.BadVote bad:
                return writer.UInt8((byte)Kind.BadVote).Address(bad.Validator).UInt64(bad.Height).ToArray();
            default:
                if (MessageOf(input) is not var (message, from))
                {
                    return null;
                }

                return writer.UInt8((byte)Kind.Message).LengthPrefixed(Encoding.UTF8.GetBytes(from.Name)).Bytes(MessageCodec.Encode(chainId, message)).ToArray();
        }
    }

    /// <summary>Reads an input; null where it is malformed, or a fact in it does not verify against the sets of <paramref name="view"/>.</summary>
    public static NodeInput? Decode(ReadOnlySpan<byte> bytes, NodeState view)
    {
        var rules = view.Chain.Rules;
        var reader = new WireReader(bytes);
        switch ((Kind)reader.UInt8())
        {
            case Kind.Told:
                var height = reader.UInt64();
                var fact = FactCodec.Read(ref reader);
                return reader.End() && FactCodec.Check(fact!, height, rules, view.Chain.Epochs.Find(rules.EpochOf(height))) is null
                    ? new NodeInput.Told(height, fact!)
                    : null;
            case Kind.BadVote:
                var bad = new NodeInput.BadVote(reader.Address(), reader.UInt64());
                return reader.End() ? bad : null;
            case Kind.Message:
                var from = new PeerId(Encoding.UTF8.GetString(reader.LengthPrefixed(MaxNameBytes)));
                var frame = reader.Bytes(reader.Remaining);
                return reader.End() && MessageCodec.TryDecode(frame, rules, out var message, out _) ? InputOf(message!, from) : null;
            default:
                return null;
        }
    }

    /// <summary>Encodes an answer to a node that catches up, unchecked: only the process that asked can check it.</summary>
    public static byte[] EncodeAnswer(PeerId from, ReadOnlyMemory<byte> frame) =>
        new WireWriter().UInt8((byte)Kind.Answer).LengthPrefixed(Encoding.UTF8.GetBytes(from.Name)).Bytes(frame.Span).ToArray();

    /// <summary>Reads what <see cref="EncodeAnswer"/> made; null where it is something else.</summary>
    public static (PeerId From, ReadOnlyMemory<byte> Frame)? DecodeAnswer(ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(bytes.Span);
        if ((Kind)reader.UInt8() != Kind.Answer)
        {
            return null;
        }

        var from = new PeerId(Encoding.UTF8.GetString(reader.LengthPrefixed(MaxNameBytes)));
        return reader.Fault == WireFault.None ? (from, bytes[^reader.Remaining..]) : null;
    }

    private static (Message Message, PeerId From)? MessageOf(NodeInput input) => input switch
    {
        NodeInput.CastVote vote => (new Message.CastVote(vote.Vote.Value), vote.From),
        NodeInput.Submit submit => (new Message.Submit(submit.Transaction.Value), PeerId.Self),
        NodeInput.Chain { Input: ChainInput.Propose propose } => (new Message.Propose(propose.Proposal.Value), propose.From),
        NodeInput.Chain { Input: ChainInput.Certify certify } => (new Message.Certify(certify.Certificate.Value), certify.From),
        NodeInput.Chain { Input: ChainInput.Block block } => (new Message.BlockReply(block.Arrived.Value), block.From),
        NodeInput.Accuse accuse => (new Message.Accuse(accuse.Offence), PeerId.Self),
        NodeInput.Chain { Input: ChainInput.Status status } => (status.Said, status.From),
        _ => null,
    };

    private static NodeInput? InputOf(Message message, PeerId from) => message switch
    {
        Message.CastVote { Vote: var vote } => new NodeInput.CastVote(Verifier.Attested(vote), from),
        Message.Submit { Transaction: var transaction } => new NodeInput.Submit(Verifier.Attested(transaction)),
        Message.Propose { Proposal: var proposal } => new NodeInput.Chain(new ChainInput.Propose(Verifier.Attested(proposal), from)),
        Message.Certify { Certificate: var certificate } => new NodeInput.Chain(new ChainInput.Certify(Verifier.Attested(certificate), from)),
        Message.BlockReply { Block: var block } => new NodeInput.Chain(new ChainInput.Block(Verifier.Attested(block), from)),
        Message.Accuse { Offence: var offence } => new NodeInput.Accuse(offence),
        Message.Status status => new NodeInput.Chain(new ChainInput.Status(status, from)),
        _ => null,
    };
}
