using System.Buffers.Binary;
using LuxTensor.Engine;

namespace LuxTensor.Storage.Sqlite;

/// <summary>
/// Looks for damage in a write-ahead log before SQLite uses it. SQLite reads a log up to the first frame whose checksum is
/// wrong and silently forgets the rest: right for a transaction that was cut short by a crash, wrong for one that was
/// acknowledged and whose bytes changed since. Only the last transaction of a log can be cut short, because each one is
/// synced before the next begins. So more than one transaction behind the first bad frame means damage. A changed byte in
/// the very last transaction cannot be told from a crash. (Format: sqlite.org/fileformat2.html, section 4.)
/// </summary>
internal static class WriteAheadLog
{
    private const int HeaderSize = 32;
    private const int FrameHeaderSize = 24;
    private const uint Magic = 0x377f0682; // the lowest bit says whether checksums read big-endian words

    /// <summary>Checks the log beside a database file, which nobody writes to meanwhile.</summary>
    /// <exception cref="JournalException">Acknowledged transactions in it cannot be read any more.</exception>
    internal static void Verify(string path)
    {
        var log = new FileInfo(path + "-wal");
        if (!log.Exists || log.Length < HeaderSize)
        {
            return;
        }

        using var stream = new FileStream(log.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16);
        var header = new byte[HeaderSize];
        if (stream.ReadAtLeast(header, HeaderSize, throwOnEndOfStream: false) < HeaderSize || !header.AsSpan().ContainsAnyExcept((byte)0))
        {
            return; // never synced: no transaction was
        }

        var magic = BinaryPrimitives.ReadUInt32BigEndian(header);
        var bigEndian = (magic & 1) == 1;
        var pageSize = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(8));
        var sum = Sum(default, header.AsSpan(0, 24), bigEndian);
        if ((magic & ~1u) != Magic || pageSize is < 512 or > 65536 || sum != Stored(header.AsSpan(24)))
        {
            throw Damaged(path, "its header");
        }

        if (CountLost(stream, header.AsSpan(16, 8), sum, bigEndian, (int)pageSize) is var lost and > 1)
        {
            throw Damaged(path, $"{lost} transactions behind a damaged one");
        }
    }

    // Transactions at or behind the first frame that SQLite would not read, by the frames that end one.
    private static int CountLost(FileStream stream, ReadOnlySpan<byte> salts, (uint, uint) sum, bool bigEndian, int pageSize)
    {
        var frame = new byte[FrameHeaderSize + pageSize];
        var lost = 0;
        var sound = true;
        while (stream.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) == frame.Length)
        {
            var ours = frame.AsSpan(8, 8).SequenceEqual(salts); // others are left from before the log was last begun anew
            if (sound)
            {
                sum = Sum(Sum(sum, frame.AsSpan(0, 8), bigEndian), frame.AsSpan(FrameHeaderSize), bigEndian);
                sound = ours && sum == Stored(frame.AsSpan(16));
            }

            if (!sound && ours && BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(4)) != 0)
            {
                lost++;
            }
        }

        return lost;
    }

    private static (uint, uint) Stored(ReadOnlySpan<byte> bytes) =>
        (BinaryPrimitives.ReadUInt32BigEndian(bytes), BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]));

    private static (uint, uint) Sum((uint A, uint B) sum, ReadOnlySpan<byte> bytes, bool bigEndian)
    {
        var (a, b) = sum;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            var (x, y) = bigEndian
                ? (BinaryPrimitives.ReadUInt32BigEndian(bytes), BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]))
                : (BinaryPrimitives.ReadUInt32LittleEndian(bytes), BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]));
            a = unchecked(a + x + b);
            b = unchecked(b + y + a);
        }

        return (a, b);
    }

    private static JournalException Damaged(string path, string where) =>
        Faults.Damaged(path, $"its write-ahead log {path}-wal, {where}: what was stored last cannot be read");
}
