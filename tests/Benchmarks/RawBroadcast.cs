using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>
/// The least that can send a note to many WebSocket subscribers: one ready frame, one send a socket, on two threads. What a
/// server does beyond it is the price of queues, limits and slow readers.
/// </summary>
internal sealed class RawBroadcast : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly List<Socket> sockets = [];
    private readonly Task accepting;

    public RawBroadcast()
    {
        listener.Start(1024);
        accepting = AcceptAsync();
    }

    public IPEndPoint Endpoint => (IPEndPoint)listener.LocalEndpoint;

    /// <summary>Sends a text note to everybody.</summary>
    public void Send(byte[] note)
    {
        byte[] head = note.Length < 126 ? [0x81, (byte)note.Length] : [0x81, 126, (byte)(note.Length >> 8), (byte)note.Length];
        byte[] frame = [.. head, .. note];
        Socket[] targets;
        lock (sockets)
        {
            targets = [.. sockets];
        }

        Parallel.For(0, 2, half =>
        {
            for (var i = half; i < targets.Length; i += 2)
            {
                targets[i].Send(frame);
            }
        });
    }

    public void Dispose()
    {
        listener.Dispose();
        accepting.Wait();
        sockets.ForEach(socket => socket.Dispose());
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await listener.AcceptSocketAsync();
                socket.NoDelay = true;
                await GreetAsync(socket);
                lock (sockets)
                {
                    sockets.Add(socket);
                }
            }
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException)
        {
            // the benchmark is over
        }
    }

    private static async Task GreetAsync(Socket socket)
    {
        var buffer = new byte[4096];
        var length = 0;
        while (!buffer.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
        {
            length += await socket.ReceiveAsync(buffer.AsMemory(length));
        }

        var request = Encoding.ASCII.GetString(buffer, 0, length);
        const string Name = "Sec-WebSocket-Key: ";
        var at = request.IndexOf(Name, StringComparison.OrdinalIgnoreCase) + Name.Length;
        var key = request[at..request.IndexOf('\r', at)];
        // RFC 6455 §4.2.2 asks for SHA-1; it protects nothing here.
#pragma warning disable CA5350
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"));
    }
}
