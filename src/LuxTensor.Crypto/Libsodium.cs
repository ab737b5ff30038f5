using System.Runtime.InteropServices;

namespace LuxTensor.Crypto;

/// <summary>The functions of libsodium (1.0.17 or later) that are used, as its headers declare them.</summary>
internal static unsafe partial class Libsodium
{
    internal const int Argon2Id13 = 2;

    [LibraryImport(NativeLibraries.SodiumName)]
    internal static partial int sodium_init();

    [LibraryImport(NativeLibraries.SodiumName)]
    internal static partial nint sodium_version_string();

    [LibraryImport(NativeLibraries.SodiumName)]
    internal static partial nint sodium_malloc(nuint size);

    [LibraryImport(NativeLibraries.SodiumName)]
    internal static partial void sodium_free(nint pointer);

    [LibraryImport(NativeLibraries.SodiumName)]
    internal static partial int sodium_mprotect_readonly(nint pointer);

    [LibraryImport(NativeLibraries.SodiumName)]
    internal static partial int crypto_core_ed25519_is_valid_point(byte* point);

    [LibraryImport(NativeLibraries.SodiumName)]
    internal static partial int crypto_scalarmult_ed25519_noclamp(byte* result, byte* scalar, byte* point);

    [LibraryImport(NativeLibraries.SodiumName)]
    internal static partial int crypto_sign_seed_keypair(byte* publicKey, byte* secretKey, byte* seed);

    [LibraryImport(NativeLibraries.SodiumName)]
    internal static partial int crypto_sign_detached(byte* signature, ulong* signatureLength, byte* message, ulong length, byte* secretKey);

    [LibraryImport(NativeLibraries.SodiumName)]
    internal static partial int crypto_sign_verify_detached(byte* signature, byte* message, ulong length, byte* publicKey);

    [LibraryImport(NativeLibraries.SodiumName)]
    internal static partial int crypto_scalarmult_curve25519_base(byte* result, byte* scalar);

    [LibraryImport(NativeLibraries.SodiumName)]
    internal static partial int crypto_scalarmult_curve25519(byte* result, byte* scalar, byte* point);

    [LibraryImport(NativeLibraries.SodiumName)]
    internal static partial int crypto_pwhash(
        byte* output, ulong outputLength, byte* password, ulong passwordLength, byte* salt, ulong opsLimit, nuint memLimit, int algorithm);
}
