using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LuxTensor.Tests.Node;

/// <summary>The least that takes OTLP over HTTP: it keeps every body, by path, and answers that all is well.</summary>
internal sealed class Collector : IDisposable
{
    private const int MaxBody = 16 << 20;

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Lock gate = new();
    private readonly List<(string Path, byte[] Body)> received = [];
    private readonly ConcurrentBag<Task> serving = [];

    public Collector()
    {
        listener.Start();
        serving.Add(AcceptAsync());
    }

    public string Endpoint => $"http://{listener.LocalEndpoint}";

    /// <summary>Whether a body that was sent to a path has a text in it. What was answered counts: its sender may have ended.</summary>
    public bool Has(string path, string text)
    {
        lock (gate)
        {
            return received.Exists(one => one.Path == path && one.Body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);
        }
    }

    public void Dispose() => listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                serving.Add(ServeAsync(await listener.AcceptTcpClientAsync()));
            }
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException)
        {
            // the test is over
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var owned = client;
        using var stream = new BufferedStream(client.GetStream());
        try
        {
            while (await HeadAsync(stream) is { } head)
            {
                var body = new byte[int.Min(LengthIn(head), MaxBody)];
                await stream.ReadExactlyAsync(body);
                lock (gate)
                {
                    received.Add((head.Split(' ')[1], body));
                }

                await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
                await stream.FlushAsync();
            }
        }
        catch (IOException)
        {
            // the sender is gone
        }
    }

    private static int LengthIn(string head)
    {
        const string Name = "content-length:";
        var at = head.IndexOf(Name, StringComparison.OrdinalIgnoreCase) + Name.Length;
        return int.Parse(head[at..head.IndexOf('\r', at)].Trim(), CultureInfo.InvariantCulture);
    }

    private static async Task<string?> HeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one) == 0)
            {
                return null;
            }

            head.Append((char)one[0]);
        }

        return head.ToString();
    }
}
