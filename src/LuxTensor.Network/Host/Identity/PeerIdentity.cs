using LuxTensor.Core.Consensus;
using LuxTensor.Crypto;

namespace LuxTensor.Network;

/// <summary>This node's libp2p key pair (Ed25519) and the peer id that follows from it. Not a validator's key: losing it loses a name only.</summary>
public sealed class PeerIdentity : IDisposable
{
    private readonly SigningKey key;

    private PeerIdentity(SigningKey key)
    {
        this.key = key;
        EncodedKey = IdentityKey.Encode(key.PublicKey);
        Id = PeerIds.OfKey(EncodedKey);
    }

    /// <summary>The id, in base58.</summary>
    public PeerId Id { get; }

    /// <summary>The public half.</summary>
    public PublicKey PublicKey => key.PublicKey;

    /// <summary>The public half in the form that peers exchange.</summary>
    internal byte[] EncodedKey { get; }

    /// <summary>A new identity that is kept nowhere.</summary>
    public static PeerIdentity Generate() => new(SigningKey.Generate());

    /// <summary>The identity of a key, which it then owns.</summary>
    public static PeerIdentity Of(SigningKey key) => new(key);

    /// <summary>The identity of a 32-byte Ed25519 seed.</summary>
    public static PeerIdentity FromSeed(ReadOnlySpan<byte> seed32) => new(SigningKey.FromSeed(seed32));

    /// <summary>
    /// The identity in a file, which is created at the first start, mode 0600: an encrypted keystore where there is a password, and the seed
    /// in hexadecimal where there is none. A keystore asks for its password; a seed file ignores one.
    /// </summary>
    /// <exception cref="KeystoreException">The file cannot be used; the message says what to do.</exception>
    public static PeerIdentity OpenOrCreate(string path, string? password)
    {
        try
        {
            return new(Open(path, KeystoreFile.Read(path), password));
        }
        catch (KeystoreException e) when (e.Fault is KeystoreFault.Missing)
        {
            var created = SigningKey.Generate();
            try
            {
                KeystoreFile.Write(path, password is null ? SeedText(created) : Keystore.Encrypt(created, password, Description));
                return new(created);
            }
            catch
            {
                created.Dispose();
                throw;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => key.Dispose();

    /// <summary>The id; the secret is never text.</summary>
    public override string ToString() => Id.Name;

    internal byte[] Sign(ReadOnlySpan<byte> message) => key.Sign(message).ToArray();

    private static KeystoreOptions Description => new() { Description = "libp2p identity of a LuxTensor node; not a validator's key" };

    private static string SeedText(SigningKey key)
    {
        Span<byte> seed = stackalloc byte[PublicKey.Size];
        key.ExportSeed(seed);
        try
        {
            return Convert.ToHexStringLower(seed) + "\n";
        }
        finally
        {
            seed.Clear();
        }
    }

    private static SigningKey Open(string path, string text, string? password)
    {
        if (text.AsSpan().TrimStart().StartsWith("{"))
        {
            return password is null
                ? throw new KeystoreException(KeystoreFault.WrongPassword, $"the identity {path} is an encrypted keystore: configure its password")
                : Keystore.Decrypt(text, password);
        }

        var digits = text.Trim();
        if (digits.Length == 2 * PublicKey.Size && digits.All(char.IsAsciiHexDigit))
        {
            return SigningKey.FromSeed(Convert.FromHexString(digits));
        }

        throw new KeystoreException(
            KeystoreFault.Malformed,
            $"the identity {path} is neither a keystore nor 64 hexadecimal digits: restore it, or move it away to get a new peer id");
    }
}
