namespace LuxTensor.Tests.SeededFaults;

/// <content>What makes a block valid, and how own ones are made.</content>
internal static partial class Faults
{
    private const string StateOfChain = "src/LuxTensor.Core/Consensus/ChainState.cs";
    private const string Validity = "src/LuxTensor.Core/Blocks/BlockValidity.cs";
    private const string Body = "src/LuxTensor.Core/Blocks/Block.cs";

    private static Fault[] Blocks =>
    [
        new("block of any chain", "BLK-4", Validity, "if (header.ChainId != rules.ChainId)", "if (header.ChainId == 0)"),
        new("block of any height", "BLK-4", Validity, "if (header.Height != parent.Height + 1)", "if (header.Height <= parent.Height)"),
        new("block of any parent", "BLK-4", Validity, "if (header.Parent != parentHash)", "if (header.Parent == default)") { Profile = "Byzantine" },
        new("block time unchecked", "BLK-4", Validity, "if (header.Time < earliest || header.Time <= parent.Time)", "if (header.Time == 0)") { Profile = "Byzantine" },
        new("block as early as its parent", "BLK-4", Validity, "var earliest = Later(parent.Time, ulong.Max(rules.BlockInterval, 1));\n", "var earliest = parent.Time;\n"),
        new("block of any size", "BLK-2", Validity, "if (block.Encoded.Length > rules.MaxBlockBytes)", "if (block.Encoded.Length == 0)"),
        new("block of any epoch", "BLK-4", Validity, "if (header.Epoch != epoch)", "if (header.Epoch == ulong.MaxValue)"),
        new("next set's hash unchecked", "BLK-4", Validity, "if (header.ValidatorSetHash != set.Hash || header.NextValidatorSetHash != next.Hash)", "if (header.ValidatorSetHash != set.Hash)"),
        new("block of any proposer", "BLK-4", Validity, "return proposer != header.Proposer", "return header.Proposer == default") { Profile = "Byzantine" },
        new("state root unchecked", "BLK-4", Validity, "when executed.After.Root != block.Header.StateRoot:", "when block.Header.StateRoot.IsZero:") { Profile = "Byzantine" },
        new("transactions root unchecked", "BLK-4", Validity, "if (root != block.Header.TransactionsRoot)", "if (block.Header.TransactionsRoot.IsZero)") { Profile = "Byzantine" },
        new("transactions exchanged on the way", "BLK-3", Body, "Header.TransactionsRoot == RootOf(Transactions) && Header", "Header") { Profile = "Byzantine" },
        new("certificate exchanged on the way", "BLK-3", Body, "Header.TransactionsRoot == RootOf(Transactions) && Header.CertificateHash == (Certificate?.Hash ?? Hash256.Zero);", "Header.TransactionsRoot == RootOf(Transactions);"),
        new("block of the future", "BLK-5", Validity, "return header.Time > latest ? new", "return header.Time == 0 ? new") { Profile = "Byzantine" },
        new("own block before the interval is over", "BLK-6", Validity, "Time = ulong.Max(time, Later(parent.Block.Header.Time, ulong.Max(rules.BlockInterval, 1))),", "Time = time,"),
        new("block far above its certificate", "BLK-7", Validity, "\n                || header.Height - certified > rules.RunAhead", ""),
        new("block with a certificate of its own height", "BLK-7", Validity, "|| certified >= header.Height", "|| certified > header.Height"),
        new("prepared block proposed without its certificate", "PRO-1", StateOfChain, "Prepared?.BlockHash == block.Hash ? Prepared : null", "Prepared?.Height == 0 ? Prepared : null") { Profile = "Splits" },
        new("chosen branch not proposed", "PRO-1", Production, "{ } chosen && chosen.Block.Header.Round <= state.Round)", "{ Height: 0 } chosen)"),
        new("block of a round that is over signed", "PRO-2", Production, "header.Height == state.Height && header.Round >= state.Round &&", "header.Height == state.Height &&"),
        new("own vote not said", "PRO-3", Production, "turn.Emit(new ChainEffect.Broadcast(new Message.CastVote(vote)));", "_ = vote;"),
        new("refused vote waited for", "PRO-4", Production, "asked.Validator == refused.Validator && asked.Ballot == refused.Ballot)", "asked.Validator == refused.Validator && asked.Ballot != refused.Ballot)") { Profile = "Twins" },
    ];
}
