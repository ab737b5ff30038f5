using System.Security.Cryptography;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>
/// Peer ids as bytes and as text (libp2p specs, peer-ids): a multihash of the encoded public key, of it itself where it has at most 42
/// bytes, of its SHA-256 where it is longer.
/// </summary>
internal static class PeerIds
{
    private const int MaxInlineKey = 42;
    private const byte Identity = 0x00;
    private const byte Sha256Code = 0x12;

    internal static PeerId OfKey(ReadOnlySpan<byte> encodedKey) => new(Base58.Encode(MultihashOf(encodedKey)));

    internal static byte[] MultihashOf(ReadOnlySpan<byte> encodedKey) => encodedKey.Length <= MaxInlineKey
        ? [Identity, (byte)encodedKey.Length, .. encodedKey]
        : [Sha256Code, SHA256.HashSizeInBytes, .. SHA256.HashData(encodedKey)];

    /// <summary>The id of a multihash, or null where it is none of a key.</summary>
    internal static PeerId? OfMultihash(ReadOnlySpan<byte> multihash) =>
        IsMultihash(multihash) ? new PeerId(Base58.Encode(multihash)) : null;

    /// <summary>Reads both spellings: base58btc, and a version 1 CID in base32 (the text is then put into base58).</summary>
    internal static PeerId? Parse(ReadOnlySpan<char> text)
    {
        if (text.Length > 1 && text[0] == 'b')
        {
            return Base32(text[1..]) is [0x01, 0x72, .. var hash] ? OfMultihash(hash) : null;
        }

        return Base58.Decode(text) is { } bytes && IsMultihash(bytes) ? new PeerId(text.ToString()) : null;
    }

    /// <summary>The multihash of an id that came from here.</summary>
    /// <exception cref="FormatException">The name is no peer id.</exception>
    internal static byte[] Multihash(PeerId id) => Base58.Decode(id.Name) is { } bytes && IsMultihash(bytes)
        ? bytes
        : throw new FormatException($"\"{id.Name}\" is not a libp2p peer id");

    private static bool IsMultihash(ReadOnlySpan<byte> bytes) => bytes.Length >= 2 && bytes[1] == bytes.Length - 2 && bytes[0] switch
    {
        Identity => bytes[1] is > 0 and <= MaxInlineKey,
        Sha256Code => bytes[1] == SHA256.HashSizeInBytes,
        _ => false,
    };

    private static byte[]? Base32(ReadOnlySpan<char> text)
    {
        const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
        if (text.Length > Base58.MaxLength)
        {
            return null;
        }

        var bytes = new List<byte>(text.Length * 5 / 8);
        var (bits, held) = (0, 0);
        foreach (var character in text)
        {
            var digit = Alphabet.IndexOf(character, StringComparison.Ordinal);
            if (digit < 0)
            {
                return null;
            }

            bits = ((bits << 5) | digit) & 0xfff;
            held += 5;
            if (held >= 8)
            {
                held -= 8;
                bytes.Add((byte)(bits >> held));
            }
        }

        return [.. bytes];
    }
}
