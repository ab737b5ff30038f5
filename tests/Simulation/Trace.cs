using System.Security.Cryptography;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Simulation;

/// <summary>
/// Every event of a run, as a running SHA-256, and where asked for as the text of the last ones. Two runs with one hash
/// did the same.
/// </summary>
internal sealed class Trace : IDisposable
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] buffer = new byte[4096];
    private readonly Queue<string>? lines;
    private readonly int kept;
    private int used;

    public Trace(int kept)
    {
        this.kept = kept;
        lines = kept > 0 ? new Queue<string>(kept + 1) : null;
    }

    public ulong Count { get; private set; }

    public bool HasText => lines is not null;

    public IEnumerable<string> Lines => lines ?? [];

    /// <summary>Notes an event by numbers that say all that matters of it.</summary>
    public void Add(ulong time, char kind, int node, ulong what)
    {
        Count++;
        if (used + 18 > buffer.Length)
        {
            hash.AppendData(buffer, 0, used);
            used = 0;
        }

        BitConverter.TryWriteBytes(buffer.AsSpan(used), time);
        buffer[used + 8] = (byte)kind;
        buffer[used + 9] = (byte)node;
        BitConverter.TryWriteBytes(buffer.AsSpan(used + 10), what);
        used += 18;
    }

    /// <summary>Keeps a line of text, for people.</summary>
    public void Say(ulong time, string node, string text)
    {
        if (lines is null)
        {
            return;
        }

        lines.Enqueue($"{time,7} {node,-3} {text}");
        if (lines.Count > kept)
        {
            lines.Dequeue();
        }
    }

    public Hash256 Digest()
    {
        hash.AppendData(buffer, 0, used);
        used = 0;
        return new Hash256(hash.GetCurrentHash());
    }

    public void Dispose() => hash.Dispose();
}
