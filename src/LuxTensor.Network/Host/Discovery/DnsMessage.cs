using System.Buffers.Binary;
using System.Text;

namespace LuxTensor.Network;

/// <summary>A DNS message as far as peers are found by it (RFC 1035): questions, and answers of the types PTR and TXT; others are skipped.</summary>
/// <param name="Id">Ties an answer to its question.</param>
/// <param name="IsResponse">Whether it answers.</param>
/// <param name="Questions">What is asked.</param>
/// <param name="Records">What is said, in whichever section.</param>
internal sealed record DnsMessage(ushort Id, bool IsResponse, IReadOnlyList<DnsMessage.Question> Questions, IReadOnlyList<DnsMessage.Resource> Records)
{
    internal const ushort Ptr = 12;
    internal const ushort Txt = 16;

    /// <summary>The most bytes of a message that are read.</summary>
    internal const int MaxSize = 9000;

    private const int HeadSize = 12;
    private const int MostEntries = 64;
    private const int MostTexts = 64;
    private const int MaxName = 255;
    private const int MaxLabel = 63;
    private const int MostPointers = 16;
    private const ushort Internet = 1;

    /// <summary>The binary form, without compression. With <paramref name="largeAnswers"/> it says that 4,096 bytes may come back (RFC 6891).</summary>
    internal byte[] Encode(bool largeAnswers = false)
    {
        var bytes = new List<byte>(128);
        Number(bytes, Id);
        Number(bytes, IsResponse ? (ushort)0x8400 : (ushort)0x0100); // authoritative; recursion desired
        Number(bytes, (ushort)Questions.Count);
        Number(bytes, (ushort)Records.Count);
        Number(bytes, 0);
        Number(bytes, largeAnswers ? (ushort)1 : (ushort)0);
        foreach (var question in Questions)
        {
            Name(bytes, question.Name);
            Number(bytes, question.Type);
            Number(bytes, Internet);
        }

        foreach (var record in Records)
        {
            Name(bytes, record.Name);
            Number(bytes, record.Type);
            Number(bytes, Internet);
            Number(bytes, (ushort)(record.Ttl >> 16));
            Number(bytes, (ushort)record.Ttl);
            var data = new List<byte>();
            if (record.Type == Ptr)
            {
                Name(data, record.Target);
            }

            foreach (var text in record.Texts)
            {
                var ascii = Encoding.ASCII.GetBytes(text);
                data.Add(checked((byte)ascii.Length));
                data.AddRange(ascii);
            }

            Number(bytes, checked((ushort)data.Count));
            bytes.AddRange(data);
        }

        if (largeAnswers)
        {
            bytes.AddRange([0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0]);
        }

        return [.. bytes];
    }

    /// <exception cref="WireException">Malformed, or larger than is read.</exception>
    internal static DnsMessage Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is < HeadSize or > MaxSize)
        {
            throw new WireException($"dns: a message of {bytes.Length} bytes");
        }

        var questions = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        var records = BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]) + BinaryPrimitives.ReadUInt16BigEndian(bytes[8..])
            + BinaryPrimitives.ReadUInt16BigEndian(bytes[10..]);
        if (questions > MostEntries || records > MostEntries)
        {
            throw new WireException($"dns: {questions} questions and {records} records; at most {MostEntries} are read");
        }

        var at = HeadSize;
        var asked = new List<Question>(questions);
        for (var i = 0; i < questions; i++)
        {
            var name = ReadName(bytes, ref at);
            asked.Add(new(name, Take(bytes, ref at)));
            Take(bytes, ref at); // the class; its top bit asks for a direct answer
        }

        var said = new List<Resource>(records);
        for (var i = 0; i < records; i++)
        {
            if (ReadRecord(bytes, ref at) is { } record)
            {
                said.Add(record);
            }
        }

        return new(BinaryPrimitives.ReadUInt16BigEndian(bytes), (bytes[2] & 0x80) != 0, asked, said);
    }

    private static Resource? ReadRecord(ReadOnlySpan<byte> bytes, ref int at)
    {
        var name = ReadName(bytes, ref at);
        var type = Take(bytes, ref at);
        Take(bytes, ref at);
        var ttl = ((uint)Take(bytes, ref at) << 16) | Take(bytes, ref at);
        int length = Take(bytes, ref at);
        if (length > bytes.Length - at)
        {
            throw new WireException("dns: a record that is longer than the message");
        }

        var start = at;
        at += length;
        if (type == Ptr)
        {
            return new(name, type, ttl, ReadName(bytes[..at], ref start), []);
        }

        if (type != Txt)
        {
            return null;
        }

        var texts = new List<string>();
        for (var rest = bytes.Slice(start, length); !rest.IsEmpty; rest = rest[(1 + rest[0])..])
        {
            if (1 + rest[0] > rest.Length || texts.Count == MostTexts)
            {
                throw new WireException("dns: a text that is longer than its record, or too many texts");
            }

            texts.Add(Encoding.ASCII.GetString(rest.Slice(1, rest[0])));
        }

        return new(name, type, ttl, "", texts);
    }

    // Pointers lead backwards only, so that none leads in a circle.
    private static string ReadName(ReadOnlySpan<byte> bytes, ref int at)
    {
        var name = new StringBuilder();
        var (position, end, pointers) = (at, -1, 0);
        while (true)
        {
            if (position >= bytes.Length)
            {
                throw new WireException("dns: a name that leaves the message");
            }

            int length = bytes[position];
            if (length >= 0xc0)
            {
                if (position + 1 >= bytes.Length || ++pointers > MostPointers)
                {
                    throw new WireException("dns: a name with a broken pointer");
                }

                var target = ((length & 0x3f) << 8) | bytes[position + 1];
                end = end < 0 ? position + 2 : end;
                position = target < position ? target : throw new WireException("dns: a name that points forwards");
                continue;
            }

            if (length == 0)
            {
                at = end < 0 ? position + 1 : end;
                return name.ToString();
            }

            if (length > MaxLabel || position + 1 + length > bytes.Length || name.Length + length + 1 > MaxName)
            {
                throw new WireException("dns: a label or name that is too long");
            }

            name.Append(name.Length == 0 ? "" : ".").Append(Encoding.ASCII.GetString(bytes.Slice(position + 1, length)));
            position += 1 + length;
        }
    }

    private static ushort Take(ReadOnlySpan<byte> bytes, ref int at)
    {
        if (at + 2 > bytes.Length)
        {
            throw new WireException("dns: a message that ends too early");
        }

        at += 2;
        return BinaryPrimitives.ReadUInt16BigEndian(bytes[(at - 2)..]);
    }

    private static void Number(List<byte> bytes, ushort value) => bytes.AddRange([(byte)(value >> 8), (byte)value]);

    private static void Name(List<byte> bytes, string name)
    {
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            bytes.Add(label.Length <= MaxLabel ? (byte)label.Length : throw new WireException($"dns: the label \"{label}\" is too long"));
            bytes.AddRange(Encoding.ASCII.GetBytes(label));
        }

        bytes.Add(0);
    }

    internal sealed record Question(string Name, ushort Type);

    /// <param name="Name">What it is about.</param>
    /// <param name="Type">PTR or TXT.</param>
    /// <param name="Ttl">Seconds that it may be kept.</param>
    /// <param name="Target">Where a PTR points.</param>
    /// <param name="Texts">What a TXT says.</param>
    internal sealed record Resource(string Name, ushort Type, uint Ttl, string Target, IReadOnlyList<string> Texts);
}
