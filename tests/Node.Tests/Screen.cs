using System.Text;

namespace LuxTensor.Tests.Node;

/// <summary>Something to draw on, which knows when every wanted text has been there.</summary>
internal sealed class Screen(params string[] wanted) : TextWriter
{
    private readonly Lock gate = new();
    private readonly StringBuilder drawn = new();
    private readonly TaskCompletionSource complete = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override Encoding Encoding => Encoding.UTF8;

    internal Task Complete => complete.Task;

    public override void Write(char value) => Write(value.ToString());

    public override void Write(string? value)
    {
        lock (gate)
        {
            drawn.Append(value);
            if (!complete.Task.IsCompleted && Array.TrueForAll(wanted, text => drawn.ToString().Contains(text, StringComparison.Ordinal)))
            {
                complete.TrySetResult();
            }
        }
    }
}
