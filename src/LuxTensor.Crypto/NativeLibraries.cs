using System.Reflection;
using System.Runtime.InteropServices;

namespace LuxTensor.Crypto;

/// <summary>Finds libsodium and libcrypto under the names that distributions give them, once a process.</summary>
internal static class NativeLibraries
{
    internal const string SodiumName = "libsodium";
    internal const string CryptoName = "libcrypto";

    // libsodium 1.0.18 is .so.23, 1.0.19 and later .so.26; the functions used here are the same in both.
    private static readonly nint Sodium = FirstOf("libsodium.so.23", "libsodium.so.26", SodiumName);
    private static readonly nint Crypto = FirstOf("libcrypto.so.3", CryptoName);

    // An explicit static constructor, so that the resolver is in place before the first P/Invoke of whoever asked HasSodium or HasCrypto.
    static NativeLibraries() => NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, Resolve);

    internal static bool HasSodium => Sodium != 0;

    internal static bool HasCrypto => Crypto != 0;

    private static nint FirstOf(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (NativeLibrary.TryLoad(name, typeof(NativeLibraries).Assembly, null, out var handle))
            {
                return handle;
            }
        }

        return 0;
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath) => name switch
    {
        SodiumName => Sodium,
        CryptoName => Crypto,
        _ => 0, // 0 leaves the name to the runtime's own search
    };
}
