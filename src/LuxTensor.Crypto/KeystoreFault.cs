namespace LuxTensor.Crypto;

/// <summary>Why a keystore was refused; every case there is.</summary>
public enum KeystoreFault
{
    /// <summary>Not a keystore of the EIP-2335 layout: not JSON, a field missing, of the wrong type or length.</summary>
    Malformed,

    /// <summary>A keystore of another version than 4.</summary>
    UnsupportedVersion,

    /// <summary>A key derivation that is unknown, is not written here, or needs a library which is not installed.</summary>
    UnsupportedKdf,

    /// <summary>An unknown cipher or checksum.</summary>
    UnsupportedCipher,

    /// <summary>Key derivation parameters that ask for more memory or work than is allowed, or for none.</summary>
    ParametersOutOfBounds,

    /// <summary>The key derivation did not get its memory.</summary>
    OutOfMemory,

    /// <summary>More than 64 KiB.</summary>
    TooLarge,

    /// <summary>The checksum does not match: another password, or altered bytes.</summary>
    WrongPassword,

    /// <summary>A password that is empty, too long, or not Unicode text.</summary>
    UnusablePassword,

    /// <summary>The secret inside does not belong to the public key outside.</summary>
    KeyMismatch,

    /// <summary>The file can be read or written by others than its owner.</summary>
    TooPermissive,

    /// <summary>There is no such file.</summary>
    Missing,

    /// <summary>A file of that name is there already; keystores are never overwritten.</summary>
    AlreadyExists,

    /// <summary>The operating system refused; the inner exception says why.</summary>
    Unreadable,
}
