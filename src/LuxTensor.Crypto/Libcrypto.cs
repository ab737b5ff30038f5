using System.Runtime.InteropServices;

namespace LuxTensor.Crypto;

/// <summary>The functions of OpenSSL's libcrypto (1.1.1 or later) that are used, as its headers declare them.</summary>
internal static unsafe partial class Libcrypto
{
    internal const int Ed25519 = 1087; // NID_ED25519
    internal const int X25519 = 1034; // NID_X25519
    internal const int Sha256StateSize = 128; // SHA256_CTX takes 112

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial nint OpenSSL_version(int type);

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial nint EVP_PKEY_new_raw_public_key(int type, nint engine, byte* key, nuint length);

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial nint EVP_PKEY_new_raw_private_key(int type, nint engine, byte* key, nuint length);

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial int EVP_PKEY_get_raw_public_key(nint key, byte* output, nuint* length);

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial void EVP_PKEY_free(nint key);

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial nint EVP_MD_CTX_new();

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial void EVP_MD_CTX_free(nint digest);

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial int EVP_DigestVerifyInit(nint digest, nint* keyOptions, nint type, nint engine, nint key);

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial int EVP_DigestVerify(nint digest, byte* signature, nuint signatureLength, byte* message, nuint length);

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial int EVP_DigestSignInit(nint digest, nint* keyOptions, nint type, nint engine, nint key);

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial int EVP_DigestSign(nint digest, byte* signature, nuint* signatureLength, byte* message, nuint length);

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial nint EVP_PKEY_CTX_new(nint key, nint engine);

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial void EVP_PKEY_CTX_free(nint context);

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial int EVP_PKEY_derive_init(nint context);

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial int EVP_PKEY_derive_set_peer(nint context, nint peer);

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial int EVP_PKEY_derive(nint context, byte* secret, nuint* length);

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial void ERR_clear_error();

    [LibraryImport(NativeLibraries.CryptoName)]
    internal static partial int EVP_PBE_scrypt(
        byte* password, nuint passwordLength, byte* salt, nuint saltLength, ulong n, ulong r, ulong p, ulong maxMemory, byte* key, nuint keyLength);

    // The three of SHA-256 take a few microseconds at most for what they are given, so they may skip the switch of the collector's mode.
    [LibraryImport(NativeLibraries.CryptoName)]
    [SuppressGCTransition]
    internal static partial int SHA256_Init(void* state);

    [LibraryImport(NativeLibraries.CryptoName)]
    [SuppressGCTransition]
    internal static partial int SHA256_Update(void* state, byte* data, nuint length);

    [LibraryImport(NativeLibraries.CryptoName)]
    [SuppressGCTransition]
    internal static partial int SHA256_Final(byte* digest, void* state);
}
