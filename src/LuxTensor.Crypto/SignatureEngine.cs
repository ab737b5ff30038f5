using System.Buffers;
using System.Diagnostics.Metrics;
using LuxTensor.Crypto.Lanes;

namespace LuxTensor.Crypto;

/// <summary>
/// Verifies many signatures of keys that come again. Each verdict is the one of <see cref="Ed25519.Verify"/> on the same input, whatever
/// computes it: only the time depends on the processor, on which keys have tables, and on how many signatures come together.
/// Safe for use by several threads.
/// </summary>
/// <remarks>
/// A key's table (33 kB) is built in the background when the key was seen three times, or by <see cref="Prepare"/>. Until then, and for messages above 1 kB,
/// the native library verifies. The environment variable LUXTENSOR_SIGNATURES chooses the engine: "auto" (the best that the processor
/// has), "avx512", "avx2", "scalar" or "off".
/// </remarks>
public sealed class SignatureEngine
{
    /// <summary>Bytes of tables that are kept by default: some 2,000 keys.</summary>
    public const long DefaultTableBytes = 64 << 20;

    private const string Variable = "LUXTENSOR_SIGNATURES";
    private const int DefaultShadowInterval = 256;
    private const int MaxShadow = 32; // of one call, so that no certificate waits long for its sample

    private static readonly Meter Meter = new("LuxTensor.Crypto");
    private static readonly Counter<long> Checks = Meter.CreateCounter<long>(
        "luxtensor_signature_shadow_checks", description: "signatures that the native library verified again, as a sample");

    private static readonly Counter<long> Mismatches = Meter.CreateCounter<long>(
        "luxtensor_signature_shadow_mismatches", description: "signatures that the engine and the native library judged differently");

    private static readonly Lazy<SignatureEngine> Chosen = new(() => Choose(Environment.GetEnvironmentVariable(Variable)));

    private readonly KeyTables tables;
    private readonly int shadowInterval;
    private volatile Choice current;
    private long calls, signatures, singles, checks, mismatches;

    internal SignatureEngine(EquationEngine? engine, string why, long tableBytes = DefaultTableBytes, int shadowInterval = DefaultShadowInterval)
    {
        tables = new KeyTables(tableBytes);
        this.shadowInterval = shadowInterval;
        current = new Choice(engine, why);
    }

    /// <summary>The engine of this process, after its self-test.</summary>
    public static SignatureEngine Shared => Chosen.Value;

    /// <summary>What computes, why, and how much it has done.</summary>
    public SignatureEngineStatus Status
    {
        get
        {
            var ((engine, why), count) = (current, tables.Count);
            return new SignatureEngineStatus(engine?.Kind ?? SignatureEngineKind.Off, why, Interlocked.Read(ref signatures), Interlocked.Read(ref singles),
                Interlocked.Read(ref checks), Interlocked.Read(ref mismatches), count, (long)count * CombTable.BytesOf(CombShape.OfKey));
        }
    }

    /// <summary>Builds tables for keys that will sign, such as a new epoch's; some 0.3 ms a key, so not where votes wait. Inadmissible keys get none.</summary>
    public void Prepare(IEnumerable<PublicKey> keys)
    {
        if (current.Engine is not null && !Ed25519Provider.IsSimulated)
        {
            tables.Prepare(keys);
        }
    }

    /// <summary>Writes for every signature whether it is the key's on the message.</summary>
    /// <exception cref="ArgumentException">There is not one place for each verdict.</exception>
    public void Verify(ReadOnlySpan<SignedMessage> signed, Span<bool> verdicts)
    {
        if (verdicts.Length != signed.Length)
        {
            throw new ArgumentException($"{signed.Length} signatures need as many verdicts, not {verdicts.Length}", nameof(verdicts));
        }

        Interlocked.Add(ref signatures, signed.Length);
        if (current.Engine is not { Objection: null } engine || Ed25519Provider.IsSimulated)
        {
            Interlocked.Add(ref singles, signed.Length);
            VerifySingly(signed, verdicts);
            return;
        }

        VerifyBy(engine, signed, verdicts);
        if (shadowInterval > 0 && signed.Length > 0 && Interlocked.Increment(ref calls) is var call && call % shadowInterval == 0)
        {
            var from = (int)(call / shadowInterval * MaxShadow % signed.Length); // another part each time
            var count = int.Min(MaxShadow, signed.Length - from);
            Shadow(signed.Slice(from, count), verdicts.Slice(from, count));
        }
    }

