using System.Collections.Immutable;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Engine;

/// <summary>
/// What a node holds above a block that it has just made final. Stored with the block: the inputs that led here are gone,
/// or were taken when another height was being decided, so replaying those that are left would lead somewhere else.
/// Blocks are named by hash only; the inputs that brought them are still in the journal.
/// </summary>
internal static class Checkpoint
{
    /// <summary>The fields that make the state, after those that the final block gives.</summary>
    public static void Write(WireWriter writer, NodeState state)
    {
        var chain = state.Chain;
        writer.UInt32(chain.Round).UInt8((byte)chain.Phase).UInt8((byte)chain.Facts).Flag(chain.PrepareTimed).Flag(chain.PrecommitTimed);
        writer.Flag(chain.Locked is not null).UInt32(chain.Locked?.Round ?? 0).Hash(chain.Locked?.Block ?? Hash256.Zero);
        Write(writer, chain.Prepared);
        Write(writer, chain.Awaited);
        writer.Hash(chain.Ahead.Head).UInt32(chain.Ahead.Round);
        Write(writer, [.. chain.Building.Select(own => own.Hash)]);
        Write(writer, [.. chain.Proposals.Values]);
        Write(writer, [.. chain.AheadProposals.Values]);
        Write(writer, chain.Standing);
        Write(writer, [.. chain.Asked.Select(asked => new Vote(asked.Ballot, asked.Validator, default))]);
        Write(writer, [.. chain.Tree.Blocks.Select(node => node.Hash)]);
        writer.UInt32((uint)chain.Orphans.Count);
        foreach (var orphan in chain.Orphans.Values)
        {
            orphan.Vote.Write(writer.Hash(orphan.Block.Hash));
            Write(writer, orphan.Prepared);
        }

        writer.UInt32((uint)state.Heights.Count);
        foreach (var height in state.Heights.Values)
        {
            Write(writer, height);
        }
    }

    /// <summary>The state that was written, above the same final block and with the pool of <paramref name="bare"/>.</summary>
    /// <exception cref="JournalException">The bytes are no checkpoint, or a block that they name is not among <paramref name="blocks"/>.</exception>
    public static NodeState Read(ReadOnlySpan<byte> bytes, NodeState bare, IReadOnlyDictionary<Hash256, Block> blocks)
    {
        var reader = new WireReader(bytes);
        var chain = bare.Chain;
        Block Held(Hash256 hash) => blocks.TryGetValue(hash, out var block) ? block : throw Damaged($"it names block {hash}, which is not stored");

        chain = chain with
        {
            Round = reader.UInt32(),
            Phase = (Phase)reader.UInt8(),
            Facts = (RoundFacts)reader.UInt8(),
            PrepareTimed = reader.Flag(),
            PrecommitTimed = reader.Flag(),
        };
        var isLocked = reader.Flag();
        var locked = new LockedBlock(reader.UInt32(), reader.Hash());
        chain = chain with { Locked = isLocked ? locked : null, Prepared = ReadCertificate(ref reader), Awaited = ReadCertificate(ref reader) };
        chain = chain with
        {
            Ahead = (reader.Hash(), reader.UInt32()),
            Building = [.. ReadHashes(ref reader).Select(Held)],
            Proposals = ReadVotes(ref reader).ToImmutableSortedDictionary(vote => vote.Ballot.Round, vote => vote),
            AheadProposals = ReadVotes(ref reader).ToImmutableSortedDictionary(vote => (vote.Ballot.Height, vote.Ballot.Round), vote => vote),
            Standing = ReadVotes(ref reader),
            Asked = [.. ReadVotes(ref reader).Select(vote => new ChainEffect.Sign(vote.Validator, vote.Ballot))],
        };

        var tree = chain.Tree;
        foreach (var hash in ReadHashes(ref reader))
        {
            tree = Grow(tree, Held(hash), chain);
        }

        chain = chain with { Tree = chain.Prepared is { } prepared ? tree.MarkPrepared(prepared.BlockHash, prepared.Ballot.Round) : tree };
        for (var count = reader.UInt32(); count > 0 && reader.Fault == WireFault.None; count--)
        {
            var proposal = new Proposal(Held(reader.Hash()), Vote.Read(ref reader), ReadCertificate(ref reader));
            chain = chain with { Orphans = chain.Orphans.Add(proposal.Block.Header.Parent, proposal) };
        }

        var heights = bare.Heights;
        for (var count = reader.UInt32(); count > 0 && reader.Fault == WireFault.None; count--)
        {
            var height = ReadHeight(ref reader, chain);
            heights = heights.Add(height.Height, height);
        }

        return reader.End() ? bare with { Chain = chain, Heights = heights } : throw Damaged(reader.Fault.ToString());
    }

