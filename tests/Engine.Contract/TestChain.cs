using LuxTensor.Core;
using LuxTensor.Core.Transactions;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Engine;

/// <summary>A chain's genesis and the keys behind it, always the same.</summary>
internal sealed class TestChain
{
    public TestChain(int validators, ulong interval = 5, ulong runAhead = 64, ulong timeout = 500, ulong? epochLength = null)
    {
        Validators = [.. Enumerable.Range(1, validators).Select(Key)];
        Sender = Key(200);
        var rules = new ChainRules { ChainId = 1337, BlockInterval = interval, RoundTimeout = timeout, RoundTimeoutStep = timeout / 2, RunAhead = runAhead };
        rules = validators > rules.MaxActiveValidators ? rules with { MaxActiveValidators = validators } : rules;
        rules = epochLength is { } length ? rules with { EpochLength = length } : rules;
        var created = Genesis.TryCreate(
            rules,
            1_700_000_000_000,
            [.. Validators.Select(key => new GenesisValidator(key.PublicKey, 100 * ChainRules.Token))],
            [new GenesisAccount(Address.Of(Sender.PublicKey), 1_000_000 * ChainRules.Token)],
            out var genesis,
            out var why);
        Genesis = created ? genesis! : throw new InvalidOperationException(why!.ToString());
    }

    public IReadOnlyList<SigningKey> Validators { get; }

    public SigningKey Sender { get; }

    public Genesis Genesis { get; }

    public Transaction Transfer(ulong nonce, UInt128 value) => Transaction.Sign(
        Genesis.Rules.ChainId, Sender, nonce, 1_000, new TransactionBody.Transfer(Address.Of(Key(201).PublicKey), value));

    public static Address Recipient => Address.Of(Key(201).PublicKey);

    private static SigningKey Key(int number)
    {
        Span<byte> seed = stackalloc byte[32];
        seed.Clear();
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(seed, number);
        return SigningKey.FromSeed(seed);
    }
}
