using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace LuxTensor.Tests.Node;

/// <summary>A TCP relay on loopback that can be slow, stall now and then as a link does that loses packets, or be cut.</summary>
internal sealed class Faulty_link : IDisposable
{
    private const int Piece = 16_384;

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, bool> open = new();
    private readonly int target;
    private readonly Random random;
    private volatile bool isCut;

    internal Faulty_link(int target, int seed)
    {
        this.target = target;
        random = new Random(seed);
        listener.Start();
        _ = AcceptAsync();
    }

    internal int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Every piece is this late, one of twenty so late again as a retransmission makes it.</summary>
    internal TimeSpan Delay { get; set; }

    internal void Cut()
    {
        isCut = true;
        foreach (var client in open.Keys)
        {
            client.Dispose();
        }
    }

    internal void Heal() => isCut = false;

    public void Dispose()
    {
        Cut();
        listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync();
                _ = isCut ? Refuse(client) : RelayAsync(client);
            }
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException)
        {
            // the test is over
        }
    }

    private static Task Refuse(TcpClient client)
    {
        client.Dispose();
        return Task.CompletedTask;
    }

    private async Task RelayAsync(TcpClient near)
    {
        using var far = new TcpClient();
        open.TryAdd(near, true);
        open.TryAdd(far, true);
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, target);
            if (!isCut)
            {
                await await Task.WhenAny(PumpAsync(near, far), PumpAsync(far, near)); // either end's end is both ends'
            }
        }
        catch (Exception end) when (end is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // cut, or one end is gone
        }
        finally
        {
            open.TryRemove(near, out _);
            open.TryRemove(far, out _);
            near.Dispose();
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to)
    {
        var (source, sink, piece) = (from.GetStream(), to.GetStream(), new byte[Piece]);
        for (int read; (read = await source.ReadAsync(piece)) > 0;)
        {
            if (Delay is { Ticks: > 0 } delay)
            {
                await Task.Delay(IsLost() ? 5 * delay : delay);
            }

            await sink.WriteAsync(piece.AsMemory(0, read));
        }
    }

    private bool IsLost()
    {
        lock (random)
        {
            return random.Next(20) == 0;
        }
    }
}
