namespace LuxTensor.Crypto.Lanes;

/// <summary>Questions with known answers for an engine, before it is used: every lane gets good and bad signatures of several keys.</summary>
internal static class EngineSelfTest
{
    private const int Keys = 5;
    private const int Signatures = 61; // no multiple of a lane count, so that the last group is incomplete

    /// <summary>What went wrong; null where nothing did.</summary>
    internal static string? Failure(EquationEngine engine)
    {
        try
        {
            if (engine.Objection is { } objection)
            {
                return objection;
            }

            var (claims, expected) = Questions();
            var holds = new bool[claims.Length];
            engine.Check(claims, holds);
            for (var i = 0; i < claims.Length; i++)
            {
                if (holds[i] != expected[i])
                {
                    return $"signature {i} of {claims.Length} is {(expected[i] ? "good" : "bad")}, and it says otherwise";
                }
            }

            return null;
        }
        catch (Exception failure)
        {
            return failure.Message;
        }
    }

    private static (Claim[] Claims, bool[] Expected) Questions()
    {
        var claims = new List<Claim>();
        var expected = new List<bool>();
        foreach (var (key, message, signature) in Ed25519SelfTest.Accepted)
        {
            claims.Add(new Claim(CombTable.OfKey(key)!, new SignedMessage(key, message, signature)));
            expected.Add(true);
        }

        var signers = Enumerable.Range(0, Keys).Select(i => SigningKey.FromSeed([.. Enumerable.Repeat((byte)(i + 1), 32)])).ToArray();
        var tables = signers.Select(signer => CombTable.OfKey(signer.PublicKey)!).ToArray();
        for (var i = 0; i < Signatures; i++)
        {
            var message = new byte[i * 3];
            message.AsSpan().Fill((byte)i);
            var bytes = signers[i % Keys].Sign(message).ToArray();
            var isGood = i % 4 != 2;
            bytes[i * 7 % Signature.Size] ^= (byte)(isGood ? 0 : 1 << (i % 5)); // S stays below 2^253; what is above L fails the equation as well
            var table = i % 13 == 12 ? tables[(i + 1) % Keys] : tables[i % Keys];
            claims.Add(new Claim(table, new SignedMessage(signers[i % Keys].PublicKey, message, new Signature(bytes))));
            expected.Add(isGood && i % 13 != 12);
        }

        Array.ForEach(signers, signer => signer.Dispose());
        return ([.. claims], [.. expected]);
    }
}
