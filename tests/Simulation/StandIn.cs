using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using LuxTensor.Core;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Simulation;

/// <summary>How validators and accounts of a run sign.</summary>
internal enum Signatures
{
    /// <summary>With a hash of key and message, which nobody here forges: half of a run's time would go into curve arithmetic.</summary>
    StandIn,

    /// <summary>With Ed25519, as on a real chain.</summary>
    Real,
}

/// <summary>
/// Keys that every run shares; made once, because expanding a seed costs more than a signature. Stand-in keys say what
/// they are in their first bytes, so that both kinds live side by side in one process.
/// </summary>
internal sealed class Keys
{
    private static readonly Dictionary<Signatures, Keys> made = [];
    private static readonly Lock gate = new();

    private readonly ImmutableArray<Address> addresses;

    private Keys(Signatures kind)
    {
        Validators = Make(kind, 1, 24);
        Accounts = Make(kind, 2, 4);
        addresses = [.. Validators.Select(key => Address.Of(key.PublicKey))];
    }

    public ImmutableArray<SigningKey> Validators { get; }

    public ImmutableArray<SigningKey> Accounts { get; }

    public static Keys Of(Signatures kind)
    {
        lock (gate)
        {
            if (!made.TryGetValue(kind, out var keys))
            {
                made.Add(kind, keys = new Keys(kind));
            }

            return keys;
        }
    }

    public Address AddressOf(int validator) => addresses[validator];

    private static ImmutableArray<SigningKey> Make(Signatures kind, byte purpose, int count) =>
    [
        .. Enumerable.Range(0, count).Select(index => Sha256.Hash([purpose, (byte)index]).ToArray()).Select(seed =>
            kind == Signatures.Real ? SigningKey.FromSeed(seed) : SigningKey.FromSeed(StandInProvider.Instance, seed)),
    ];
}

/// <summary>Signs and verifies for stand-in keys, and leaves all others to the real provider.</summary>
internal sealed class StandInProvider : Ed25519Provider
{
    private readonly Ed25519Provider real;

    private StandInProvider(Ed25519Provider real) => this.real = real;

    public static StandInProvider Instance { get; } = new(Current);

    internal override string Name => real.Name;

    private static ReadOnlySpan<byte> Mark => "stand-in"u8;

    internal override bool IsAdmissible(PublicKey key) => IsStandIn(key) || real.IsAdmissible(key);

    internal override bool Verify(PublicKey key, ReadOnlySpan<byte> message, Signature signature)
    {
        Span<byte> bytes = stackalloc byte[PublicKey.Size];
        key.CopyTo(bytes);
        return bytes.StartsWith(Mark) ? signature == Make(bytes, message) : real.Verify(key, message, signature);
    }

    internal override bool IsInPrimeOrderSubgroup(ReadOnlySpan<byte> key) => real.IsInPrimeOrderSubgroup(key);

    internal override bool EquationHolds(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        real.EquationHolds(key, message, signature);

    internal override void Expand(ReadOnlySpan<byte> seed, Span<byte> secret)
    {
        seed.CopyTo(secret);
        Sha256.Hash(seed).CopyTo(secret[SeedSize..]);
        Mark.CopyTo(secret[SeedSize..]);
    }

    internal override void Sign(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> message, Span<byte> signature) =>
        Make(secret[SeedSize..], message).CopyTo(signature);

    [ModuleInitializer]
    internal static void Install() => Simulate(Instance);

    private static bool IsStandIn(PublicKey key)
    {
        Span<byte> bytes = stackalloc byte[PublicKey.Size];
        key.CopyTo(bytes);
        return bytes.StartsWith(Mark);
    }

    private static Signature Make(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message)
    {
        Span<byte> input = stackalloc byte[PublicKey.Size + Hash256.Size];
        Span<byte> signature = stackalloc byte[Signature.Size];
        key.CopyTo(input);
        Sha256.Hash(message).CopyTo(input[PublicKey.Size..]);
        Sha256.Hash(input).CopyTo(signature);
        signature[..Hash256.Size].CopyTo(signature[Hash256.Size..]);
        return new Signature(signature);
    }
}
