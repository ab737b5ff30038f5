using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace LuxTensor.Hosting.Cluster;

/// <summary>
/// Who may see metrics and dashboard: whoever sends the token, as a bearer (a scraper) or as the password of whatever user (a
/// browser, which asks for one).
/// </summary>
internal sealed class OperationsAccess
{
    /// <summary>What is asked for where nothing was sent.</summary>
    internal const string Challenge = "Basic realm=\"luxtensor operations\", charset=\"UTF-8\"";

    private const int LeastLength = 16;
    private const int MaxHeader = 4_096;

    private readonly byte[] digest;

    private OperationsAccess(ReadOnlySpan<char> token) => digest = DigestOf(token);

    /// <summary>Reads the token, the first line of a file.</summary>
    /// <exception cref="CommandFailure">The file is missing, open to others, empty, or its token could be guessed.</exception>
    internal static OperationsAccess FromFile(string path, bool groupMayRead)
    {
        using var token = Password.FromFile(path, groupMayRead);
        return token.Characters.Length >= LeastLength
            ? new OperationsAccess(token.Characters)
            : throw CommandFailure.Usage($"operations.tokenFile: the token in {path} has fewer than {LeastLength} characters: make one with "
                + "openssl rand -hex 32");
    }

    /// <summary>Whether an Authorization header has the token.</summary>
    internal bool Allows(string? authorization)
    {
        if (authorization is null || authorization.Length > MaxHeader || !AuthenticationHeaderValue.TryParse(authorization, out var header)
            || header.Parameter is not { Length: > 0 } parameter)
        {
            return false;
        }

        var sent = header.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase) ? parameter
            : header.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase) ? PasswordOf(parameter)
            : null;
        return sent is not null && CryptographicOperations.FixedTimeEquals(digest, DigestOf(sent));
    }

    private static string? PasswordOf(string encoded)
    {
        var bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, bytes, out var length))
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : text[(colon + 1)..];
    }

    // Digests have one length, so that comparing them tells nothing about the token's.
    private static byte[] DigestOf(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        var digest = SHA256.HashData(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return digest;
    }
}
