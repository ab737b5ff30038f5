using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>
/// Where a peer can be reached, self-describing (multiformats/multiaddr): of the protocols ip4, ip6, tcp, dns, dns4, dns6, dnsaddr and p2p.
/// At most 8 parts and 512 bytes; other protocols are refused.
/// </summary>
public sealed class Multiaddr : IEquatable<Multiaddr>
{
    /// <summary>The most bytes of the binary form.</summary>
    public const int MaxSize = 512;

    private const int MaxParts = 8;
    private const int MaxText = 1024;
    private const int MaxName = 253; // of a DNS name

    private readonly ImmutableArray<Part> parts;

    private Multiaddr(ImmutableArray<Part> parts) => this.parts = parts;

    /// <summary>The peer at the end of it, where it says one.</summary>
    public PeerId? Peer => parts is [.., { Code: Protocol.P2p } last] ? new PeerId(last.Value) : null;

    /// <summary>The IP address at its start, where it has one.</summary>
    public IPAddress? Address => parts is [{ Code: Protocol.Ip4 or Protocol.Ip6 } first, ..] ? IPAddress.Parse(first.Value) : null;

    /// <summary>The DNS name at its start, where it has one.</summary>
    public string? HostName => parts is [{ Code: >= Protocol.Dns and <= Protocol.DnsAddr } first, ..] ? first.Value : null;

    /// <summary>The TCP port, where it has one.</summary>
    public int? Port => parts is [_, { Code: Protocol.Tcp } second, ..] ? int.Parse(second.Value, provider: null) : null;

    /// <summary>Whether it can be dialled: an IP address or name, then a port, then at most a peer.</summary>
    public bool IsDialable => (parts is [var first, { Code: Protocol.Tcp }, .. var rest] && first.Code is not (Protocol.Tcp or Protocol.P2p or Protocol.DnsAddr)
        && rest is [] or [{ Code: Protocol.P2p }]) || parts is [{ Code: Protocol.DnsAddr }] or [{ Code: Protocol.DnsAddr }, { Code: Protocol.P2p }];

    internal Protocol First => parts[0].Code;

    /// <summary>Reads its text, such as <c>/ip4/127.0.0.1/tcp/30303/p2p/12D3Koo…</c>.</summary>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public static Multiaddr Parse(string text) => TryParse(text, out var address, out var why) ? address : throw new FormatException(why);

    /// <summary>Reads its text; <paramref name="why"/> says what is wrong where it is none.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Multiaddr? address, [NotNullWhen(false)] out string? why)
    {
        address = null;
        if (text.Length is 0 or > MaxText || text[0] != '/')
        {
            why = $"a multiaddr starts with / and has at most {MaxText} characters, as in /ip4/192.0.2.1/tcp/30303";
            return false;
        }

        var words = text[1..].TrimEnd('/').Split('/');
        if (words.Length % 2 != 0 || words.Length > 2 * MaxParts)
        {
            why = $"\"{text}\" is not 1 to {MaxParts} pairs of a protocol and its value";
            return false;
        }

        var found = ImmutableArray.CreateBuilder<Part>(words.Length / 2);
        for (var i = 0; i < words.Length; i += 2)
        {
            if (Named(words[i]) is not { } code)
            {
                why = $"\"{words[i]}\" in \"{text}\" is not one of ip4, ip6, tcp, dns, dns4, dns6, dnsaddr, p2p";
                return false;
            }

            if (Canonical(code, words[i + 1]) is not { } value)
            {
                why = $"\"{words[i + 1]}\" in \"{text}\" is no value of {words[i]}";
                return false;
            }

            found.Add(new(code, value));
        }

        return Checked(new(found.DrainToImmutable()), out address, out why);
    }

