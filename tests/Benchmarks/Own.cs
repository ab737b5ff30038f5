using System.Diagnostics;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>This program in another process.</summary>
internal static class Own
{
    /// <summary>How to start it, however this one was: its input and output are pipes.</summary>
    public static ProcessStartInfo Start(params string[] args) => new("dotnet", [typeof(Own).Assembly.Location, .. args])
    {
        UseShellExecute = false,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    };
}
