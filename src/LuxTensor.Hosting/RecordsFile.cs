using System.CommandLine;
using System.Text.Json.Nodes;
using LuxTensor.Hosting.Configuration;

namespace LuxTensor.Hosting;

/// <summary>
/// A file with a signing guard's records, on the command lines of both executables. What is in it is the caller's: this knows
/// files and what is said about them.
/// </summary>
internal static class RecordsFile
{
    /// <summary>The file to read.</summary>
    internal static Argument<string> Source() => new("file") { Description = "Records in the format of EIP-3076." };

    /// <summary>The file to make.</summary>
    internal static Option<string> Target() => CommonOptions.File("--out", "The file to make.");

    /// <summary>Makes the file and says what is in it; what is written is durable then.</summary>
    /// <exception cref="CommandFailure">There is a file of this name.</exception>
    internal static int Export(Terminal terminal, ParseResult parsed, string path, Func<Stream, (int Validators, int Votes)> write)
    {
        if (Path.Exists(path))
        {
            throw new CommandFailure(ExitCode.InUse, $"{path} exists already: choose another name");
        }

        using var stream = new FileStream(path, FileMode.CreateNew);
        var summary = write(stream);
        stream.Flush(flushToDisk: true);
        return Print(terminal, parsed, path, summary);
    }

    /// <summary>Reads the file, at most so many bytes, and says what was taken in.</summary>
    internal static int Import(Terminal terminal, ParseResult parsed, string path, int mostBytes, Func<Stream, (int Validators, int Votes)> read)
    {
        using var stream = new MemoryStream(BoundedFile.Read(path, mostBytes, "interchange file"));
        return Print(terminal, parsed, path, read(stream));
    }

    private static int Print(Terminal terminal, ParseResult parsed, string path, (int Validators, int Votes) summary)
    {
        Report.Print(
            terminal, parsed.GetValue(CommonOptions.Json), ("file", path), ("validators", (JsonNode?)summary.Validators), ("votes", summary.Votes));
        return (int)ExitCode.Ok;
    }
}