    /// <summary>The engine that a setting asks for, if it passes its self-test, and otherwise none.</summary>
    /// <exception cref="PlatformNotSupportedException">The setting names no engine, or one that the processor cannot run.</exception>
    internal static SignatureEngine Choose(string? setting)
    {
        SignatureEngineKind? asked = setting switch
        {
            null or "" or "auto" => null,
            "off" => SignatureEngineKind.Off,
            "scalar" => SignatureEngineKind.Scalar,
            "avx2" => SignatureEngineKind.Avx2,
            "avx512" => SignatureEngineKind.Avx512,
            _ => throw new PlatformNotSupportedException(
                $"{Variable} is \"{setting}\"; it may be \"auto\", \"avx512\", \"avx2\", \"scalar\", \"off\" or unset"),
        };
        if (asked == SignatureEngineKind.Off)
        {
            return new SignatureEngine(null, $"{Variable} turns it off");
        }

        SignatureEngineKind[] kinds = asked is { } one ? [one] : [SignatureEngineKind.Avx512, SignatureEngineKind.Avx2, SignatureEngineKind.Scalar];
        var engine = kinds.Select(EquationEngine.Of).First(candidate => candidate!.IsHardware || asked is not null)!;
        if (!engine.IsHardware)
        {
            throw new PlatformNotSupportedException($"{Variable}={setting}, but this processor does not have {engine.Kind}: leave {Variable} unset");
        }

        return Tested(engine, asked is null ? "the best that this processor has" : $"{Variable} asks for it");
    }

    /// <summary>An engine that gives the right answers, or none and the reason.</summary>
    internal static SignatureEngine Tested(EquationEngine engine, string why) => EngineSelfTest.Failure(engine) is { } failure
        ? new SignatureEngine(null, $"{engine.Kind} failed its self-test: {failure}; {Ed25519.Provider} verifies instead")
        : new SignatureEngine(engine, why);

    private void VerifyBy(EquationEngine engine, ReadOnlySpan<SignedMessage> signed, Span<bool> verdicts)
    {
        var found = ArrayPool<CombTable?>.Shared.Rent(signed.Length);
        var claims = ArrayPool<Claim>.Shared.Rent(signed.Length);
        var places = ArrayPool<int>.Shared.Rent(signed.Length);
        var holds = ArrayPool<bool>.Shared.Rent(signed.Length);
        try
        {
            tables.Find(signed, found);
            var count = 0;
            for (var i = 0; i < signed.Length; i++)
            {
                if (found[i] is not { } table || signed[i].Message.Length > EquationEngine.LongestMessage)
                {
                    verdicts[i] = VerifySingly(signed[i]);
                    Interlocked.Increment(ref singles);
                }
                else if (!IsWellFormed(signed[i].Signature))
                {
                    verdicts[i] = false;
                }
                else
                {
                    (claims[count], places[count]) = (new Claim(table, signed[i]), i);
                    count++;
                }
            }

            engine.Check(claims.AsSpan(0, count), holds.AsSpan(0, count));
            for (var i = 0; i < count; i++)
            {
                verdicts[places[i]] = holds[i];
            }
        }
        finally
        {
            ArrayPool<bool>.Shared.Return(holds);
            ArrayPool<int>.Shared.Return(places);
            ArrayPool<Claim>.Shared.Return(claims, clearArray: true);
            ArrayPool<CombTable?>.Shared.Return(found, clearArray: true);
        }
    }

    /// <summary>Verifies again by the native library, whose verdict counts; a difference turns the engine off for good.</summary>
    private void Shadow(ReadOnlySpan<SignedMessage> signed, Span<bool> verdicts)
    {
        var different = 0;
        for (var i = 0; i < signed.Length; i++)
        {
            var verdict = VerifySingly(signed[i]);
            different += verdict == verdicts[i] ? 0 : 1;
            verdicts[i] = verdict;
        }

        Interlocked.Add(ref checks, signed.Length);
        Checks.Add(signed.Length);
        if (different > 0)
        {
            Interlocked.Add(ref mismatches, different);
            Mismatches.Add(different);
            current = new Choice(null, $"{current.Engine?.Kind} judged {different} of {signed.Length} signatures differently from {Ed25519.Provider}, which verifies since");
        }
    }

    private static bool IsWellFormed(Signature signature)
    {
        Span<byte> bytes = stackalloc byte[Signature.Size];
        signature.CopyTo(bytes);
        return Ed25519Rule.IsSignatureWellFormed(bytes);
    }

    private static void VerifySingly(ReadOnlySpan<SignedMessage> signed, Span<bool> verdicts)
    {
        for (var i = 0; i < signed.Length; i++)
        {
            verdicts[i] = VerifySingly(signed[i]);
        }
    }

    private static bool VerifySingly(in SignedMessage signed) => Ed25519.Verify(signed.Key, signed.Message.Span, signed.Signature);

    private sealed record Choice(EquationEngine? Engine, string Why);
}
