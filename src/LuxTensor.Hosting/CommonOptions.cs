using System.CommandLine;

namespace LuxTensor.Hosting;

/// <summary>Options that several commands share.</summary>
internal static class CommonOptions
{
    /// <summary>Where a local node answers.</summary>
    internal const string DefaultRpc = "http://127.0.0.1:8545";

    /// <summary>Machine-readable output, on every command.</summary>
    internal static Option<bool> Json { get; } = new("--json") { Description = "Print JSON: one object a line.", Recursive = true };

    /// <summary>An option: what its value is called in the help, and what it is where it is not given.</summary>
    internal static Option<T> Of<T>(string name, string description, string? value = null, T? unless = default, bool required = false)
    {
        var option = new Option<T>(name) { Description = description, HelpName = value, Required = required };
        if (!EqualityComparer<T>.Default.Equals(unless, default))
        {
            option.DefaultValueFactory = _ => unless!;
        }

        return option;
    }

    /// <summary>Where a password is read from.</summary>
    internal static Option<string?> PasswordFile(string of = "the keystore") => new("--password-file")
    {
        Description = $"File whose first line is the password of {of}. Without it: {Password.Variable}, else it is asked for.",
        HelpName = "FILE",
    };

    /// <summary>The node that a client command asks.</summary>
    internal static Option<string> Rpc() => new("--rpc")
    {
        Description = "The node's HTTP address.",
        HelpName = "URL",
        DefaultValueFactory = static _ => DefaultRpc,
    };

    /// <summary>An answer to the question whether to go on.</summary>
    internal static Option<bool> Yes() => new("--yes", "-y") { Description = "Do not ask." };

    /// <summary>The name of a file, required.</summary>
    internal static Option<string> File(string name, string description) =>
        new(name) { Description = description, HelpName = "FILE", Required = true };
}
