using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Finality;
using LuxTensor.Core.ForkChoice;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Storage;

namespace LuxTensor.Tests.Storage;

/// <summary>A folder that goes with the test.</summary>
internal sealed class Folder : IDisposable
{
    public Folder() => Directory.CreateDirectory(Root);

    public string Root { get; } = Path.Combine(Path.GetTempPath(), "lux-storage-" + Guid.NewGuid().ToString("N"));

    public string this[string name] => Path.Combine(Root, name);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}

/// <summary>A small chain of four validators that really signs: valid blocks with valid certificates.</summary>
internal sealed class TestChain
{
    private static readonly SigningKey[] Keys = [.. Enumerable.Range(1, 4).Select(KeyOf)];
    private ulong nonce;

    public TestChain(ulong chainId = 7)
    {
        var rules = new ChainRules { ChainId = chainId, BlockInterval = 1, RoundTimeout = 1_000, RoundTimeoutStep = 500 };
        Assert.True(
            Genesis.TryCreate(
                rules, 1_000, [.. Keys.Select(key => new GenesisValidator(key.PublicKey, 32 * ChainRules.Token))],
                [new GenesisAccount(Address.Of(Sender.PublicKey), 1_000_000 * ChainRules.Token)], out var genesis, out var why),
            why?.Message);
        Genesis = genesis!;
        Tip = new BlockNode(Genesis.Block, Genesis.Ledger, Genesis.Changes);
    }

    public static SigningKey Sender { get; } = KeyOf(99);

    public static ImmutableArray<Address> Validators { get; } = [.. Keys.Select(key => Address.Of(key.PublicKey))];

    public Genesis Genesis { get; }

    /// <summary>A guard's options for when several write to one file on a slow disk.</summary>
    public GuardOptions PatientGuard => GuardOptions.For(Genesis) with { BusyTimeout = TimeSpan.FromMinutes(1) };

    public BlockNode Tip { get; private set; }

    public Certificate? TipCertificate { get; private set; }

    public static SigningKey KeyOf(int seed)
    {
        var bytes = new byte[32];
        bytes[0] = (byte)seed;
        return SigningKey.FromSeed(bytes);
    }

    /// <summary>The next transfer of the one sender.</summary>
    public Transaction Transfer() => Transaction.Sign(
        Genesis.Rules.ChainId, Sender, nonce, 1, new TransactionBody.Transfer(AddressOf(nonce++ % 500), 1));

    /// <summary>One of many transfers that no block takes in: their nonces are far ahead.</summary>
    public static Transaction Waiting(ulong number) =>
        Transaction.Sign(7, Sender, 1_000_000 + number, 1, new TransactionBody.Transfer(default, 1));

    /// <summary>Makes the next block final.</summary>
    public Finalization Next(int transactions = 2) => Next([.. Enumerable.Range(0, transactions).Select(_ => Transfer())]);

    public Finalization Next(ImmutableArray<Transaction> transactions)
    {
        var rules = Genesis.Rules;
        var height = Tip.Height + 1;
        var set = Tip.After.Epochs.Of(rules.EpochOf(height));
        var node = BlockValidity.Make(
            Tip, 0, Tip.Block.Header.Time + 1_000, set.ProposerOf(height, 0).Address, TipCertificate, transactions, rules);
        var certificate = Certify(node.Block, set);
        (Tip, TipCertificate) = (node, certificate);
        return new Finalization(node.Block, certificate, node.Changes, rules.EndsEpoch(height) ? node.After.Epochs.Newest : null);
    }

    public Certificate Certify(Block block, EpochSnapshot? set = null)
    {
        set ??= Genesis.EpochZero.For(Genesis.Rules.EpochOf(block.Height));
        var ballot = new Ballot(Genesis.Rules.ChainId, set.Epoch, block.Height, 0, Phase.Precommit, block.Hash);
        byte signers = 0;
        var signatures = ImmutableArray.CreateBuilder<Signature>();
        for (var i = 0; i < 3; i++)
        {
            signers |= (byte)(1 << i);
            signatures.Add(Sign(ballot, set.Validators[i].Address).Signature);
        }

        return new Certificate(ballot, [signers], signatures.ToImmutable());
    }

    public static Vote Sign(Ballot ballot, Address validator)
    {
        var message = new byte[Ballot.MessageSize];
        ballot.WriteMessage(message);
        return new Vote(ballot, validator, Keys.First(key => Address.Of(key.PublicKey) == validator).Sign(message));
    }

    public Vote Vote(int validator, ulong height, uint round, Phase phase, byte block) => Sign(
        new Ballot(Genesis.Rules.ChainId, Genesis.Rules.EpochOf(height), height, round, phase, HashOf(block)), Validators[validator]);

    public Evidence DoubleVote(int validator, ulong height) =>
        new(Vote(validator, height, 0, Phase.Prepare, 1), Vote(validator, height, 0, Phase.Prepare, 2));

    public static Hash256 HashOf(byte value) => value == 0 ? Hash256.Zero : Sha256.Hash([value]);

    public static JournalInput Input(ulong height, int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return new JournalInput(height, bytes);
    }

    private static Address AddressOf(ulong value)
    {
        var bytes = new byte[Address.Size];
        BitConverter.TryWriteBytes(bytes, value + 1);
        return new Address(bytes);
    }
}

internal static class Contents
{
    /// <summary>All of a journal's contents in one comparable string.</summary>
    public static string Digest(this JournalContents contents) => string.Join(
        '\n',
        [
            $"{contents.Final.Block.Hash} {contents.Final.Certificate?.Hash}",
            contents.Ledger.Root.ToString(),
            .. contents.Inputs.Select(input => $"{input.Height} {Sha256.Hash(input.Bytes.Span)}"),
            .. contents.Pool.Select(entry => $"{entry.Arrival} {entry.Transaction.Id}"),
        ]);
}
