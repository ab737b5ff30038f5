using System.Text;
using LuxTensor.Core.Consensus;
using LuxTensor.Engine;

namespace LuxTensor.Grains;

/// <summary>A frame on its way to a gateway: its topic, the peer it is for (none for all), and its bytes.</summary>
internal static class OutgoingFrame
{
    public static byte[] Encode(Topic topic, PeerId? peer, ReadOnlySpan<byte> frame)
    {
        var name = peer is { } known ? Encoding.UTF8.GetBytes(known.Name) : [];
        var bytes = new byte[2 + name.Length + frame.Length];
        bytes[0] = (byte)topic;
        bytes[1] = checked((byte)name.Length);
        name.CopyTo(bytes, 2);
        frame.CopyTo(bytes.AsSpan(2 + name.Length));
        return bytes;
    }

    /// <summary>The votes among packed frames.</summary>
    public static IEnumerable<Core.Voting.Vote> VotesIn(ReadOnlyMemory<byte> frames, Core.ChainRules rules)
    {
        foreach (var frame in Pack.Read(frames))
        {
            if ((Topic)frame.Span[0] == Topic.Votes && MessageCodec.TryDecode(frame.Span[(2 + frame.Span[1])..], rules, out var message, out _)
                && message is Message.CastVote { Vote: var vote })
            {
                yield return vote;
            }
        }
    }

    public static void Carry(ReadOnlyMemory<byte> bytes, ITransport transport)
    {
        var (topic, name) = ((Topic)bytes.Span[0], bytes.Span[1]);
        var frame = bytes[(2 + name)..];
        if (topic == Topic.Direct)
        {
            transport.Send(new PeerId(Encoding.UTF8.GetString(bytes.Span.Slice(2, name))), frame);
        }
        else
        {
            transport.Broadcast(topic, frame);
        }
    }
}
