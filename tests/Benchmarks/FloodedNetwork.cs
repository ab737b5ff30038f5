using System.Diagnostics;
using System.Globalization;
using LuxTensor.Network;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>How a node stands: its peers, what its host refused and closed, by cause, and what waits in its pool.</summary>
internal sealed record NodeReport(IReadOnlyDictionary<string, PeerReport> Peers, IReadOnlyDictionary<string, int> Counts, int Pool);

/// <summary>What a node makes of a peer.</summary>
internal sealed record PeerReport(int Reputation, bool IsBanned, string LastFault, ulong Failures, ulong Refused, bool IsConnected);

/// <summary>A validator's process, and what it says.</summary>
internal sealed class ValidatorProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60); // only turns a hang into a failure

    private readonly Process process;
    private readonly Task reading;
    private readonly Lock gate = new();
    private readonly List<(ulong Height, double Milliseconds, uint Round)> finals = [];
    private readonly Dictionary<string, PeerReport> peers = [];
    private readonly Dictionary<string, int> counts = [];
    private readonly TaskCompletionSource<Multiaddr> listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource<NodeReport>? asked;

    public ValidatorProcess(string folder, int index)
    {
        process = Process.Start(Own.Start("flooded-node", folder, index.ToString(CultureInfo.InvariantCulture))) ?? throw new InvalidOperationException("a node could not be started");
        reading = ReadAsync();
    }

    public Task<Multiaddr> Address => listening.Task.WaitAsync(Patience);

    public bool HasDied => process.HasExited;

    /// <summary>What became final since a height, as this node saw it.</summary>
    public IReadOnlyList<(ulong Height, double Milliseconds, uint Round)> FinalsAbove(ulong height)
    {
        lock (gate)
        {
            return [.. finals.Where(it => it.Height > height)];
        }
    }

    public ulong Height
    {
        get
        {
            lock (gate)
            {
                return finals.Count == 0 ? 0 : finals[^1].Height;
            }
        }
    }

    /// <summary>Bytes of memory that are in the machine's, not of the disk's.</summary>
    public long Resident()
    {
        if (process.HasExited)
        {
            return 0;
        }

        if (!OperatingSystem.IsLinux())
        {
            process.Refresh();
            return process.WorkingSet64;
        }

        var line = File.ReadLines($"/proc/{process.Id}/status").First(static it => it.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1_024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
    }

    public Task DialAsync(Multiaddr address) => process.StandardInput.WriteLineAsync($"dial {address}");

    /// <summary>Asks how the node stands.</summary>
    public async Task<NodeReport> ReportAsync()
    {
        var answer = new TaskCompletionSource<NodeReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            asked = answer;
        }

        await process.StandardInput.WriteLineAsync("report");
        return await answer.Task.WaitAsync(Patience);
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
        }

        await reading;
        process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            lock (gate)
            {
                Take(line);
            }
        }

        lock (gate)
        {
            asked?.TrySetException(new InvalidOperationException("the node has ended"));
        }
    }

    private void Take(string line)
    {
        switch (line.Split(' '))
        {
            case ["at", var address]:
                listening.TrySetResult(Multiaddr.Parse(address));
                break;
            case ["final", var height, var milliseconds, var round]:
                finals.Add((Number(height), Number(milliseconds), (uint)Number(round)));
                break;
            case ["peer", var id, var points, var banned, var fault, var failures, var refused, var connected]:
                peers[id] = new PeerReport((int)Number(points), banned == "True", fault, Number(failures), Number(refused), connected == "True");
                break;
            case ["count", var what, var count]:
                counts[what] = (int)Number(count);
                break;
            case ["reported", var pool, _]:
                asked?.TrySetResult(new NodeReport(new Dictionary<string, PeerReport>(peers), new Dictionary<string, int>(counts), (int)Number(pool)));
                peers.Clear();
                counts.Clear();
                break;
            default:
                Console.Error.WriteLine(line);
                break;
        }
    }

    private static ulong Number(string text) => ulong.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>Four validators, each a process, all connected.</summary>
internal sealed class FloodedNetwork : IAsyncDisposable
{
    private const int Validators = 4;
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("luxtensor-floods-");

    private FloodedNetwork() =>
        Nodes = [.. Enumerable.Range(0, Validators).Select(index => new ValidatorProcess(Path.Combine(folder.FullName, $"node{index + 1}"), index))];

    public IReadOnlyList<ValidatorProcess> Nodes { get; }

    /// <summary>The ids of the validators' hosts.</summary>
    public IReadOnlySet<string> Honest { get; private set; } = new HashSet<string>();

    /// <summary>Starts them, and waits until they decide.</summary>
    public static async Task<FloodedNetwork> StartAsync()
    {
        var network = new FloodedNetwork();
        var addresses = await Task.WhenAll(network.Nodes.Select(static node => node.Address));
        network.Honest = addresses.Select(static address => address.Peer!.Value.Name).ToHashSet();
        for (var from = 0; from < Validators; from++)
        {
            for (var to = 0; to < from; to++)
            {
                await network.Nodes[from].DialAsync(addresses[to]);
            }
        }

        var began = Stopwatch.GetTimestamp();
        while (network.Nodes.Min(static node => node.Height) < 20)
        {
            if (Stopwatch.GetElapsedTime(began).TotalMinutes > 2)
            {
                throw new TimeoutException("the validators decide nothing");
            }

            await Task.Delay(Beat);
        }

        return network;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Nodes.Select(static node => node.DisposeAsync().AsTask()));
        folder.Delete(recursive: true);
    }
}
