using LuxTensor.Node;

namespace LuxTensor.Tests.Node;

/// <summary>Runs the command line in this process.</summary>
internal static class Luxtensor
{
    /// <summary>Runs a command to its end, without a terminal.</summary>
    internal static Task<Outcome> Run(params string[] args) => RunWith(new Setting(), args);

    /// <summary>Runs a command to its end.</summary>
    internal static async Task<Outcome> RunWith(Setting setting, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var input = new StringReader(setting.Input);
        var hidden = new Queue<string>(setting.Hidden);
        var terminal = new Terminal(output, error, input)
        {
            CanAsk = setting.CanAsk,
            Variable = name => setting.Variables.GetValueOrDefault(name),
            ReadHidden = () => hidden.TryDequeue(out var line) ? line.ToCharArray() : null,
        };
        var code = await Cli.RunAsync(args, terminal, CancellationToken.None);
        return new Outcome((ExitCode)code, output.ToString(), error.ToString());
    }
}

/// <summary>What a command finds around it.</summary>
internal sealed record Setting
{
    internal string Input { get; init; } = "";

    internal bool CanAsk { get; init; }

    internal string[] Hidden { get; init; } = [];

    internal Dictionary<string, string> Variables { get; init; } = [];
}

/// <summary>What a command did.</summary>
internal sealed record Outcome(ExitCode Code, string Out, string Error)
{
    internal string[] Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>A folder of the test's own.</summary>
internal sealed class Folder : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("luxtensor-");

    internal string Path => folder.FullName;

    internal string this[string name] => System.IO.Path.Combine(folder.FullName, name);

    internal string Write(string name, string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        File.WriteAllText(this[name], text);
        File.SetUnixFileMode(this[name], mode);
        return this[name];
    }

    public void Dispose() => folder.Delete(recursive: true);
}
