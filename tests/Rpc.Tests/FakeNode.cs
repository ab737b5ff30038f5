using System.Collections.Concurrent;
using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Tests.Rpc;

/// <summary>A node without consensus: the test says which block comes and which becomes final. Blocks and certificates are real.</summary>
internal sealed class FakeNode : INode, IChainReader
{
    private readonly ConcurrentDictionary<ulong, FinalBlock> final = new();
    private readonly ConcurrentDictionary<Hash256, ulong> heights = new();
    private readonly ConcurrentDictionary<Hash256, TransactionPlace> places = new();
    private readonly ConcurrentDictionary<INoticeSink, bool> sinks = new();
    private readonly List<Evidence> evidence = [];
    private volatile NodeState view;

    public FakeNode()
    {
        Validators = [.. Enumerable.Range(1, 4).Select(Key)];
        Sender = Key(200);
        var rules = new ChainRules { ChainId = 7_777, EpochLength = 8, MinimumFee = 10 };
        var created = Genesis.TryCreate(
            rules,
            1_700_000_000_123,
            [.. Validators.Select(key => new GenesisValidator(key.PublicKey, 100 * ChainRules.Token))],
            [new GenesisAccount(Address.Of(Sender.PublicKey), 1_000_000 * ChainRules.Token)],
            out var genesis,
            out var why);
        Genesis = created ? genesis! : throw new InvalidOperationException(why!.Message);
        genesis = Genesis;
        final[0] = new FinalBlock(genesis.Block, null);
        heights[genesis.Block.Hash] = 0;
        view = new NodeState
        {
            Chain = new ChainState
            {
                Rules = rules,
                Genesis = genesis.Block.Hash,
                Local = [genesis.EpochZero.Validators[0].Address],
                Tree = BlockTree.Of(new BlockNode(genesis.Block, genesis.Ledger, genesis.Changes), 256, rules.MaxReorganisation),
                FinalCertificate = null,
            },
            Pool = Mempool.Empty(new MempoolLimits()),
        };
    }

    public IReadOnlyList<SigningKey> Validators { get; }

    public SigningKey Sender { get; }

    /// <summary>What the node has and asks for while it catches up.</summary>
    public LuxTensor.Core.Sync.SyncState Sync
    {
        set => view = view with { Sync = value };
    }

    public Genesis Genesis { get; }

    public NodeState View => view;

    public IChainReader Chain => this;

    public Dictionary<(ulong Height, Address Validator), MissedDuty> Missed { get; } = [];

    public MissedDuty? MissOf(Address validator, ulong height) => Missed.GetValueOrDefault((height, validator));

    public Core.Validators.EpochSnapshot? SetOf(ulong epoch) => epoch <= view.Chain.Epochs.Newest.Epoch ? Genesis.EpochZero.For(epoch) : null;

    public IReadOnlyCollection<PeerId> Peers { get; set; } = [new("a"), new("b")];

    /// <summary>The network, where a test says more of it than <see cref="Peers"/>.</summary>
    public NetworkView? Around { get; set; }

    public NetworkView Network => Around ?? NetworkView.Of(Peers);

    /// <summary>What <see cref="SubmitAsync"/> answers instead of doing its work.</summary>
    public SubmitOutcome? NextOutcome { get; set; }

    /// <summary>Heights below this are no longer in the journal.</summary>
    public ulong PrunedBelow { get; set; }

    public ulong FinalHeight => view.Final.Height;

    public FinalBlock? BlockAt(ulong height) => height < PrunedBelow ? null : final.GetValueOrDefault(height);

    public FinalBlock? BlockBy(Hash256 hash) => heights.TryGetValue(hash, out var height) ? BlockAt(height) : null;

    public ulong? HeightOf(Hash256 hash) => heights.TryGetValue(hash, out var height) ? height : null;

    public TransactionPlace? Locate(Hash256 transactionId) => places.TryGetValue(transactionId, out var place) ? place : null;

    IReadOnlyList<Evidence> IChainReader.Evidence(int limit) => [.. evidence.Take(limit)];

    public Transaction Transfer(ulong nonce, UInt128 value, UInt128? fee = null) => Transaction.Sign(
        Genesis.Rules.ChainId, Sender, nonce, fee ?? 1_000, new TransactionBody.Transfer(Recipient, value));

    public Transaction Data(ulong nonce, params byte[] bytes) =>
        Transaction.Sign(Genesis.Rules.ChainId, Sender, nonce, 1_000, new TransactionBody.Data([.. bytes]));

    public Transaction Stake(ulong nonce, UInt128 tokens) =>
        Transaction.Sign(Genesis.Rules.ChainId, Sender, nonce, 1_000, new TransactionBody.Stake(tokens * ChainRules.Token));

    public static Address Recipient => Address.Of(Key(201).PublicKey);

    public ValueTask<SubmitOutcome> SubmitAsync(ReadOnlyMemory<byte> encoded, CancellationToken cancellation)
    {
        if (NextOutcome is { } given)
        {
            return ValueTask.FromResult(given);
        }

        if (!Transaction.TryDecode(encoded.Span, Genesis.Rules.MaxTransactionBytes, out var transaction, out var fault))
        {
            return ValueTask.FromResult<SubmitOutcome>(new SubmitOutcome.Malformed(fault));
        }

        if (Verifier.Check(transaction!, Genesis.Rules, out var verified) is not null)
        {
            return ValueTask.FromResult<SubmitOutcome>(
                new SubmitOutcome.Rejected(transaction!.Id, new Core.State.TransactionRejection.BadSignature(transaction.Sender)));
        }

        var (next, outcome) = view.Pool.Add(verified, view.FinalLedger, Genesis.Rules);
        if (outcome is MempoolOutcome.Rejected rejected)
        {
            return ValueTask.FromResult<SubmitOutcome>(new SubmitOutcome.Rejected(transaction!.Id, rejected.Why));
        }

        view = view with { Pool = next };
        Publish(new Notice.Pending(transaction!));
        return ValueTask.FromResult<SubmitOutcome>(new SubmitOutcome.Accepted(transaction!.Id, outcome is MempoolOutcome.Known));
    }

