using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace LuxTensor.Tests.Benchmarks;

/// <summary>
/// Many WebSocket clients that cost as little as they can: one thread reads their bare sockets in turn, so that what is measured
/// is the server. Every client gets a whole frame, which is looked at when the time is taken.
/// </summary>
internal sealed class RawSubscribers : IDisposable
{
    private const int BufferSize = 8 << 10;

    private readonly Client[] clients;

    /// <summary>Connects, and has each client send a request and take its answer where one is given.</summary>
    public RawSubscribers(IPEndPoint endpoint, int count, string? request)
    {
        clients = [.. Enumerable.Range(0, count).Select(_ => new Client(endpoint, request))];
    }

    /// <summary>The last note of the first client.</summary>
    public byte[] First => clients[0].Payload.ToArray();

    /// <summary>Milliseconds from the start of sending until the last client has its note.</summary>
    public async Task<double> DeliverAsync(Action send)
    {
        var reading = Task.Factory.StartNew(
            () =>
            {
                foreach (var client in clients)
                {
                    client.Receive();
                }

                return Stopwatch.GetTimestamp();
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        var start = Stopwatch.GetTimestamp();
        send();
        return Stopwatch.GetElapsedTime(start, await reading).TotalMilliseconds;
    }

    /// <summary>Whether every client's last note is its own subscription's and of that block, and whole.</summary>
    public void Check(string hash)
    {
        foreach (var client in clients)
        {
            using var note = JsonDocument.Parse(client.Payload);
            var parameters = note.RootElement.GetProperty("params");
            if (parameters.GetProperty("subscription").GetString() != client.Subscription || parameters.GetProperty("result").GetProperty("hash").GetString() != hash)
            {
                throw new InvalidOperationException($"not the note that was sent: {note.RootElement}");
            }
        }
    }

    public void Dispose() => Array.ForEach(clients, client => client.Dispose());

    private sealed class Client : IDisposable
    {
        private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        private readonly byte[] buffer = new byte[BufferSize];
        private int received;
        private Range payload;

        public Client(IPEndPoint endpoint, string? request)
        {
            socket.Connect(endpoint);
            socket.Send("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"u8);
            while (!buffer.AsSpan(0, received).EndsWith("\r\n\r\n"u8))
            {
                received += ReceiveMore();
            }

            if (request is null)
            {
                return;
            }

            // A client masks; a mask of zeros leaves the text as it is.
            socket.Send([0x81, (byte)(0x80 | request.Length), 0, 0, 0, 0, .. Encoding.ASCII.GetBytes(request)]);
            Receive();
            using var answer = JsonDocument.Parse(Payload);
            Subscription = answer.RootElement.GetProperty("result").GetString();
        }

        public string? Subscription { get; }

        public ReadOnlyMemory<byte> Payload => buffer.AsMemory(payload);

        /// <summary>Takes one text frame, of at most 65,535 bytes and not masked, as servers send them.</summary>
        public void Receive()
        {
            received = 0;
            var end = 0;
            while (end == 0 || received < end)
            {
                received += ReceiveMore();
                if (end == 0 && received >= 4)
                {
                    var length = (int)buffer[1];
                    var start = length == 126 ? 4 : 2;
                    length = length == 126 ? BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(2)) : length;
                    end = start + length;
                    payload = start..end;
                }
            }

            if (buffer[0] != 0x81 || received != end)
            {
                throw new InvalidOperationException($"not one whole text frame: {Convert.ToHexString(buffer.AsSpan(0, int.Min(received, 16)))}");
            }
        }

        public void Dispose() => socket.Dispose();

        private int ReceiveMore() =>
            socket.Receive(buffer.AsSpan(received)) is var got and > 0 ? got : throw new InvalidOperationException("the server ended a connection");
    }
}
