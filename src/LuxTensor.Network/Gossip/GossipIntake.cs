using System.Buffers;
using System.Threading.Tasks.Sources;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>
/// Reads the frames of one inbound stream. The length is checked before the frame is read, the buffer grows only as bytes come, and no
/// more is read while the router has not taken what was: a peer that floods waits at its own door.
/// </summary>
internal sealed class GossipIntake(PeerId peer, GossipOptions options, Func<TimeSpan> now) : IValueTaskSource
{
    private const int FirstBuffer = 64 << 10;
    private const int KeptBuffer = 256 << 10;
    private const int MaxFrames = 256;

    private readonly RpcReader reader = new(options.Parameters);
    private ManualResetValueTaskSourceCore<bool> taken = new() { RunContinuationsAsynchronously = true };
    private long frameSince = long.MaxValue;

    /// <summary>The frames read; the router's to read until it calls <see cref="Taken"/>.</summary>
    public List<GossipInput> Inputs { get; } = [];

    /// <summary>When the frame under way began; null between frames.</summary>
    public TimeSpan? FrameSince => Interlocked.Read(ref frameSince) is var ticks && ticks == long.MaxValue ? null : TimeSpan.FromTicks(ticks);

    /// <summary>Reads until the peer closes, or breaks the protocol: then the last input says so.</summary>
    public async Task RunAsync(IPeerStream stream, Func<GossipIntake, bool> post, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
        var filled = 0;
        try
        {
            while (true)
            {
                var read = await stream.ReadAsync(buffer.AsMemory(filled), cancellation);
                if (read == 0)
                {
                    return;
                }

                filled += read;
                var (start, isBroken) = (0, false);
                do
                {
                    isBroken = !Frames(buffer.AsMemory(0, filled), ref start);
                    if (Inputs.Count > 0)
                    {
                        taken.Reset();
                        if (!post(this))
                        {
                            return;
                        }

                        await new ValueTask(this, taken.Version);
                    }
                }
                while (!isBroken && Inputs.Count == MaxFrames);

                if (isBroken)
                {
                    throw new StreamException($"{peer} sent what is no gossipsub frame of at most {options.Parameters.MaxFrameBytes} bytes.");
                }

                buffer.AsSpan(start, filled - start).CopyTo(buffer);
                filled -= start;
                buffer = Sized(buffer, filled);
                Mark(filled > 0, moved: start > 0);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The router has taken the inputs; the buffer they lie in is the reader's again.</summary>
    public void Taken() => taken.SetResult(true);

    // Decodes the whole frames, some at a time; false where there is one that is none.
    private bool Frames(ReadOnlyMemory<byte> bytes, ref int start)
    {
        Inputs.Clear();
        while (Inputs.Count < MaxFrames)
        {
            var prefix = Proto.ReadVarint(bytes.Span[start..], out var length);
            if (prefix < 0 || length > (ulong)options.Parameters.MaxFrameBytes)
            {
                Inputs.Add(new GossipInput.Broken(peer));
                return false;
            }

            if (prefix == 0 || bytes.Length - start - prefix < (int)length)
            {
                return true;
            }

            if (length > 0)
            {
                var rpc = reader.Read(bytes.Slice(start + prefix, (int)length));
                Inputs.Add(rpc is null ? new GossipInput.Broken(peer) : new GossipInput.Received(peer, rpc));
                if (rpc is null)
                {
                    return false;
                }
            }

            start += prefix + (int)length;
        }

        return true;
    }

    private static byte[] Sized(byte[] buffer, int filled)
    {
        var size = filled == buffer.Length ? 2 * buffer.Length : buffer.Length > KeptBuffer && filled < FirstBuffer / 4 ? FirstBuffer : buffer.Length;
        if (size == buffer.Length)
        {
            return buffer;
        }

        var other = ArrayPool<byte>.Shared.Rent(size);
        buffer.AsSpan(0, filled).CopyTo(other);
        ArrayPool<byte>.Shared.Return(buffer);
        return other;
    }

    private void Mark(bool isWithin, bool moved)
    {
        if (!isWithin)
        {
            Interlocked.Exchange(ref frameSince, long.MaxValue);
        }
        else if (moved || Interlocked.Read(ref frameSince) == long.MaxValue)
        {
            Interlocked.Exchange(ref frameSince, now().Ticks);
        }
    }

    void IValueTaskSource.GetResult(short token) => taken.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => taken.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        taken.OnCompleted(continuation, state, token, flags);
}
