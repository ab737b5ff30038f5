namespace LuxTensor.Hosting.Configuration;

/// <summary>What is wrong with a file, all of it: whoever writes one wants every fault at once.</summary>
internal sealed class Problems(string file)
{
    private const int Limit = 50;
    private readonly List<(int Line, string Text)> found = [];

    /// <summary>Whether nothing was found.</summary>
    internal bool IsEmpty => found.Count == 0;

    /// <summary>Whether so much was found that looking further helps nobody.</summary>
    internal bool IsFull => found.Count >= Limit;

    /// <summary>Notes a problem; line 0 is the file as a whole.</summary>
    internal void Add(int line, string text)
    {
        if (!IsFull && !found.Contains((line, text))) // a part may be read again
        {
            found.Add((line, text));
        }
    }

    /// <summary>Throws where something was found.</summary>
    /// <exception cref="CommandFailure">With one line a problem, by line.</exception>
    internal void ThrowIfAny()
    {
        if (!IsEmpty)
        {
            var lines = found.OrderBy(static it => it.Line).Select(
                it => it.Line == 0 ? $"{file}: {it.Text}" : $"{file}:{it.Line}: {it.Text}");
            throw CommandFailure.Usage(string.Join('\n', lines) + (IsFull ? $"\n{file}: and perhaps more" : ""));
        }
    }
}
