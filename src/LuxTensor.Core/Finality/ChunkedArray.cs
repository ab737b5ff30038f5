using System.Runtime.CompilerServices;

namespace LuxTensor.Core.Finality;

/// <summary>
/// An immutable array of fixed length. A changed copy shares all but the chunks that changed, so one change copies a chunk and
/// about length / <see cref="ChunkSize"/> references to others. A default value is "nothing there" and takes no memory until its chunk has another.
/// </summary>
internal sealed class ChunkedArray<T>
    where T : unmanaged
{
    /// <summary>Items in a chunk: few of large items, so that a change copies about as much of the chunk as of the references to chunks.</summary>
    private static int ChunkSize => Unsafe.SizeOf<T>() > 16 ? 16 : 64; // a constant once compiled

    private static readonly T[] Nothing = new T[1];

    private readonly T[]?[] chunks;

    private ChunkedArray(T[]?[] chunks) => this.chunks = chunks;

    /// <summary>All default values.</summary>
    internal static ChunkedArray<T> Empty(int length) => new(new T[]?[(length + ChunkSize - 1) / ChunkSize]);

    internal T this[int index] => chunks[index / ChunkSize] is { } chunk ? chunk[index % ChunkSize] : default;

    /// <summary>A copy being changed. Owned by one caller.</summary>
    internal struct Draft(ChunkedArray<T> array)
    {
        private ChunkedArray<T> from = array;
        private T[]?[]? changed;

        internal readonly ref readonly T this[int index] =>
            ref (changed ?? from.chunks)[index / ChunkSize] is { } chunk ? ref chunk[index % ChunkSize] : ref Nothing[0];

        internal void Set(int index, in T value)
        {
            changed ??= (T[]?[])from.chunks.Clone();
            ref var chunk = ref changed[index / ChunkSize];
            if (ReferenceEquals(chunk, from.chunks[index / ChunkSize]))
            {
                chunk = chunk is null ? new T[ChunkSize] : (T[])chunk.Clone();
            }

            chunk![index % ChunkSize] = value;
        }

        /// <summary>The array as it is now; later changes copy again.</summary>
        internal ChunkedArray<T> Freeze()
        {
            if (changed is not null)
            {
                from = new ChunkedArray<T>(changed);
                changed = null;
            }

            return from;
        }
    }
}