    public IDisposable Subscribe(INoticeSink sink)
    {
        sinks[sink] = true;
        return new Ending(() => sinks.TryRemove(sink, out _));
    }

    public void Publish(Notice notice)
    {
        foreach (var (sink, _) in sinks)
        {
            sink.Publish(notice);
        }
    }

    /// <summary>Adds a block on the head, or on another block held; tells of the new head where it is one.</summary>
    public Block Extend(Hash256? parent = null, uint round = 0, params Transaction[] transactions)
    {
        var chain = view.Chain;
        var below = parent is { } hash ? chain.Tree.Find(hash)! : chain.Tree.Head;
        var height = below.Height + 1;
        var proposer = below.After.Epochs.Of(chain.Rules.EpochOf(height)).ProposerOf(height, round).Address;
        var node = BlockValidity.Make(
            below, round, Genesis.Time + (height * 2_000), proposer, chain.FinalCertificate, [.. transactions], chain.Rules);
        if (Move(chain.Tree.Add(node)) is { } moved)
        {
            Publish(moved);
        }

        return node.Block;
    }

    /// <summary>Adds a block on the head and gives the notice of it, for the caller to publish.</summary>
    public Notice Prepare()
    {
        var chain = view.Chain;
        var head = chain.Tree.Head;
        var proposer = head.After.Epochs.Of(chain.Rules.EpochOf(head.Height + 1)).ProposerOf(head.Height + 1, 0).Address;
        return Move(chain.Tree.Add(BlockValidity.Make(head, 0, 0, proposer, chain.FinalCertificate, [], chain.Rules)))!;
    }

    /// <summary>Makes the next block of the chosen branch final, signed by all validators but the last.</summary>
    public Certificate FinalizeNext()
    {
        var chain = view.Chain;
        var node = chain.Tree.AncestorAt(chain.Tree.Head, chain.Height)!;
        var ballot = new Ballot(chain.Rules.ChainId, chain.Rules.EpochOf(node.Height), node.Height, 0, Phase.Precommit, node.Hash);
        var tally = PhaseTally.Empty(chain.Set);
        Span<byte> message = stackalloc byte[Ballot.MessageSize];
        ballot.WriteMessage(message);
        for (var i = 0; i < Validators.Count - 1; i++)
        {
            var validator = chain.Set.Validators[i];
            tally = tally.Add(i, new Vote(ballot, validator.Address, Validators[i].Sign(message)));
        }

        var certificate = tally.CertificateFor(ballot.BlockHash);
        final[node.Height] = new FinalBlock(node.Block, certificate);
        heights[node.Hash] = node.Height;
        for (var i = 0; i < node.Block.Transactions.Length; i++)
        {
            places[node.Block.Transactions[i].Id] = new TransactionPlace(node.Height, i);
        }

        var pool = view.Pool.AfterFinal(node.After, chain.Rules, node.Block.Transactions).Next;
        view = view with { Pool = pool, Chain = chain with { Tree = chain.Tree.Finalize(node), FinalCertificate = certificate } };
        Publish(new Notice.Finalized(node.Block, certificate));
        return certificate;
    }

    /// <summary>Extends and makes final, so many times.</summary>
    public void Finalize(int blocks)
    {
        for (var i = 0; i < blocks; i++)
        {
            Extend();
            FinalizeNext();
        }
    }

    /// <summary>A double vote of the first validator, as evidence and notice.</summary>
    public Evidence Conflict()
    {
        var chain = view.Chain;
        Vote VoteFor(byte value)
        {
            var hash = new byte[32];
            hash[0] = value;
            var ballot = new Ballot(chain.Rules.ChainId, chain.Rules.EpochOf(chain.Height), chain.Height, 0, Phase.Prepare, new Hash256(hash));
            Span<byte> message = stackalloc byte[Ballot.MessageSize];
            ballot.WriteMessage(message);
            return new Vote(ballot, chain.Set.Validators[0].Address, Validators[0].Sign(message));
        }

        var made = new Evidence(VoteFor(1), VoteFor(2));
        evidence.Add(made);
        Publish(new Notice.Conflict(made));
        return made;
    }

    private Notice.HeadMoved? Move(BlockTree tree)
    {
        var change = Reorganisation.Between(view.Chain.Tree, tree);
        view = view with { Chain = view.Chain with { Tree = tree } };
        return change.Joined.IsEmpty
            ? null
            : new Notice.HeadMoved(
                change.Ancestor.Hash, change.Ancestor.Height, [.. change.Left.Select(node => node.Block)], [.. change.Joined.Select(node => node.Block)]);
    }

    private static SigningKey Key(int number)
    {
        Span<byte> seed = stackalloc byte[32];
        seed.Clear();
        seed[0] = (byte)number;
        return SigningKey.FromSeed(seed);
    }

    private sealed class Ending(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
