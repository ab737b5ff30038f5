using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LuxTensor.Crypto;

/// <summary>
/// Memory for a secret key: never moved or copied by the garbage collector, kept out of swap where the system lets it, zeroed when freed.
/// With libsodium it lies between guard pages and is read-only once sealed. A handle, so that a signature under way on one thread outlives
/// a Dispose on another.
/// </summary>
internal sealed unsafe partial class SecretMemory : SafeHandle
{
    private readonly int size;
    private readonly bool sodium;
    private readonly nuint reserved;

    internal SecretMemory(int size, bool useSodium)
        : base(0, ownsHandle: true)
    {
        this.size = size;
        handle = useSodium ? Libsodium.sodium_malloc((nuint)size) : 0;
        sodium = handle != 0;
        if (!sodium)
        {
            // Whole pages: a lock is a page's, and unlocking must not unlock a neighbour's secret.
            var page = (nuint)Environment.SystemPageSize;
            reserved = ((nuint)size + page - 1) / page * page;
            handle = (nint)NativeMemory.AlignedAlloc(reserved, page);
            new Span<byte>((void*)handle, (int)reserved).Clear();
            _ = mlock((void*)handle, reserved); // best effort, as with libsodium: RLIMIT_MEMLOCK may forbid it
        }
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The bytes; only between <see cref="Lease"/> and its disposal.</summary>
    private Span<byte> Bytes => new((void*)handle, size);

    /// <summary>Keeps the memory alive while its bytes are used.</summary>
    /// <exception cref="ObjectDisposedException">It was freed before.</exception>
    internal LeaseScope Lease() => new(this);

    /// <summary>Makes the bytes read-only, where the allocator can.</summary>
    internal void Seal()
    {
        if (sodium)
        {
            _ = Libsodium.sodium_mprotect_readonly(handle);
        }
    }

    protected override bool ReleaseHandle()
    {
        if (sodium)
        {
            Libsodium.sodium_free(handle); // zeroes
        }
        else
        {
            CryptographicOperations.ZeroMemory(Bytes);
            _ = munlock((void*)handle, reserved);
            NativeMemory.AlignedFree((void*)handle);
        }

        return true;
    }

    [LibraryImport("libc")]
    private static partial int mlock(void* address, nuint length);

    [LibraryImport("libc")]
    private static partial int munlock(void* address, nuint length);

    internal readonly ref struct LeaseScope
    {
        private readonly SecretMemory owner;

        internal LeaseScope(SecretMemory owner)
        {
            this.owner = owner;
            var added = false;
            owner.DangerousAddRef(ref added);
        }

        internal Span<byte> Bytes => owner.Bytes;

        public void Dispose() => owner.DangerousRelease();
    }
}
