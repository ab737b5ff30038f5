using LuxTensor.Crypto;

namespace LuxTensor.Network;

/// <summary>Frames too large to be gossiped, for those to whom they were announced; the oldest make room. Thread-safe.</summary>
internal sealed class FrameStore(long mostBytes)
{
    private readonly Lock gate = new();
    private readonly Dictionary<Hash256, ReadOnlyMemory<byte>> frames = [];
    private readonly Queue<Hash256> order = new();
    private long bytes;

    public void Add(Hash256 hash, ReadOnlyMemory<byte> frame)
    {
        lock (gate)
        {
            if (!frames.TryAdd(hash, frame))
            {
                return;
            }

            order.Enqueue(hash);
            bytes += frame.Length;
            while (bytes > mostBytes && order.Count > 1)
            {
                frames.Remove(order.Dequeue(), out var oldest);
                bytes -= oldest.Length;
            }
        }
    }

    public ReadOnlyMemory<byte>? Find(Hash256 hash)
    {
        lock (gate)
        {
            return frames.TryGetValue(hash, out var frame) ? frame : default(ReadOnlyMemory<byte>?);
        }
    }
}
