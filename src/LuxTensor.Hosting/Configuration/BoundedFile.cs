namespace LuxTensor.Hosting.Configuration;

/// <summary>Reads files that humans name, whole and up to a bound.</summary>
internal static class BoundedFile
{
    /// <summary>The bytes of a file of at most <paramref name="limit"/>.</summary>
    /// <exception cref="CommandFailure">There is no such file, it is larger, or the system refuses.</exception>
    internal static byte[] Read(string path, int limit, string kind)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            if (stream.CanSeek && stream.Length > limit)
            {
                throw TooLarge(path, limit, kind);
            }

            // A device or a pipe has no length: it is read up to the bound.
            var bytes = new byte[stream.CanSeek ? (int)stream.Length + 1 : limit + 1];
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length <= limit && (length < bytes.Length || !stream.CanSeek) ? bytes[..length] : throw TooLarge(path, limit, kind);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw CommandFailure.Usage($"there is no {kind} {path}: check the path");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"the {kind} {path} cannot be read: {e.Message}");
        }
    }

    private static CommandFailure TooLarge(string path, int limit, string kind) =>
        new(ExitCode.Usage, $"{path} is larger than {limit} bytes: it is no {kind}");
}
