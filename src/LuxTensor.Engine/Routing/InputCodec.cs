using System.Buffers.Binary;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Engine.Cluster;

namespace LuxTensor.Engine;

/// <summary>
/// Bytes of the inputs that a journal keeps: all that changes the state and cannot be had again. Facts follow from votes,
/// final blocks are stored as such, status messages are repeated.
/// </summary>
public static class InputCodec
{
    private enum Kind : byte
    {
        Message = 1,
        Timer = 2,
        Built = 3,
        Signed = 4,
        SigningRefused = 5,
        Block = 6,
        Checkpoint = 7,
        RoundSkip = 8,
        Resume = 9,
        Asked = 10,
        Told = 11,
        FinalBlocks = 12,
        Votes = 13,
    }

    /// <summary>That votes of a later round moved the chain: some of them are not kept, so it would not follow again.</summary>
    internal static JournalInput EncodeSkip(ulong height, uint round, ulong now) =>
        new(height, new WireWriter(24).UInt64(now).UInt8((byte)Kind.RoundSkip).UInt32(round).ToArray());

    /// <summary>
    /// That so many of a batch's final blocks came from a peer at this place. The store has no use for it, and deletes it
    /// with the last of them; a replica replays them here.
    /// </summary>
    internal static JournalInput EncodeFinal(int blocks, ulong height, ulong now) =>
        new(height, new WireWriter(16).UInt64(now).UInt8((byte)Kind.FinalBlocks).UInt32((uint)blocks).ToArray());

    /// <summary>The number of such blocks, and the time; null where the input is something else.</summary>
    internal static (int Blocks, ulong Now)? ReadFinal(JournalInput stored) =>
        stored.Bytes.Length == 13 && stored.Bytes.Span[8] == (byte)Kind.FinalBlocks
            ? ((int)BinaryPrimitives.ReadUInt32BigEndian(stored.Bytes.Span[9..]), BinaryPrimitives.ReadUInt64BigEndian(stored.Bytes.Span))
            : null;

    /// <summary>What the node holds above the block that it has just made final, as one more thing to keep.</summary>
    internal static JournalInput Encode(NodeState state, ulong now)
    {
        var writer = new WireWriter(1024).UInt64(now).UInt8((byte)Kind.Checkpoint);
        Checkpoint.Write(writer, state);
        return new JournalInput(state.Chain.Height, writer.ToArray());
    }

    /// <summary>
    /// Votes that were asked for while a block became final and are not wanted any more in the state of its checkpoint: the
    /// guard may hold them all the same, and a restart must not take them for those of a later life (GRD-4).
    /// </summary>
    internal static JournalInput Encode(IReadOnlyCollection<ChainEffect.Sign> asked, ulong height, ulong now)
    {
        var writer = new WireWriter().UInt64(now).UInt8((byte)Kind.Asked);
        foreach (var sign in asked)
        {
            new Vote(sign.Ballot, sign.Validator, default).Write(writer);
        }

        return new JournalInput(height, writer.ToArray());
    }

    /// <summary>The votes of an input that is such a list; null where it is none.</summary>
    /// <exception cref="JournalException">The journal is damaged.</exception>
    internal static IReadOnlyList<Vote>? ReadAsked(JournalInput stored)
    {
        if (stored.Bytes.Length < 9 || stored.Bytes.Span[8] != (byte)Kind.Asked)
        {
            return null;
        }

        var reader = new WireReader(stored.Bytes.Span[9..]);
        var votes = new List<Vote>();
        while (reader.Remaining > 0 && reader.Fault == WireFault.None)
        {
            votes.Add(Vote.Read(ref reader));
        }

        return reader.End() ? votes : throw Damaged(stored, reader.Fault.ToString());
    }

    /// <summary>Whether the bytes are a checkpoint, which <see cref="Restore"/> reads.</summary>
    internal static bool IsCheckpoint(JournalInput stored) => stored.Bytes.Length >= 9 && stored.Bytes.Span[8] == (byte)Kind.Checkpoint;

    /// <summary>The state of a checkpoint.</summary>
    /// <exception cref="JournalException">The journal is damaged.</exception>
    internal static NodeState Restore(JournalInput checkpoint, NodeState bare, IReadOnlyDictionary<Crypto.Hash256, Core.Blocks.Block> blocks) =>
        Checkpoint.Read(checkpoint.Bytes.Span[9..], bare, blocks);

    /// <summary>Votes of one height that were counted one after the other.</summary>
    internal static JournalInput Encode(IReadOnlyList<Vote> votes, ulong now)
    {
        var runs = VoteRun.Of(votes);
        var writer = new WireWriter(16 + runs.Sum(static run => run.EncodedSize)).UInt64(now).UInt8((byte)Kind.Votes);
        VoteRun.WriteAll(runs, writer);
        return new JournalInput(votes[0].Ballot.Height, writer.ToArray());
    }