    /// <summary>Reads the binary form.</summary>
    /// <exception cref="WireException">Malformed, too long, or with a protocol that is not known here.</exception>
    public static Multiaddr Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is 0 or > MaxSize)
        {
            throw new WireException($"a multiaddr of {bytes.Length} bytes; 1 to {MaxSize} are read");
        }

        var found = ImmutableArray.CreateBuilder<Part>(2);
        while (!bytes.IsEmpty)
        {
            if (found.Count == MaxParts)
            {
                throw new WireException($"a multiaddr of more than {MaxParts} parts");
            }

            var used = Varint.Read(bytes, out var number);
            if (used == 0 || number > int.MaxValue || FixedSize((Protocol)number) is not { } size)
            {
                throw new WireException($"a multiaddr with the unknown protocol {number}");
            }

            bytes = bytes[used..];
            if (size < 0)
            {
                used = Varint.Read(bytes, out var length);
                if (used == 0 || length > (ulong)(bytes.Length - used))
                {
                    throw new WireException("a multiaddr that ends inside a value");
                }

                bytes = bytes[used..];
                size = (int)length;
            }

            if (size > bytes.Length)
            {
                throw new WireException("a multiaddr that ends inside a value");
            }

            var value = Text((Protocol)number, bytes[..size]) ?? throw new WireException($"a multiaddr with a wrong value of {(Protocol)number}");
            found.Add(new((Protocol)number, value));
            bytes = bytes[size..];
        }

        return new(found.DrainToImmutable());
    }

    /// <summary>The address of a TCP endpoint.</summary>
    public static Multiaddr Of(IPEndPoint endpoint)
    {
        var address = endpoint.Address.IsIPv4MappedToIPv6 ? endpoint.Address.MapToIPv4() : endpoint.Address;
        var plain = new IPAddress(address.GetAddressBytes()); // without a scope, which is this machine's affair
        var code = plain.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? Protocol.Ip4 : Protocol.Ip6;
        return new([new(code, plain.ToString()), new(Protocol.Tcp, endpoint.Port.ToString(provider: null))]);
    }

    /// <summary>The same place with a peer at its end, in place of the one it has.</summary>
    public Multiaddr With(PeerId peer) => new(WithoutPeer().parts.Add(new(Protocol.P2p, Base58.Encode(PeerIds.Multihash(peer)))));

    /// <summary>The same place without the peer at its end.</summary>
    public Multiaddr WithoutPeer() => Peer is null ? this : new(parts.RemoveAt(parts.Length - 1));

    /// <summary>The binary form.</summary>
    public byte[] ToBytes()
    {
        var bytes = new List<byte>(64);
        Span<byte> number = stackalloc byte[Varint.MaxSize];
        foreach (var (code, text) in parts)
        {
            bytes.AddRange(number[..Varint.Write(number, (ulong)code)]);
            var value = Binary(code, text);
            if (FixedSize(code) < 0)
            {
                bytes.AddRange(number[..Varint.Write(number, (ulong)value.Length)]);
            }

            bytes.AddRange(value);
        }

        return [.. bytes];
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (code, value) in parts)
        {
            text.Append('/').Append(NameOf(code)).Append('/').Append(value);
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public bool Equals(Multiaddr? other) => other is not null && parts.SequenceEqual(other.parts);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Multiaddr);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(ToString(), StringComparison.Ordinal);

    private static bool Checked(Multiaddr candidate, [NotNullWhen(true)] out Multiaddr? address, [NotNullWhen(false)] out string? why)
    {
        if (candidate.ToBytes().Length > MaxSize)
        {
            address = null;
            why = $"\"{candidate}\" has more than {MaxSize} bytes";
            return false;
        }

        address = candidate;
        why = null;
        return true;
    }

    private static int? FixedSize(Protocol code) => code switch
    {
        Protocol.Ip4 => 4,
        Protocol.Ip6 => 16,
        Protocol.Tcp => 2,
        Protocol.Dns or Protocol.Dns4 or Protocol.Dns6 or Protocol.DnsAddr or Protocol.P2p => -1,
        _ => null,
    };

    private static string NameOf(Protocol code) => code switch
    {
        Protocol.Ip4 => "ip4",
        Protocol.Ip6 => "ip6",
        Protocol.Tcp => "tcp",
        Protocol.Dns => "dns",
        Protocol.Dns4 => "dns4",
        Protocol.Dns6 => "dns6",
        Protocol.DnsAddr => "dnsaddr",
        _ => "p2p",
    };

    private static Protocol? Named(string name) => name switch
    {
        "ip4" => Protocol.Ip4,
        "ip6" => Protocol.Ip6,
        "tcp" => Protocol.Tcp,
        "dns" => Protocol.Dns,
        "dns4" => Protocol.Dns4,
        "dns6" => Protocol.Dns6,
        "dnsaddr" => Protocol.DnsAddr,
        "p2p" or "ipfs" => Protocol.P2p,
        _ => null,
    };

    // The one spelling of a value, or null where it is none.
    private static string? Canonical(Protocol code, string text) => code switch
    {
        Protocol.Ip4 => IPAddress.TryParse(text, out var v4) && v4.ToString() == text && v4.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? text : null,
        Protocol.Ip6 => !text.Contains('%', StringComparison.Ordinal) && !text.Contains('[', StringComparison.Ordinal) && IPAddress.TryParse(text, out var v6)
            && v6.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? v6.ToString() : null,
        Protocol.Tcp => ushort.TryParse(text, System.Globalization.NumberStyles.None, null, out var port) ? port.ToString(provider: null) : null,
        Protocol.P2p => PeerIds.Parse(text)?.Name,
        _ => IsName(text) ? text : null,
    };

    private static bool IsName(string text) =>
        text.Length is > 0 and <= MaxName && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && Uri.CheckHostName(text) != UriHostNameType.Unknown;

    private static byte[] Binary(Protocol code, string text) => code switch
    {
        Protocol.Ip4 or Protocol.Ip6 => IPAddress.Parse(text).GetAddressBytes(),
        Protocol.Tcp => [(byte)(int.Parse(text, provider: null) >> 8), (byte)int.Parse(text, provider: null)],
        Protocol.P2p => Base58.Decode(text)!,
        _ => Encoding.ASCII.GetBytes(text),
    };

    private static string? Text(Protocol code, ReadOnlySpan<byte> value) => code switch
    {
        Protocol.Ip4 or Protocol.Ip6 => new IPAddress(value).ToString(),
        Protocol.Tcp => ((value[0] << 8) | value[1]).ToString(provider: null),
        Protocol.P2p => PeerIds.OfMultihash(value)?.Name,
        _ => Ascii.IsValid(value) && Canonical(code, Encoding.ASCII.GetString(value)) is { } name ? name : null,
    };

    internal enum Protocol
    {
        Ip4 = 4,
        Tcp = 6,
        Ip6 = 41,
        Dns = 53,
        Dns4 = 54,
        Dns6 = 55,
        DnsAddr = 56,
        P2p = 421,
    }

    private readonly record struct Part(Protocol Code, string Value);
}
