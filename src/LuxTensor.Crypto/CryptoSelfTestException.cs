namespace LuxTensor.Crypto;

/// <summary>The installed cryptographic library gave a wrong answer to a known question; the node must not start.</summary>
public sealed class CryptoSelfTestException : Exception
{
    /// <summary>A failure of one check of one provider.</summary>
    public CryptoSelfTestException(string provider, string check)
        : base(
            $"{provider} failed the self-test \"{check}\": do not use this library; "
            + "install another version, or set LUXTENSOR_CRYPTO to the other one")
    {
        Provider = provider;
        Check = check;
    }

    /// <summary>The library and its version.</summary>
    public string Provider { get; }

    /// <summary>The check that failed.</summary>
    public string Check { get; }
}
