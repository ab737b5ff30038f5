using System.Collections.Concurrent;

namespace LuxTensor.Network;

/// <summary>Tasks that nobody waits for until the end. What they throw is told, never lost.</summary>
internal sealed class TaskGroup(Action<Exception> failed)
{
    private readonly ConcurrentDictionary<Task, bool> running = new();

    /// <summary>Runs a task beside the caller.</summary>
    internal void Run(Func<Task> body)
    {
        var task = Task.Run(async () =>
        {
            try
            {
                await body();
            }
            catch (Exception e)
            {
                failed(e);
            }
        });
        running[task] = true;
        _ = task.ContinueWith(static (done, state) => ((TaskGroup)state!).running.TryRemove(done, out _), this, TaskScheduler.Default);
    }

    /// <summary>Ends when all have.</summary>
    internal async Task EndAsync()
    {
        while (running.Keys.FirstOrDefault() is { } task)
        {
            await task;
            running.TryRemove(task, out _);
        }
    }
}
