using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Engine;

/// <summary>A node as it was when it stopped, and what its signing guard must know at least.</summary>
/// <param name="Turn">
/// The replayed turn. A host stores its batch, which holds only what differs from the journal: a certificate that came
/// too early to be used then may make blocks final now.
/// </param>
/// <param name="Signed">For each validator the last proposal and the last prepare or precommit whose signature the journal holds.</param>
/// <param name="Asked">The last prepare or precommit signed or asked for, by validator. Proposals may be heights ahead of it.</param>
public sealed record Recovered(
    NodeTurn Turn,
    IReadOnlyCollection<(Address Validator, SigningPosition Position)> Signed,
    IReadOnlyDictionary<Address, SigningPosition> Asked);

/// <summary>Brings a node back from its journal: the last final state, the pool, and the inputs since, replayed in order.</summary>
public static class Recovery
{
    /// <summary>Rebuilds the state. Takes time by the size of the state, the pool and one height's inputs, not by the chain's length.</summary>
    /// <exception cref="JournalException">The journal is damaged.</exception>
    public static Recovered Replay(
        JournalContents contents, Genesis genesis, IReadOnlyCollection<Address> local, MempoolLimits limits, bool countsVotes = true)
    {
        var ledger = contents.Ledger;
        var header = contents.Final.Block.Header;
        if (ledger.Root != header.StateRoot)
        {
            throw new JournalException(
                $"the stored state has root {ledger.Root}, but block {header.Height} says {header.StateRoot}: run `luxtensor db check`, then restore the database or sync anew",
                JournalFault.Damaged);
        }

        var root = new BlockNode(contents.Final.Block, ledger, []);
        var state = Routing.Begin(genesis, root, contents.Final.Certificate, local, limits, countsVotes);
        state = Reporting.Restore(state with { Pool = Refill(state.Pool, contents.Pool, ledger, genesis.Rules) }, contents.Evidence);
        var signed = new Dictionary<(Address, bool), SigningPosition>();
        var asked = new Dictionary<Address, SigningPosition>();
        var from = contents.Inputs.Count;
        while (from > 0 && !InputCodec.IsCheckpoint(contents.Inputs[from - 1]))
        {
            from--;
        }

        if (from > 0)
        {
            state = Restore(contents.Inputs, from - 1, state, signed, asked);
        }

        var turn = new NodeTurn(state, isReplay: true);
        foreach (var stored in contents.Inputs.Skip(from))
        {
            if (InputCodec.ReadAsked(stored) is { } unwanted)
            {
                unwanted.ToList().ForEach(vote => NoteAsked(asked, vote.Validator, vote.Ballot));
                continue;
            }

            var (inputs, now) = InputCodec.Decode(stored, genesis.Rules, turn.State.Chain.Epochs);
            foreach (var input in inputs)
            {
                Note(input, signed, asked);
                Routing.Step(turn, input, now);
            }
        }

        // Also what was asked for and is not wanted any more: the guard may have stored it while the round moved on.
        foreach (var sign in turn.Effects.OfType<NodeEffect.Chain>().Select(effect => effect.Effect).OfType<ChainEffect.Sign>())
        {
            NoteAsked(asked, sign.Validator, sign.Ballot);
        }

        return new Recovered(turn, [.. signed.Select(last => (last.Key.Item1, last.Value))], asked);
    }

    /// <summary>The state of the checkpoint at a place; the inputs before it give the blocks that it names.</summary>
    private static NodeState Restore(
        IReadOnlyList<JournalInput> inputs,
        int place,
        NodeState bare,
        Dictionary<(Address, bool), SigningPosition> signed,
        Dictionary<Address, SigningPosition> asked)
    {
        var blocks = new Dictionary<Hash256, Block>();
        foreach (var stored in inputs.Take(place).Where(stored => !InputCodec.IsCheckpoint(stored) && InputCodec.ReadAsked(stored) is null))
        {
            foreach (var input in InputCodec.Decode(stored, bare.Chain.Rules, bare.Chain.Epochs).Inputs)
            {
                Note(input, signed, asked);
                if (BlockOf(input) is { } block)
                {
                    blocks.TryAdd(block.Hash, block);
                }
            }
        }

        var state = InputCodec.Restore(inputs[place], bare, blocks);
        foreach (var sign in state.Chain.Asked)
        {
            NoteAsked(asked, sign.Validator, sign.Ballot);
        }

        return state;
    }

    private static Block? BlockOf(NodeInput input) => input switch
    {
        NodeInput.Chain { Input: ChainInput.Propose { Proposal: var proposal } } => proposal.Value.Block,
        NodeInput.Chain { Input: ChainInput.Block { Arrived: var block } } => block.Value,
        NodeInput.Chain { Input: ChainInput.Built { Made: var made } } => made,
        _ => null,
    };

    private static Mempool Refill(Mempool pool, IReadOnlyList<PoolEntry> entries, Ledger final, ChainRules rules)
    {
        foreach (var (arrival, transaction) in entries)
        {
            if (Verifier.Check(transaction, rules, out var verified) is { } why)
            {
                throw new JournalException($"the pool's transaction {transaction.Id} is damaged ({why}): run `luxtensor db check`", JournalFault.Damaged);
            }

            pool = pool.AddStored(verified, arrival, final, rules);
        }

        return pool;
    }

    /// <summary>Notes a signature that an input tells of.</summary>
    private static void Note(
        NodeInput input, Dictionary<(Address, bool), SigningPosition> signed, Dictionary<Address, SigningPosition> asked)
    {
        if (input is NodeInput.Chain { Input: ChainInput.Signed { Vote.Value: { Validator: var validator, Ballot: var ballot } } })
        {
            Raise(signed, (validator, ballot.Phase == Phase.Propose), ballot);
            NoteAsked(asked, validator, ballot);
        }
    }

    // A block that is built ahead is asked for far above the height being decided, and would hide what is missing there (GRD-4).
    private static void NoteAsked(Dictionary<Address, SigningPosition> asked, Address validator, Ballot ballot)
    {
        if (ballot.Phase != Phase.Propose)
        {
            Raise(asked, validator, ballot);
        }
    }

    private static void Raise<TKey>(Dictionary<TKey, SigningPosition> last, TKey key, Ballot ballot)
        where TKey : notnull
    {
        var position = new SigningPosition(ballot.Height, ballot.Round, ballot.Phase);
        if (!last.TryGetValue(key, out var there) || position.CompareTo(there) > 0)
        {
            last[key] = position;
        }
    }
}
