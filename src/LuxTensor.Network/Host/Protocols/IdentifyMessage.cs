using System.Text;

namespace LuxTensor.Network;

/// <summary>What a peer says of itself (libp2p specs, identify). Lists and texts are cut at a bound, addresses of unknown kinds left out.</summary>
/// <param name="Key">Its encoded identity key; empty where it does not say.</param>
/// <param name="Listen">Where it listens.</param>
/// <param name="Protocols">What it speaks.</param>
/// <param name="Observed">Where it sees the one who asks; null where it does not say.</param>
/// <param name="ProtocolVersion">Its family of protocols.</param>
/// <param name="Agent">Its software.</param>
internal sealed record IdentifyMessage(
    byte[] Key, IReadOnlyList<Multiaddr> Listen, IReadOnlyList<string> Protocols, Multiaddr? Observed, string ProtocolVersion, string Agent)
{
    internal const string Protocol = "/ipfs/id/1.0.0";
    internal const string PushProtocol = "/ipfs/id/push/1.0.0";

    /// <summary>The most bytes of a message, with its signed record, which is not read.</summary>
    internal const int MaxSize = 64 * 1024;

    private const int MaxAddresses = 64;
    private const int MaxProtocols = 512;
    private const int MaxText = 256;

    internal byte[] Encode()
    {
        var message = new MessageBuilder().Bytes(1, Key);
        foreach (var address in Listen)
        {
            message.Bytes(2, address.ToBytes());
        }

        foreach (var protocol in Protocols)
        {
            message.Text(3, protocol);
        }

        if (Observed is not null)
        {
            message.Bytes(4, Observed.ToBytes());
        }

        return message.Text(5, ProtocolVersion).Text(6, Agent).ToArray();
    }

    /// <exception cref="WireException">Not protocol buffers.</exception>
    internal static IdentifyMessage Decode(ReadOnlySpan<byte> bytes)
    {
        var message = new IdentifyMessage([], [], [], null, "", "");
        var (listen, protocols) = (new List<Multiaddr>(), new List<string>());
        var reader = new ProtoReader(bytes);
        while (reader.Next())
        {
            if (reader.Wire != Proto.WireBytes)
            {
                continue;
            }

            switch (reader.Field)
            {
                case 1 when reader.Bytes.Length <= IdentityKey.MaxSize:
                    message = message with { Key = reader.Bytes.ToArray() };
                    break;
                case 2 when listen.Count < MaxAddresses && TryDecode(reader.Bytes) is { } address:
                    listen.Add(address);
                    break;
                case 3 when protocols.Count < MaxProtocols && reader.Bytes.Length <= MaxText:
                    protocols.Add(Text(reader.Bytes));
                    break;
                case 4:
                    message = message with { Observed = TryDecode(reader.Bytes) };
                    break;
                case 5:
                    message = message with { ProtocolVersion = Text(reader.Bytes) };
                    break;
                case 6:
                    message = message with { Agent = Text(reader.Bytes) };
                    break;
                default:
                    break; // the signed record, and fields of later versions
            }
        }

        return reader.IsBroken
            ? throw new WireException("an identify message that is not protocol buffers")
            : message with { Listen = listen, Protocols = protocols };
    }

    // Shown to operators, so control characters are replaced.
    private static string Text(ReadOnlySpan<byte> bytes) => string.Create(
        Encoding.UTF8.GetCharCount(bytes[..int.Min(bytes.Length, MaxText)]), bytes[..int.Min(bytes.Length, MaxText)], static (text, source) =>
        {
            Encoding.UTF8.GetChars(source, text);
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = char.IsControl(text[i]) ? '?' : text[i];
            }
        });

    private static Multiaddr? TryDecode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Multiaddr.Decode(bytes);
        }
        catch (WireException)
        {
            return null; // QUIC, relays, later kinds: not for this node
        }
    }
}