    /// <summary>Encodes an input with its time, or null where it need not be kept, or is stored as a vote.</summary>
    public static JournalInput? Encode(NodeInput input, ulong chainId, ulong now)
    {
        var writer = new WireWriter().UInt64(now);
        ulong height;
        switch (input)
        {
            case NodeInput.Chain { Input: ChainInput.Propose { Proposal: var proposal } }:
                height = proposal.Value.Block.Height;
                writer.UInt8((byte)Kind.Message).Bytes(MessageCodec.Encode(chainId, new Message.Propose(proposal.Value)));
                break;
            case NodeInput.Chain { Input: ChainInput.Certify { Certificate: var certificate } }:
                height = certificate.Value.Height;
                writer.UInt8((byte)Kind.Message).Bytes(MessageCodec.Encode(chainId, new Message.Certify(certificate.Value)));
                break;
            case NodeInput.Chain { Input: ChainInput.Block { Arrived: var block } }:
                height = block.Value.Height;
                writer.UInt8((byte)Kind.Block).Bytes(block.Value.Encoded.Span);
                break;
            case NodeInput.Chain { Input: ChainInput.Timer { Id: var id } }:
                height = id.Height;
                writer.UInt8((byte)Kind.Timer).UInt8((byte)id.Kind).UInt64(id.Height).UInt32(id.Round);
                break;
            case NodeInput.Chain { Input: ChainInput.Built { Made: var made } }:
                height = made.Height;
                writer.UInt8((byte)Kind.Built).Bytes(made.Encoded.Span);
                break;
            case NodeInput.Chain { Input: ChainInput.Signed { Vote: var own } }:
                height = own.Value.Ballot.Height;
                own.Value.Write(writer.UInt8((byte)Kind.Signed));
                break;
            case NodeInput.Chain { Input: ChainInput.SigningRefused refused }:
                height = refused.Ballot.Height;
                writer.UInt8((byte)Kind.SigningRefused);
                new Vote(refused.Ballot, refused.Validator, default).Write(writer);
                writer.UInt8((byte)refused.Why);
                break;
            case NodeInput.Told { Fact: not FinalityFact.RoundSkip } told: // a skip is stored where it moves the chain
                height = told.Height;
                FactCodec.Write(writer.UInt8((byte)Kind.Told), told.Fact);
                break;
            case NodeInput.Chain { Input: ChainInput.Resume }:
                height = 0; // of whatever height is being decided: it goes with the next that is final
                writer.UInt8((byte)Kind.Resume);
                break;
            default:
                return null;
        }

        return new JournalInput(height, writer.ToArray());
    }

    /// <summary>Reads an input, or several votes, and the time, and verifies what is signed in it again, unless whoever stored it answers for it.</summary>
    /// <exception cref="JournalException">The bytes are not such an input: the journal is damaged.</exception>
    public static (IReadOnlyList<NodeInput> Inputs, ulong Now) Decode(JournalInput stored, ChainRules rules, EpochSchedule epochs, bool isAttested = false)
    {
        var bytes = stored.Bytes.Span;
        if (bytes.Length < 9)
        {
            throw Damaged(stored, "it is too short");
        }

        var now = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        return ((Kind)bytes[8] == Kind.Votes
            ? DecodeVotes(stored, rules, epochs, isAttested)
            : [Decode(stored, (Kind)bytes[8], bytes[9..], rules, epochs, isAttested)], now);
    }

    private static NodeInput Decode(JournalInput stored, Kind kind, ReadOnlySpan<byte> bytes, ChainRules rules, EpochSchedule epochs, bool isAttested)
    {
        var reader = new WireReader(bytes);
        return kind switch
        {
            Kind.Message => DecodeMessage(stored, bytes, rules, epochs, isAttested),
            Kind.Timer => new NodeInput.Chain(new ChainInput.Timer(new TimerId((TimerKind)reader.UInt8(), reader.UInt64(), reader.UInt32()))),
            Kind.Built => new NodeInput.Chain(new ChainInput.Built(DecodeBlock(stored, bytes, rules))),
            Kind.Block => DecodeArrived(stored, bytes, rules, epochs, isAttested),
            Kind.Told => DecodeTold(stored, ref reader, rules, epochs, isAttested),
            Kind.Resume => new NodeInput.Chain(new ChainInput.Resume()), // a start may ask for a proposal that was not asked for before
            Kind.RoundSkip => new NodeInput.Chain(new ChainInput.Fact(stored.Height, new FinalityFact.RoundSkip(reader.UInt32()))),
            Kind.Signed => DecodeSigned(stored, ref reader, rules, epochs, isAttested),
            Kind.SigningRefused => Vote.Read(ref reader) is var vote
                ? new NodeInput.Chain(new ChainInput.SigningRefused(vote.Validator, vote.Ballot, (SigningRefusal)reader.UInt8()))
                : throw Damaged(stored, "no vote"),
            _ => throw Damaged(stored, "its kind is unknown"),
        };
    }

