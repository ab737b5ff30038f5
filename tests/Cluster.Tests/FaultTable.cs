using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using LuxTensor.Crypto;
using LuxTensor.Tests.Postgres;

namespace LuxTensor.Tests.Cluster;

/// <summary>
/// A node of two validator silos and two gateways, as processes with PostgreSQL, under a steady load of transactions, while
/// parts of it are killed, stopped, frozen and replaced. Prints what each fault cost: how long finality paused, and whether
/// anything was lost, told twice or signed twice.
/// </summary>
internal sealed class FaultTable(Silo_cluster cluster, PostgresServer server) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly ConcurrentQueue<Hash256> accepted = [];
    private readonly CancellationTokenSource stop = new();
    private readonly List<Silo_process> validators = [];
    private readonly List<Silo_process> gateways = [];
    private readonly List<Silo_process> ended = [];
    private readonly HashSet<Hash256> unconfirmed = [];
    private int started;
    private int asked; // how many of the accepted were looked for
    private int refused;
    private Task load = Task.CompletedTask;

    private static readonly (string Name, Func<FaultTable, Task> Do)[] Faults =
    [
        ("kill -9 of the silo that runs the chain", table => table.ReplaceAsync(table.validators, table.ChainSilo, Signals.Kill)),
        ("kill -9 of the other validator silo", table => table.ReplaceAsync(table.validators, 1 - table.ChainSilo, Signals.Kill)),
        ("SIGTERM of the silo that runs the chain", table => table.ReplaceAsync(table.validators, table.ChainSilo, Signals.Terminate)),
        ("SIGSTOP of it until another runs the chain, SIGCONT", table => table.FreezeAsync()),
        ("kill -9 of a gateway", table => table.ReplaceAsync(table.gateways, 0, Signals.Kill)),
        ("SIGTERM of a gateway", table => table.ReplaceAsync(table.gateways, 0, Signals.Terminate)),
        ("PostgreSQL restarted", table => table.RestartAsync(static server => server.Stop())),
        ("kill -9 of PostgreSQL", table => table.RestartAsync(static server => server.Kill())),
        ("PostgreSQL out of reach for 5 s", table => table.FreezeDatabaseAsync()),
        ("rolling restart of all four silos", table => table.RollAsync()),
    ];

    private int ChainSilo => validators[0].RunsSince > validators[1].RunsSince ? 0 : 1;

    /// <summary>Runs every fault so many times and prints the table. 0 where nothing was lost, told twice or signed twice.</summary>
    public static async Task<int> RunAsync(int times, string? only)
    {
        using var server = PostgresServer.Start();
        await using var cluster = new Silo_cluster(server, secured: true, validators: 4);
        await cluster.MigrateAsync();
        await using var table = new FaultTable(cluster, server);
        await table.StartAsync();
        Console.WriteLine("| fault | times | final blocks lost or twice | events lost or twice | transactions lost | signed twice | longest pause, each time |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        var isClean = true;
        foreach (var (name, fault) in Faults.Where(fault => only is null || fault.Name.Contains(only, StringComparison.OrdinalIgnoreCase)))
        {
            var pauses = new List<double>();
            for (var time = 0; time < times; time++)
            {
                pauses.Add(await table.MeasureAsync(fault));
            }

            isClean &= await table.ReportAsync(name, pauses);
        }

        Console.WriteLine($"{table.accepted.Count} transactions accepted while this ran, {table.refused} attempts refused or unanswered and made again");
        return isClean ? 0 : 1;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await load.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task StartAsync()
    {
        validators.Add(Start("validator-silo"));
        validators.Add(Start("validator-silo"));
        gateways.Add(Start("gateway-silo"));
        gateways.Add(Start("gateway-silo"));
        await UntilAsync(() => gateways.All(static gateway => gateway.Finals.Count > 5), "both gateways tell of final blocks");
        load = Task.Run(LoadAsync);
    }

    private Silo_process Start(string role) => cluster.Start(role, $"{role[0]}{++started}");

    /// <summary>Does something to the node, waits until it is whole again, and gives the longest time without a final block, in seconds.</summary>
    private async Task<double> MeasureAsync(Func<FaultTable, Task> fault)
    {
        var from = Stopwatch.GetTimestamp();
        await fault(this);
        var reached = Highest();
        await UntilAsync(() => gateways.All(gateway => gateway.Finals.LastOrDefault().Height > reached + 10), "both gateways go on");
        long[] times = [.. gateways.Concat(ended).SelectMany(static silo => silo.Finals).GroupBy(static final => final.Height)
            .Select(static final => final.Min(static it => it.At)).Where(at => at > from).Order()];
        return times.Zip(times.Skip(1), static (before, after) => Stopwatch.GetElapsedTime(before, after).TotalSeconds)
            .Append(Stopwatch.GetElapsedTime(from, times[0]).TotalSeconds).Max();
    }

    private ulong Highest() => gateways.Concat(ended).SelectMany(static silo => silo.Finals).Max(static final => final.Height);

    private async Task ReplaceAsync(List<Silo_process> silos, int index, int signal)
    {
        var old = silos[index];
        old.Signal(signal);
        await UntilAsync(() => old.HasEnded, "the silo ends");
        ended.Add(old);
        silos[index] = Start(silos == gateways ? "gateway-silo" : "validator-silo");
        await UntilAsync(() => silos != gateways || !silos[index].Finals.IsEmpty, "the new gateway tells of final blocks");
        await silos[index].EventAsync("started");
        await UntilAsync(() => silos == gateways || validators.Any(static silo => silo.RunsSince > 0 && !silo.HasEnded), "a silo runs the chain");
    }

    private async Task FreezeAsync()
    {
        var frozen = ChainSilo;
        var before = validators[1 - frozen].RunsSince;
        validators[frozen].Signal(Signals.Stop);
        await UntilAsync(() => validators[1 - frozen].RunsSince > before, "the other silo runs the chain");
        validators[frozen].Signal(Signals.Continue);
        await UntilAsync(() => validators[frozen].HasEnded, "the silo that was frozen finds itself declared dead");
        ended.Add(validators[frozen]);
        validators[frozen] = Start("validator-silo");
        await validators[frozen].EventAsync("started");
    }

    private async Task RestartAsync(Action<PostgresServer> end)
    {
        end(server);
        await Task.Run(server.Start);
    }

    private async Task FreezeDatabaseAsync()
    {
        server.Freeze();
        await Task.Delay(TimeSpan.FromSeconds(5));
        server.Thaw();
    }

    private async Task RollAsync()
    {
        for (var index = 0; index < 2; index++)
        {
            await ReplaceAsync(validators, index, Signals.Terminate);
            await ReplaceAsync(gateways, index, Signals.Terminate);
        }
    }

    /// <summary>Sends transfers one after the other, each until a gateway has accepted it.</summary>
    private async Task LoadAsync()
    {
        for (ulong nonce = 0; !stop.IsCancellationRequested; nonce++)
        {
            var transaction = cluster.Chain.Transfer(nonce, 1);
            for (var attempt = 0; !stop.IsCancellationRequested; attempt++)
            {
                try
                {
                    if (await gateways[attempt % 2].CallAsync("eth_sendRawTransaction", $"0x{Convert.ToHexStringLower(transaction.Encoded.Span)}") is not null)
                    {
                        accepted.Enqueue(transaction.Id);
                        break;
                    }
                }
                catch (Exception) when (!stop.IsCancellationRequested)
                {
                    // unknown: asked again, at the other gateway
                }

                refused++;
                await Task.Delay(50, stop.Token);
            }
        }
    }

    private async Task<bool> ReportAsync(string name, List<double> pauses)
    {
        var sent = accepted.Count;
        unconfirmed.UnionWith(accepted.Take(sent).Skip(asked));
        asked = sent;

        var from = Stopwatch.GetTimestamp();
        while (unconfirmed.Count > 0 && Stopwatch.GetElapsedTime(from) < Patience)
        {
            var ids = unconfirmed.Take(200).ToArray();
            if (await CountFinalAsync(ids) == ids.Length)
            {
                unconfirmed.ExceptWith(ids);
            }
            else
            {
                await Task.Delay(100);
            }
        }

        var lost = unconfirmed.Count == 0 ? 0 : unconfirmed.Count - await CountFinalAsync(unconfirmed);
        var blocks = await cluster.AskDatabaseAsync("SELECT max(height) + 1 - count(*) FROM luxtensor.block");
        var twice = await cluster.AskDatabaseAsync(
            "SELECT count(*) FROM (SELECT 1 FROM (SELECT validator, height, round, phase, block FROM luxtensor.vote UNION SELECT validator, height, round, phase, block FROM luxtensor.signed) votes "
            + "GROUP BY validator, height, round, phase HAVING count(DISTINCT block) > 1) double")
            + await cluster.AskDatabaseAsync("SELECT count(*) FROM luxtensor.evidence");
        var events = gateways.Concat(ended).Sum(static silo => Holes([.. silo.Finals.Select(static final => final.Height)]));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {pauses.Count} | {blocks} | {events} | {lost} of {sent} | {twice} | {string.Join(", ", pauses.Select(pause => pause.ToString("0.0", CultureInfo.InvariantCulture)))} s |"));
        return blocks == 0 && events == 0 && lost == 0 && twice == 0;
    }

    private static int Holes(ulong[] heights) => heights.Zip(heights.Skip(1)).Count(static pair => pair.Second != pair.First + 1);

    private async Task<long> CountFinalAsync(IEnumerable<Hash256> ids) => await cluster.AskDatabaseAsync(
        $"SELECT count(*) FROM luxtensor.place WHERE id IN ({string.Join(',', ids.Select(id => $"'\\x{id.ToString()[2..]}'"))})");

    private async Task UntilAsync(Func<bool> holds, string what)
    {
        var from = Stopwatch.GetTimestamp();
        while (!holds())
        {
            if (Stopwatch.GetElapsedTime(from) > Patience)
            {
                var said = string.Join("\n\n", validators.Concat(gateways).Select(silo => string.Join('\n', silo.Said.Split('\n').TakeLast(12))));
                throw new TimeoutException($"in {Patience.TotalSeconds} s it did not come to this: {what}\n{said}");
            }

            await Task.Delay(20);
        }
    }
}
