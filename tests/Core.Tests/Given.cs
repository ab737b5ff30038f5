using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Slashing;
using LuxTensor.Core.State;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core;

/// <summary>Small chains and their parts, the same in every run.</summary>
internal static class Given
{
    public const ulong ChainId = 7;

    public static readonly ChainRules Rules = new() { ChainId = ChainId, MinimumFee = 1, MinimumStake = 1, Subsidy = 0 };

    private static readonly SigningKey[] Keys = [.. Enumerable.Range(0, 70).Select(MakeKey)];

    public static SigningKey Key(int number) => Keys[number];

    public static Address AddressOf(int number) => Address.Of(Keys[number].PublicKey);

    public static Ledger Ledger(params (int Key, UInt128 Balance)[] balances) =>
        LuxTensor.Core.State.Ledger.Empty.Apply(
            [.. balances.Select(static it => LuxTensor.Core.State.Ledger.Put(AddressOf(it.Key), new Account(0, it.Balance)))]);

    public static Transaction Transfer(int from, int to, UInt128 value, ulong nonce = 0, UInt128? fee = null, ulong chainId = ChainId) =>
        Transaction.Sign(chainId, Keys[from], nonce, fee ?? 1, new TransactionBody.Transfer(AddressOf(to), value));

    public static Transaction Data(int from, int bytes, ulong nonce = 0, UInt128? fee = null) =>
        Transaction.Sign(ChainId, Keys[from], nonce, fee ?? 1, new TransactionBody.Data([.. new byte[bytes]]));

    /// <summary>Some transaction of a sender.</summary>
    public static Transaction FromSender(Address sender) => Data(Enumerable.Range(0, Keys.Length).First(i => AddressOf(i) == sender), 0);

    public static Verified<Transaction> Verified(Transaction transaction) => new(transaction);

    /// <summary>Two votes that a validator signed, for the ballot's block and for another.</summary>
    public static DoubleVote DoubleVote(int validator, Ballot ballot, Hash256 other) => LuxTensor.Core.Slashing.DoubleVote.Of(
        new LuxTensor.Core.Finality.Evidence(Sign(validator, ballot), Sign(validator, ballot with { BlockHash = other })), Keys[validator].PublicKey)!;

    public static Vote Sign(int validator, Ballot ballot)
    {
        Span<byte> message = stackalloc byte[Ballot.MessageSize];
        ballot.WriteMessage(message);
        return new Vote(ballot, AddressOf(validator), Keys[validator].Sign(message));
    }

    public static Signature SignatureOf(Random random) => new(Bytes(random, Signature.Size));

    public static Hash256 HashOf(Random random) => new(Bytes(random, Hash256.Size));

    public static Vote Vote(Random random)
    {
        var phase = (Phase)random.Next(3);
        return new Vote(BallotOf(random, phase, phase != Phase.Propose && random.Next(4) == 0), AddressOf(random.Next(Keys.Length)), SignatureOf(random));
    }

    public static Certificate Certificate(Random random)
    {
        var signers = new byte[random.Next(1, 14)];
        random.NextBytes(signers);
        signers[^1] |= 1;
        var count = signers.Sum(static octet => byte.PopCount(octet));
        return new Certificate(
            BallotOf(random, random.Next(2) == 0 ? Phase.Prepare : Phase.Precommit, nil: false),
            [.. signers],
            [.. Enumerable.Range(0, count).Select(_ => SignatureOf(random))]);
    }

    public static Transaction AnyTransaction(Random random)
    {
        var chain = (ulong)random.NextInt64();
        TransactionBody body = random.Next(8) switch
        {
            0 => new TransactionBody.Transfer(AddressOf(random.Next(Keys.Length)), Amount(random)),
            1 => new TransactionBody.Stake(Amount(random)),
            2 => new TransactionBody.TopUp(Amount(random)),
            3 => new TransactionBody.Exit(),
            4 => new TransactionBody.Withdraw(),
            5 => new TransactionBody.Unjail(),
            6 => new TransactionBody.Report(DoubleVote(random.Next(Keys.Length), new Ballot(
                chain, (ulong)random.NextInt64(), (ulong)random.NextInt64(), (uint)random.Next(), (Phase)random.Next(3), HashOf(random)), HashOf(random))),
            _ => new TransactionBody.Data([.. Bytes(random, random.Next(40))]),
        };
        return Transaction.Sign(chain, Keys[random.Next(Keys.Length)], (ulong)random.NextInt64(), Amount(random), body);
    }

