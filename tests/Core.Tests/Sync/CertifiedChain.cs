using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Tests.Core.Validators;
using LuxTensor.Tests.Core.Voting;

namespace LuxTensor.Tests.Core.Sync;

/// <summary>A final chain whose validators change from epoch to epoch, signed with real keys; what a peer that is ahead answers from.</summary>
internal sealed class CertifiedChain : IChainReader
{
    private readonly List<FinalBlock> blocks = [];
    private readonly Dictionary<ulong, EpochSnapshot> sets = [];

    public CertifiedChain(int length, ChainRules? rules = null)
    {
        Genesis = new StakeChain(rules).Genesis;
        Root = new BlockNode(Genesis.Block, Genesis.Ledger, []);
        blocks.Add(new FinalBlock(Genesis.Block, null));
        var (node, certificate) = (Root, (Certificate?)null);
        for (var height = 1UL; height <= (ulong)length; height++)
        {
            Keep(node);
            var set = node.After.Epochs.Of(Rules.EpochOf(height));
            // One joins in each epoch until the set is full, so that the sets of the first epochs differ.
            var joins = height % Rules.EpochLength == 1 && height / Rules.EpochLength < 4
                ? [Transaction.Sign(Rules.ChainId, Given.Key(10 + (int)height), 0, 1, new TransactionBody.Stake(500))]
                : Array.Empty<Transaction>();
            node = BlockValidity.Make(node, 0, 0, set.ProposerOf(height, 0).Address, certificate, [.. joins], Rules);
            certificate = Certify(node.Block.Header, set);
            blocks.Add(new FinalBlock(node.Block, certificate));
        }

        Keep(node);
        Head = node;
    }

    public Genesis Genesis { get; }

    public ChainRules Rules => Genesis.Rules;

    public BlockNode Root { get; }

    public BlockNode Head { get; }

    public ulong FinalHeight => (ulong)blocks.Count - 1;

    /// <summary>Sets that differ from the one before.</summary>
    public int Changes => sets.Values.OrderBy(static set => set.Epoch).Select(static set => set.Hash).Distinct().Count() - 1;

    public static Certificate Certify(BlockHeader header, EpochSnapshot set)
    {
        var ballot = new Ballot(header.ChainId, header.Epoch, header.Height, header.Round, Phase.Precommit, header.ComputeHash());
        var bits = new byte[(set.Validators.Length + 7) / 8];
        for (var i = 0; i < set.Validators.Length; i++)
        {
            bits[i / 8] |= (byte)(1 << (i % 8));
        }

        return new Certificate(ballot, [.. bits], [.. set.Validators.Select(validator => Arena.Sign(NumberOf(validator.Address), ballot).Signature)]);
    }

    public FinalBlock? BlockAt(ulong height) => height < (ulong)blocks.Count ? blocks[(int)height] : null;

    public FinalBlock? BlockBy(Hash256 hash) => blocks.Find(block => block.Block.Hash == hash);

    public ulong? HeightOf(Hash256 hash) => BlockBy(hash)?.Block.Height;

    public EpochSnapshot? SetOf(ulong epoch) => sets.GetValueOrDefault(epoch);

    public TransactionPlace? Locate(Hash256 transactionId) => throw new NotSupportedException();

    public MissedDuty? MissOf(Address validator, ulong height) => null;

    public IReadOnlyList<LuxTensor.Core.Finality.Evidence> Evidence(int limit) => [];

    private static int NumberOf(Address address) => Enumerable.Range(0, 70).First(i => Given.AddressOf(i) == address);

    private void Keep(BlockNode node)
    {
        foreach (var set in node.After.Epochs.Sets)
        {
            sets[set.Epoch] = set;
        }
    }
}
