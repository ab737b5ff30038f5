using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace LuxTensor.Network;

/// <summary>Asks a name server for TXT records, over UDP; the base library asks for addresses only.</summary>
internal static class DnsTexts
{
    private const string Configuration = "/etc/resolv.conf";
    private const int Port = 53;
    private const int MostServers = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3); // a server

    /// <exception cref="IOException">No server is configured, none answered, or the answer is malformed.</exception>
    internal static async Task<IReadOnlyList<string>> AskAsync(string name, IReadOnlyList<IPEndPoint>? servers, TimeProvider time, CancellationToken cancellation)
    {
        Exception? last = null;
        foreach (var server in (servers ?? Configured()).Take(MostServers))
        {
            using var deadline = new CancellationTokenSource(Patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
            try
            {
                return await AskAsync(name, server, either.Token);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                cancellation.ThrowIfCancellationRequested();
                last = e;
            }
        }

        throw new IOException($"no name server answers for {name}: {last?.Message ?? $"none is configured in {Configuration}"}", last);
    }

    private static async Task<IReadOnlyList<string>> AskAsync(string name, IPEndPoint server, CancellationToken cancellation)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellation); // so that only the server's datagrams come in
        var id = (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
        await socket.SendAsync(new DnsMessage(id, false, [new(name, DnsMessage.Txt)], []).Encode(largeAnswers: true), cancellation);
        var buffer = new byte[DnsMessage.MaxSize];
        while (true)
        {
            var count = await socket.ReceiveAsync(buffer, cancellation);
            var answer = DnsMessage.Decode(buffer.AsSpan(0, count));
            if (answer.Id == id && answer.IsResponse)
            {
                return [.. answer.Records.Where(static it => it.Type == DnsMessage.Txt).Select(static it => string.Concat(it.Texts))];
            }
        }
    }

    private static IReadOnlyList<IPEndPoint> Configured()
    {
        try
        {
            return
            [
                .. from line in File.ReadLines(Configuration).Take(100)
                   let words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
                   where words is ["nameserver", ..] && words.Length > 1 && IPAddress.TryParse(words[1], out _)
                   select new IPEndPoint(IPAddress.Parse(words[1]), Port),
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
