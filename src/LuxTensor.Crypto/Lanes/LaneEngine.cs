using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace LuxTensor.Crypto.Lanes;

/// <summary>
/// Each lane verifies one signature completely: k = SHA-512(R, A, M) modulo L, then S·B - k·A by additions of table entries, then a comparison
/// of encodings. The lanes share nothing but the instructions, and one inversion for all signatures of a call.
/// </summary>
internal sealed unsafe class LaneEngine<V>(SignatureEngineKind kind) : EquationEngine
    where V : unmanaged, ILanes<V>
{
    /// <summary>Groups of one signature a lane that share an inversion.</summary>
    private const int MaxGroups = 64;

    // Entries are asked for so many additions before they are read: validators' tables together are larger than a processor's own cache.
    private const int PrefetchSteps = 4;

    [ThreadStatic]
    private static Workspace? ofThread;

    internal override SignatureEngineKind Kind => kind;

    internal override bool IsHardware => V.IsHardware;

    internal override string? Objection =>
        LaneRounding<V>.IsToNearest() ? null : "floating-point rounding is not to the nearest on this thread: native code changed it";

    internal override void Check(ReadOnlySpan<Claim> claims, Span<bool> holds)
    {
        var work = ofThread ??= new Workspace();
        var most = MaxGroups * V.Count;
        for (var from = 0; from < claims.Length; from += most)
        {
            var count = int.Min(most, claims.Length - from);
            CheckChunk(claims.Slice(from, count), holds.Slice(from, count), work);
        }
    }

    private static void CheckChunk(ReadOnlySpan<Claim> claims, Span<bool> holds, Workspace work)
    {
        var groups = (claims.Length + V.Count - 1) / V.Count;
        for (var group = 0; group < groups; group++)
        {
            Combine(claims[(group * V.Count)..], work, work.Results + group);
        }

        Invert(work, groups);
        Span<byte> r = stackalloc byte[Signature.Size];
        for (var i = 0; i < claims.Length; i++)
        {
            var result = work.Results + (i / V.Count);
            var y = Read(&result->Y, i % V.Count).Canonical();
            var isOdd = Read(&result->X, i % V.Count).IsOdd;
            claims[i].Signed.Signature.CopyTo(r);
            holds[i] = Scalar.Read(r) == y with { W3 = y.W3 | (isOdd ? 1UL << 63 : 0) };
        }
    }

    /// <summary>S·B - k·A for the first claims, one a lane; lanes beyond the last claim repeat the first, and nobody looks at them.</summary>
    private static void Combine(ReadOnlySpan<Claim> claims, Workspace work, Result* result)
    {
        Span<int> blocks = stackalloc int[V.Count];
        for (var lane = 0; lane < V.Count; lane++)
        {
            ref readonly var claim = ref claims[lane < claims.Length ? lane : 0];
            var buffer = new Span<byte>(work.Messages[lane], Workspace.MessageBytes);
            claim.Signed.Signature.CopyTo(buffer); // R and S, and over S the key
            WriteRows(Scalar.Read(buffer[32..]), CombTable.Base, work.RowsOfS + lane);
            claim.Signed.Key.CopyTo(buffer[32..]);
            claim.Signed.Message.Span.CopyTo(buffer[64..]);
            blocks[lane] = Sha512Padding.Pad(buffer, 64 + claim.Signed.Message.Length);
            work.KeyEntries[lane] = (ulong)claim.Table.Entries;
            work.BaseEntries[lane] = (ulong)CombTable.Base.Entries;
        }

        Sha512Lanes<V>.Hash(work.Messages, blocks, work.Digests, work.Words);
        Span<ulong> wide = stackalloc ulong[8];
        for (var lane = 0; lane < V.Count; lane++)
        {
            for (var word = 0; word < 8; word++)
            {
                wide[word] = BinaryPrimitives.ReverseEndianness(work.Digests[(word * V.Count) + lane]);
            }

            ref readonly var claim = ref claims[lane < claims.Length ? lane : 0];
            WriteRows(Scalar.Reduce(wide), claim.Table, work.RowsOfK + lane);
        }

        var steps = Plan(work);
        Walk(work, steps);
        result->X = work.Point->X;
        result->Y = work.Point->Y;
        result->Z = work.Point->Z;
        GC.KeepAlive(claims[0].Table); // the claims hold every table until here
    }

    /// <summary>The recoded scalar's rows, one to a tooth.</summary>
    private static void WriteRows(in Scalar scalar, CombTable table, ulong* rows)
    {
        var shape = table.Shape;
        Span<byte> recoded = stackalloc byte[40]; // with a word of zeros behind it
        recoded.Clear();
        shape.Recode(scalar).CopyTo(recoded);
        for (var tooth = 0; tooth < shape.Teeth; tooth++)
        {
            var bit = tooth * shape.Columns; // fewer than 57 columns lie within eight bytes
            rows[tooth * V.Count] = (BinaryPrimitives.ReadUInt64LittleEndian(recoded[(bit >> 3)..]) >> (bit & 7)) & ((1UL << shape.Columns) - 1);
        }
    }

    /// <summary>Writes the additions in their order, lane by lane: the address of the entry, and whether its opposite is meant.</summary>
    private static int Plan(Workspace work)
    {
        var (shapeOfA, shapeOfB) = (CombShape.OfKey, CombShape.OfBase);
        var steps = 0;
        for (var column = Workspace.Depth - 1; column >= 0; column--)
        {
            for (var block = 0; block < shapeOfA.Blocks && (block * shapeOfA.Depth) + column < shapeOfA.Columns; block++)
            {
                PlanStep(work, steps++, shapeOfA, work.RowsOfK, V.Load(work.KeyEntries), block, column);
            }

            for (var block = 0; block < shapeOfB.Blocks && (block * shapeOfB.Depth) + column < shapeOfB.Columns; block++)
            {
                PlanStep(work, steps++, shapeOfB, work.RowsOfS, V.Load(work.BaseEntries), block, column);
            }

            work.LastSteps[column] = steps - 1;
        }

        return steps;
    }

    private static void PlanStep(Workspace work, int step, CombShape shape, ulong* rows, V entries, int block, int column)
    {
        var bit = (block * shape.Depth) + column;
        var one = V.OfBits(1);
        var index = default(V);
        for (var tooth = 0; tooth < shape.Teeth - 1; tooth++)
        {
            index |= ((V.Load(rows + (tooth * V.Count)) >>> bit) & one) << tooth;
        }

        var sign = (V.Load(rows + ((shape.Teeth - 1) * V.Count)) >>> bit) & one;
        var opposite = V.Plus(sign, V.OfBits(ulong.MaxValue)); // 1: plus; 0: minus, and the other bits turned round
        index = (index ^ opposite) & V.OfBits((1UL << (shape.Teeth - 1)) - 1);
        index |= V.OfBits((ulong)block << (shape.Teeth - 1));
        V.Store(work.Addresses + (step * V.Count), V.Plus(entries, index << 7)); // an entry has 2^7 bytes
        work.Opposites[step] = opposite;
    }

    private static void Walk(Workspace work, int steps)
    {
        var point = work.Point;
        LanePoint<V>.SetNeutral(point);
        var step = 0;
        for (var column = Workspace.Depth - 1; column >= 0; column--)
        {
            if (step > 0)
            {
                LanePoint<V>.Double(point);
            }

            for (; step <= work.LastSteps[column]; step++)
            {
                Prefetch(work, step + PrefetchSteps, steps);
                LanePoint<V>.AddEntry(point, work.Addresses + (step * V.Count), work.Opposites[step], step < work.LastSteps[column]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(Workspace work, int step, int steps)
    {
        for (var lane = 0; lane < V.Count && step < steps && Sse.IsSupported; lane++)
        {
            var entry = work.Addresses[(step * V.Count) + lane];
            Sse.Prefetch0(entry);
            Sse.Prefetch0(entry + 8);
        }
    }

    /// <summary>Replaces X and Y by x = X/Z and y = Y/Z, with one inversion a lane for all groups (Montgomery's trick).</summary>
    private static void Invert(Workspace work, int groups)
    {
        var results = work.Results;
        Element<V>* product = work.Scratch, inverse = product + 1, ofZ = product + 2;
        *product = results[0].Z;
        for (var i = 1; i < groups; i++)
        {
            results[i].Before = *product;
            Element<V>.Multiply(product, product, &results[i].Z);
        }

        Element<V>.Invert(inverse, product, product + 3);
        for (var i = groups - 1; i >= 0; i--)
        {
            *ofZ = *inverse;
            if (i > 0)
            {
                Element<V>.Multiply(ofZ, inverse, &results[i].Before);
                Element<V>.Multiply(inverse, inverse, &results[i].Z);
            }

            Element<V>.Multiply(&results[i].X, &results[i].X, ofZ);
            Element<V>.Multiply(&results[i].Y, &results[i].Y, ofZ);
        }
    }

    private static FieldElement Read(Element<V>* element, int lane)
    {
        var limbs = (double*)element + lane;
        return FieldElement.OfSigned(limbs[0], limbs[V.Count], limbs[2 * V.Count], limbs[3 * V.Count], limbs[4 * V.Count]);
    }

    private struct Result
    {
        internal Element<V> X, Y, Z, Before;
    }

    /// <summary>A thread's memory, aligned, 64 KiB for four lanes: allocated once, since it is used for every vote.</summary>
    private sealed class Workspace
    {
        internal const int MessageBytes = 1152; // 64 + LongestMessage and its padding, in whole blocks

        internal static readonly int Depth = int.Max(CombShape.OfKey.Depth, CombShape.OfBase.Depth);

        private readonly byte[] memory = GC.AllocateArray<byte>(Bytes, pinned: true);
        private nuint free;

        internal Workspace()
        {
            free = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(memory));
            Point = (LanePoint<V>*)Take(sizeof(LanePoint<V>));
            Results = (Result*)Take(sizeof(Result) * MaxGroups);
            Scratch = (Element<V>*)Take(sizeof(Element<V>) * (3 + Element<V>.InvertScratch));
            Words = (V*)Take(sizeof(V) * Sha512Lanes<V>.Words);
            Opposites = (V*)Take(sizeof(V) * MaxSteps);
            Addresses = (double**)Take(sizeof(V) * MaxSteps);
            RowsOfK = (ulong*)Take(sizeof(V) * CombShape.OfKey.Teeth);
            RowsOfS = (ulong*)Take(sizeof(V) * CombShape.OfBase.Teeth);
            KeyEntries = (ulong*)Take(sizeof(V));
            BaseEntries = (ulong*)Take(sizeof(V));
            Digests = (ulong*)Take(sizeof(V) * 8);
            Messages = (double**)Take(sizeof(V));
            for (var lane = 0; lane < V.Count; lane++)
            {
                Messages[lane] = (double*)Take(MessageBytes);
            }
        }

        internal LanePoint<V>* Point { get; }

        internal Result* Results { get; }

        internal Element<V>* Scratch { get; }

        internal V* Words { get; }

        internal V* Opposites { get; }

        internal double** Addresses { get; }

        /// <summary>Word [tooth·lanes + lane].</summary>
        internal ulong* RowsOfK { get; }

        internal ulong* RowsOfS { get; }

        internal ulong* KeyEntries { get; }

        internal ulong* BaseEntries { get; }

        internal ulong* Digests { get; }

        internal double** Messages { get; }

        /// <summary>The last addition before each doubling, by column.</summary>
        internal int[] LastSteps { get; } = new int[Depth];

        private static int MaxSteps => CombShape.OfKey.Columns + CombShape.OfBase.Columns;

        private static int Bytes => sizeof(LanePoint<V>) + (sizeof(Result) * MaxGroups) + (V.Count * MessageBytes)
            + (sizeof(Element<V>) * (3 + Element<V>.InvertScratch)) + (sizeof(V) * (Sha512Lanes<V>.Words + (2 * MaxSteps) + CombShape.OfKey.Teeth + CombShape.OfBase.Teeth + 11)) + ((12 + V.Count) * 64) + 64;

        private void* Take(int bytes)
        {
            var start = (free + 63) & ~(nuint)63;
            free = start + (nuint)bytes;
            return (void*)start;
        }
    }
}
