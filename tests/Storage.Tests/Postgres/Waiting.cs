using System.Diagnostics;

namespace LuxTensor.Tests.Storage.Postgres;

internal static class Waiting
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    /// <summary>Asks the server until the answer is true; each question is a journey there and back.</summary>
    public static void Until(this PostgresNodes nodes, string condition)
    {
        using var connection = nodes.Connect();
        using var command = new Npgsql.NpgsqlCommand($"SELECT pg_sleep(0.01), {condition}", connection);
        for (var started = Stopwatch.GetTimestamp(); ;)
        {
            using (var row = command.ExecuteReader())
            {
                row.Read();
                if (row.GetBoolean(1))
                {
                    return;
                }
            }

            Assert.True(Stopwatch.GetElapsedTime(started) < Patience, $"it never was so: {condition}");
        }
    }

    /// <summary>Whether a session waits for a lock.</summary>
    public const string SomebodyWaits = "EXISTS (SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock')";

    /// <summary>Runs on a thread of its own: what is run waits for the server, and the pool's threads are few.</summary>
    public static Task<T> OnThread<T>(Func<T> body) => Task.Factory.StartNew(body, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Runs as many times at one moment as asked for.</summary>
    public static Task<T[]> AtOnce<T>(int times, Func<int, T> body)
    {
        var start = new CountdownEvent(times);
        return Task.WhenAll(Enumerable.Range(0, times).Select(i => OnThread(() =>
        {
            start.Signal();
            start.Wait();
            return body(i);
        })));
    }
}
