using System.Numerics;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

/// <summary>Every provider that is installed, in one process, whatever the environment chose for the public API.</summary>
internal static class Providers
{
    internal const string Sodium = "libsodium";
    internal const string Libcrypto = "libcrypto";

    private static readonly Ed25519Provider?[] Candidates = [SodiumProvider.TryCreate(), LibcryptoProvider.TryCreate()];

    private static readonly Ed25519Provider[] Installed = [.. Candidates.OfType<Ed25519Provider>()];

    private static readonly Ed25519Provider Definition = new DefinitionProvider();

    /// <summary>The provider of that name; skips the test where it is not installed.</summary>
    internal static Ed25519Provider Get(string name)
    {
        var provider = Array.Find(Installed, p => p.Name.StartsWith(name, StringComparison.Ordinal));
        Skip.If(provider is null, name + " is not installed");
        return provider!;
    }

    /// <summary>The providers' common answer; fails where they differ.</summary>
    internal static bool Verify(PublicKey key, byte[] message, Signature signature) => Common(Installed, p => p.Verify(key, message, signature));

    /// <summary>The common answer of the providers and of the bare equation, which leaves every other part of the rule to the rule.</summary>
    internal static bool VerifyAsDefined(PublicKey key, byte[] message, Signature signature) =>
        Common([.. Installed, Definition], p => p.Verify(key, message, signature));

    /// <summary>The providers' common answer; fails where they differ.</summary>
    internal static bool IsAdmissible(PublicKey key) => Common([.. Installed, Definition], p => p.IsAdmissible(key));

    private static bool Common(Ed25519Provider[] providers, Func<Ed25519Provider, bool> ask)
    {
        var answers = providers.Select(p => (p.Name, Answer: ask(p))).ToArray();
        Assert.True(answers.All(a => a.Answer == answers[0].Answer), "providers differ: " + string.Join(", ", answers));
        return answers[0].Answer;
    }

    /// <summary>encode(S·B − k·A) = R, and nothing else: no bound on S, no look at the order of a point, y modulo the prime.</summary>
    private sealed class DefinitionProvider : Ed25519Provider
    {
        internal override string Name => "the definition";

        internal override bool IsInPrimeOrderSubgroup(ReadOnlySpan<byte> key) =>
            EdwardsPoint.Decode(key) is { } point && point.Multiply(Curve.L).IsIdentity;

        internal override bool EquationHolds(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
        {
            if (EdwardsPoint.Decode(key) is not { } a)
            {
                return false;
            }

            var r = signature[..32].ToArray();
            var s = new BigInteger(signature[32..], isUnsigned: true);
            var k = Curve.Challenge(r, key.ToArray(), message.ToArray());
            return Curve.Encode(EdwardsPoint.Add(Curve.B.Multiply(s), Curve.Negate(a.Multiply(k)))).AsSpan().SequenceEqual(r);
        }

        internal override void Expand(ReadOnlySpan<byte> seed, Span<byte> secret) => throw new NotSupportedException();

        internal override void Sign(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> message, Span<byte> signature) => throw new NotSupportedException();
    }
}
