using LuxTensor.Engine;

namespace LuxTensor.Storage.Sqlite;

/// <summary>
/// Keeps a second opening of one database out, in this process or another: a file beside it, held open. The system lets
/// go of it when the process ends, however it ends; the empty file that stays behind means nothing.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private readonly FileStream stream;

    private FileLock(FileStream stream) => this.stream = stream;

    /// <summary>Takes the lock at once or fails at once.</summary>
    /// <exception cref="JournalException">The database is open already, or the lock file cannot be made.</exception>
    internal static FileLock Take(string path)
    {
        var name = path + ".lock";
        try
        {
            if (Path.GetDirectoryName(path) is { Length: > 0 } folder)
            {
                Directory.CreateDirectory(folder);
            }

            return new FileLock(new FileStream(name, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1));
        }
        catch (IOException taken) when (taken is not DirectoryNotFoundException && File.Exists(name))
        {
            throw new JournalException($"{path} is open already, here or in another process: stop that node, then start again", JournalFault.InUse, taken);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Faults.Of(path, "opening", failure);
        }
    }

    public void Dispose() => stream.Dispose();
}