    private static NodeInput[] DecodeVotes(JournalInput stored, ChainRules rules, EpochSchedule epochs, bool isAttested)
    {
        if (!VoteRun.TryDecode(stored.Bytes[9..], out var runs))
        {
            throw Damaged(stored, "no votes");
        }

        Vote[] votes = [.. runs.SelectMany(static run => run.Votes)];
        if (!isAttested)
        {
            foreach (var verdict in Verifier.Check(votes, rules, epochs.Find)) // together, at a fraction of the cost
            {
                Require(stored, verdict.Why);
            }
        }

        return [.. votes.Select(static vote => new NodeInput.CastVote(Verifier.Attested(vote), PeerId.Self))];
    }

    private static NodeInput.Chain DecodeArrived(JournalInput stored, ReadOnlySpan<byte> bytes, ChainRules rules, EpochSchedule epochs, bool isAttested)
    {
        var block = DecodeBlock(stored, bytes, rules);
        return new NodeInput.Chain(new ChainInput.Block(Verified(stored, block, isAttested, () => Verifier.Check(block, rules, epochs.Find, static _ => false, out _)), PeerId.Self));
    }

    private static NodeInput.Told DecodeTold(JournalInput stored, ref WireReader reader, ChainRules rules, EpochSchedule epochs, bool isAttested)
    {
        var fact = FactCodec.Read(ref reader);
        if (!reader.End())
        {
            throw Damaged(stored, reader.Fault.ToString());
        }

        if (!isAttested)
        {
            Require(stored, FactCodec.Check(fact!, stored.Height, rules, epochs.Find(rules.EpochOf(stored.Height))));
        }

        return new NodeInput.Told(stored.Height, fact!);
    }

    private static NodeInput.Chain DecodeSigned(JournalInput stored, ref WireReader reader, ChainRules rules, EpochSchedule epochs, bool isAttested)
    {
        var vote = Vote.Read(ref reader);
        return new NodeInput.Chain(new ChainInput.Signed(
            Verified(stored, vote, isAttested, () => Verifier.Check(vote, rules, epochs.Find(rules.EpochOf(vote.Ballot.Height)), out _))));
    }

    private static NodeInput DecodeMessage(JournalInput stored, ReadOnlySpan<byte> bytes, ChainRules rules, EpochSchedule epochs, bool isAttested)
    {
        if (!MessageCodec.TryDecode(bytes, rules, out var message, out var fault))
        {
            throw Damaged(stored, fault.ToString());
        }

        EpochSnapshot? SetOf(ulong height) => epochs.Find(rules.EpochOf(height));
        switch (message)
        {
            case Message.Propose { Proposal: var proposal }:
                return new NodeInput.Chain(new ChainInput.Propose(
                    Verified(stored, proposal, isAttested, () => Verifier.Check(proposal, rules, epochs.Find, static _ => false, out _)), PeerId.Self));
            case Message.Certify { Certificate: var certificate }:
                return new NodeInput.Chain(new ChainInput.Certify(
                    Verified(stored, certificate, isAttested, () => Verifier.Check(certificate, rules, SetOf(certificate.Height), out _)), PeerId.Self));
            default:
                throw Damaged(stored, "a message of its kind is never kept");
        }
    }

    private static Verified<T> Verified<T>(JournalInput stored, T value, bool isAttested, Func<VoteRejection?> check)
        where T : class
    {
        if (!isAttested)
        {
            Require(stored, check());
        }

        return Verifier.Attested(value);
    }

    private static Core.Blocks.Block DecodeBlock(JournalInput stored, ReadOnlySpan<byte> bytes, ChainRules rules) =>
        Core.Blocks.Block.TryDecode(bytes, rules.MaxBlockBytes, rules.MaxTransactionBytes, out var block, out var fault)
            ? block!
            : throw Damaged(stored, fault.ToString());

    private static void Require(JournalInput stored, VoteRejection? why)
    {
        if (why is not null)
        {
            throw Damaged(stored, why.ToString());
        }
    }

    private static JournalException Damaged(JournalInput stored, string why) =>
        new($"the journal's input for height {stored.Height} is damaged ({why}): run `luxtensor db check`, then restore the database or sync anew", JournalFault.Damaged);
}