    public static Block Block(Random random)
    {
        ImmutableArray<Transaction> transactions = [.. Enumerable.Range(0, random.Next(4)).Select(_ => AnyTransaction(random))];
        var certificate = random.Next(2) == 0 ? Certificate(random) : null;
        var header = new BlockHeader
        {
            ChainId = (ulong)random.NextInt64(),
            Height = (ulong)random.NextInt64(),
            Round = (uint)random.Next(),
            Time = (ulong)random.NextInt64(),
            Parent = HashOf(random),
            Proposer = AddressOf(random.Next(Keys.Length)),
            TransactionsRoot = LuxTensor.Core.Blocks.Block.RootOf(transactions),
            StateRoot = HashOf(random),
            Epoch = (ulong)random.NextInt64(),
            ValidatorSetHash = HashOf(random),
            NextValidatorSetHash = HashOf(random),
            CertificateHash = certificate?.Hash ?? Hash256.Zero,
        };
        return new Block(header, certificate, transactions);
    }

    public static Message Message(Random random)
    {
        var block = Block(random);
        var ballot = BallotOf(random, Phase.Propose, nil: false) with { Height = block.Height, BlockHash = block.Hash };
        return random.Next(14) switch
        {
            0 => new Message.Propose(
                new Proposal(block, new Vote(ballot, AddressOf(1), SignatureOf(random)), random.Next(2) == 0 ? Certificate(random) : null)),
            1 => new Message.CastVote(Vote(random) is { Ballot.Phase: not Phase.Propose } vote ? vote : new Vote(ballot with { Phase = Phase.Prepare }, AddressOf(2), SignatureOf(random))),
            2 => new Message.Certify(Certificate(random)),
            3 => new Message.Submit(AnyTransaction(random)),
            4 => new Message.Status(HashOf(random), (ulong)random.NextInt64(), HashOf(random), (uint)random.Next()),
            5 => new Message.GetBlock(HashOf(random)),
            6 => new Message.BlockReply(block),
            7 => new Message.GetBlocks((ulong)random.NextInt64(), random.Next(1, 129)),
            8 => new Message.GetBlockHeaders((ulong)random.NextInt64(), random.Next(1, 129)),
            9 => new Message.BlockHeaders(
                [.. Enumerable.Range(0, random.Next(3)).Select(_ => new CertifiedHeader(Block(random).Header, Certificate(random)))],
                [.. Enumerable.Range(0, random.Next(3)).Select(_ => new EpochSnapshot((ulong)random.NextInt64(), [.. Keys.Take(random.Next(1, 4)).Select(key => new EpochValidator(LuxTensor.Core.Address.Of(key.PublicKey), key.PublicKey, (UInt128)random.Next(1, 9)))]))]),
            10 => new Message.Accuse(DoubleVote(random.Next(Keys.Length), BallotOf(random, Phase.Prepare, nil: false) with { ChainId = Rules.ChainId }, HashOf(random))),
            11 => new Message.Ping((ulong)random.NextInt64()),
            12 => new Message.Pong((ulong)random.NextInt64()),
            _ => new Message.Blocks([.. Enumerable.Range(0, random.Next(3)).Select(_ => Block(random))]),
        };
    }

    public static Genesis Genesis(int validators = 4, int accounts = 3, ChainRules? rules = null) =>
        LuxTensor.Core.Genesis.TryCreate(
            rules ?? Rules,
            1_700_000_000_000,
            [.. Enumerable.Range(0, validators).Select(static i => new GenesisValidator(Keys[i].PublicKey, 100))],
            [.. Enumerable.Range(10, accounts).Select(static i => new GenesisAccount(AddressOf(i), 1_000))],
            out var genesis,
            out var why)
            ? genesis
            : throw new InvalidOperationException(why.Message);

    public static UInt128 Amount(Random random) => new((ulong)random.NextInt64() >> random.Next(64), (ulong)random.NextInt64());

    public static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static Ballot BallotOf(Random random, Phase phase, bool nil) => new(
        (ulong)random.NextInt64(), (ulong)random.NextInt64(), (ulong)random.NextInt64(), (uint)random.Next(), phase, nil ? Hash256.Zero : HashOf(random));

    private static SigningKey MakeKey(int number)
    {
        var seed = new byte[32];
        seed[0] = (byte)number;
        seed[31] = 1;
        return SigningKey.FromSeed(seed);
    }
}
