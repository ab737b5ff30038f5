using System.Runtime.InteropServices;
using System.Text;

namespace LuxTensor.Crypto;

/// <summary>Keystores on disk: readable by their owner alone, written whole or not at all, never overwritten.</summary>
public static partial class KeystoreFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes a new file of mode 0600 and has it on disk, with its name, when it returns.</summary>
    /// <exception cref="KeystoreException">AlreadyExists, TooLarge, or Unreadable where the system refuses.</exception>
    public static void Write(string path, string json)
    {
        var bytes = StrictUtf8.GetBytes(json);
        if (bytes.Length > Keystore.MaxSize)
        {
            throw new KeystoreException(
                KeystoreFault.TooLarge, $"the keystore for {path} has {bytes.Length} bytes; at most {Keystore.MaxSize} are written");
        }

        if (Path.Exists(path))
        {
            throw AlreadyExists(path, null);
        }

        var temporary = $"{path}.{Guid.NewGuid():N}.tmp"; // beside it, for a rename within one file system
        try
        {
            WriteDurably(temporary, bytes);
            try
            {
                File.Move(temporary, path, overwrite: false);
            }
            catch (IOException e) when (Path.Exists(path))
            {
                throw AlreadyExists(path, e);
            }

            SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeystoreException(KeystoreFault.Unreadable, $"the keystore {path} cannot be written: {e.Message}", e);
        }
        finally
        {
            DiscardLeftover(temporary);
        }
    }

    /// <summary>
    /// The text of a keystore file. <paramref name="groupMayRead"/> lets its group read it, as a container orchestrator mounts secrets.
    /// </summary>
    /// <exception cref="KeystoreException">Missing, TooPermissive, TooLarge, Malformed (not UTF-8), or Unreadable.</exception>
    public static string Read(string path, bool groupMayRead = false)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(stream.SafeFileHandle) & Others & ~(groupMayRead ? UnixFileMode.GroupRead : UnixFileMode.None))
                    is var extra and not UnixFileMode.None)
            {
                throw new KeystoreException(
                    KeystoreFault.TooPermissive, $"the keystore {path} is open to others than its owner ({extra}): run chmod 600 {path}");
            }

            var bytes = new byte[Keystore.MaxSize + 1]; // whatever length the file claims
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length <= Keystore.MaxSize
                ? StrictUtf8.GetString(bytes, 0, length)
                : throw new KeystoreException(KeystoreFault.TooLarge, $"{path} has more than {Keystore.MaxSize} bytes: it is not a keystore");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KeystoreException(KeystoreFault.Missing, $"there is no keystore {path}: check the path, or create one with: keys new", e);
        }
        catch (DecoderFallbackException e)
        {
            throw new KeystoreException(KeystoreFault.Malformed, $"{path} is not UTF-8 text, so it is not a keystore", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeystoreException(KeystoreFault.Unreadable, $"the keystore {path} cannot be read: {e.Message}", e);
        }
    }

    private static KeystoreException AlreadyExists(string path, Exception? inner) => new(
        KeystoreFault.AlreadyExists,
        $"{path} exists already, and a keystore is never overwritten: choose another name, or move that file away",
        inner);

    private static void WriteDurably(string path, byte[] bytes)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly; // from its first instant, not by a later chmod
        }

        using var stream = new FileStream(path, options);
        stream.Write(bytes);
        stream.Flush(flushToDisk: true);
    }

    // There is one only after a failure, which is what the caller is to hear of, not of the tidying.
    private static void DiscardLeftover(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // its folder is missing or read-only
        }
    }

    // A new name is durable only once its directory is; the runtime opens no directories, so the C library does.
    private static void SyncDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = open(directory, 0);
        if (descriptor < 0)
        {
            throw new IOException($"its directory {directory} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        var failed = fsync(descriptor) != 0;
        var reason = Marshal.GetLastPInvokeErrorMessage();
        _ = close(descriptor);
        if (failed)
        {
            throw new IOException($"its directory {directory} cannot be synchronised: {reason}");
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int descriptor);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
}