    private static BlockTree Grow(BlockTree tree, Block block, ChainState chain) =>
        tree.Find(block.Header.Parent) is { } parent && BlockValidity.Check(parent, block, chain.Rules, out var node) is null
            ? tree.Add(node!)
            : throw Damaged($"block {block.Hash} does not fit on its parent");

    private static void Write(WireWriter writer, Certificate? certificate)
    {
        writer.Flag(certificate is not null);
        certificate?.Write(writer);
    }

    private static void Write(WireWriter writer, ImmutableArray<Hash256> hashes)
    {
        writer.UInt32((uint)hashes.Length);
        foreach (var hash in hashes)
        {
            writer.Hash(hash);
        }
    }

    private static ImmutableArray<Hash256> ReadHashes(ref WireReader reader)
    {
        var hashes = ImmutableArray.CreateBuilder<Hash256>();
        for (var count = reader.Count(int.MaxValue, Hash256.Size); count > 0; count--)
        {
            hashes.Add(reader.Hash());
        }

        return hashes.ToImmutable();
    }

    private static Certificate? ReadCertificate(ref WireReader reader) => reader.Flag() ? Certificate.Read(ref reader) : null;

    private static void Write(WireWriter writer, ImmutableArray<Vote> votes)
    {
        writer.UInt32((uint)votes.Length);
        foreach (var vote in votes)
        {
            vote.Write(writer);
        }
    }

    private static ImmutableArray<Vote> ReadVotes(ref WireReader reader)
    {
        var votes = ImmutableArray.CreateBuilder<Vote>();
        for (var count = reader.Count(int.MaxValue, Vote.Size); count > 0; count--)
        {
            votes.Add(Vote.Read(ref reader));
        }

        return votes.ToImmutable();
    }

    /// <summary>Votes go value by value in the order in which the values came, so that counting them again gives the same tallies.</summary>
    private static void Write(WireWriter writer, FinalityState height)
    {
        writer.UInt64(height.Height).UInt32(height.Round);
        var votes = ImmutableArray.CreateBuilder<Vote>();
        foreach (var tally in height.Tallies.Values)
        {
            foreach (var (block, _) in tally.Stakes)
            {
                votes.AddRange(tally.Votes.Where(vote => vote.Ballot.BlockHash == block));
            }
        }

        Write(writer, votes.ToImmutable());
        writer.UInt32((uint)height.LatestRounds.Count);
        foreach (var (index, round) in height.LatestRounds.Seen)
        {
            writer.UInt32((uint)index).UInt32(round);
        }

        Write(writer, [.. height.Conflicts.Values.SelectMany(evidence => new[] { evidence.First, evidence.Second })]);
    }

    private static FinalityState ReadHeight(ref WireReader reader, ChainState chain)
    {
        var number = reader.UInt64();
        var set = chain.Epochs.Of(chain.Rules.EpochOf(number));
        var height = BlockFinality.Advance(BlockFinality.Begin(number, set, chain.Rules.QuorumPercent), reader.UInt32());
        foreach (var vote in ReadVotes(ref reader))
        {
            height = Verifier.Check(vote, chain.Rules, set, out var verified) is { } why
                ? throw Damaged($"a vote does not verify: {why}")
                : BlockFinality.Count(height, verified).Next;
        }

        for (var count = reader.Count(set.Validators.Length, 8); count > 0; count--)
        {
            var (index, round) = (reader.UInt32(), reader.UInt32());
            height = index < (uint)set.Validators.Length
                ? BlockFinality.Place(height, (int)index, round)
                : throw Damaged($"it names validator {index} of {set.Validators.Length}");
        }

        var conflicts = ReadVotes(ref reader).Chunk(2).Where(pair => pair.Length == 2);
        return height with
        {
            Conflicts = conflicts.ToImmutableSortedDictionary(pair => pair[0].Validator, pair => new Evidence(pair[0], pair[1])),
        };
    }

    private static JournalException Damaged(string why) =>
        new($"the journal's checkpoint is damaged ({why}): run `luxtensor db check`, then restore the database or sync anew", JournalFault.Damaged);
}
