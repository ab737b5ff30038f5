namespace LuxTensor.Tests.SeededFaults;

/// <summary>
/// A rule broken on purpose: one text in one source file in place of another. The text stands there exactly once, so a
/// change of the code that a fault is about has to bring the fault along (a test says which).
/// </summary>
/// <param name="Name">What is wrong, in a few words.</param>
/// <param name="Rule">The rule of SPEC.md that it breaks.</param>
/// <param name="File">The file, from the root of the repository.</param>
/// <param name="Original">What the file says.</param>
/// <param name="Replacement">What it is to say instead.</param>
internal sealed record Fault(string Name, string Rule, string File, string Original, string Replacement)
{
    /// <summary>The simulator's profile that is most likely to need the rule; it runs first.</summary>
    public string Profile { get; init; } = "Mixed";

    /// <summary>The project that the file is of, which is also the assembly's name.</summary>
    public string Project => File.StartsWith("silo-config/", StringComparison.Ordinal) ? "LuxTensor.Storage" : File.Split('/')[1]; // which carries the scripts

    /// <summary>Whether it is about who votes what, so that a validator that is there twice may need the rule.</summary>
    public bool IsAboutVotes => File.Split('/')[2] is "Consensus" or "Finality" or "Voting";

    /// <summary>The file's text with the fault in it.</summary>
    /// <exception cref="InvalidOperationException">The original does not stand there exactly once.</exception>
    public string Seed(string text) => Count(text) == 1
        ? text.Replace(Original, Replacement, StringComparison.Ordinal)
        : throw new InvalidOperationException($"{Name}: {File} has the original text {Count(text)} times, not once: bring the fault in line with the code");

    /// <summary>How often the original stands in a text.</summary>
    public int Count(string text) => text.Split(Original).Length - 1;
}

/// <summary>Every seeded fault.</summary>
internal static partial class Faults
{
    public static IReadOnlyList<Fault> All { get; } =
        [.. Voting, .. Counting, .. Rounds, .. Decisions, .. Blocks, .. Execution, .. Staking, .. Rewards, .. Hosts, .. SharedStore, .. Peers];
}
