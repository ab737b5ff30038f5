using System.Buffers.Binary;
using System.Security.Cryptography;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>Two-way interoperation with js-libp2p.</summary>
public sealed class Interop_with_js
{
    private const string Answer = "/luxtensor/test/answer/1";

    [SkippableTheory]
    [InlineData("noise", "/noise")]
    [InlineData("tls", "/tls/1.0.0")]
    public async Task Js_dials_this_host(string security, string name)
    {
        JsPeer.Require();
        await using var host = await Host.StartAsync(before: ServeAnswers);
        await using var js = await JsPeer.StartAsync(new { security = new[] { security } });

        var connection = await js.DoAsync("dial", new { address = host.Address.ToString() });

        Assert.Equal((host.Id.Name, name, "/yamux/1.0.0"), ((string)connection!["peer"]!, (string)connection["security"]!, (string)connection["muxer"]!));
        var seen = await js.EventAsync("identified");
        Assert.Equal("luxtensor/0.1.0", (string?)seen["agent"]);
        Assert.Contains(Answer, seen["protocols"]!.AsArray().Select(it => (string)it!));
        Assert.Contains(host.Swarm.Listening[0].ToString(), seen["listen"]!.AsArray().Select(it => (string)it!));
        Assert.StartsWith("js-libp2p/", (await host.JoinedAsync(js.Id)).Agent, StringComparison.Ordinal);
        await js.DoAsync("ping", new { peer = host.Id.Name });
        await js.DoAsync("ask", new { peer = host.Id.Name, payloadSize = 16 << 20, answerSize = 32 });
        await js.DoAsync("ask", new { peer = host.Id.Name, payloadSize = 1, answerSize = 16 << 20 });
        await js.DoAsync("ask", new { peer = host.Id.Name, payloadSize = 20_000, answerSize = 30_000, count = 60 });
        await js.DoAsync("hangUp", new { peer = host.Id.Name });
        await host.LeftAsync(js.Id);
    }

    [SkippableTheory]
    [InlineData("noise", "/noise")]
    [InlineData("tls", "/tls/1.0.0")]
    public async Task This_host_dials_js(string security, string name)
    {
        JsPeer.Require();
        await using var js = await JsPeer.StartAsync(new { security = new[] { security } });
        await using var host = await Host.StartAsync(before: ServeAnswers);

        await host.Swarm.DialAsync(Multiaddr.Parse(js.Addresses[0]), Host.Soon);

        Assert.Equal(name, (await host.EventAsync<SwarmEvent.Connected>()).Security);
        Assert.Contains(Answer, (await host.JoinedAsync(js.Id)).Protocols);
        Assert.Equal(host.Id.Name, (string?)(await js.EventAsync("identified"))["peer"]);
        await using (var ping = await host.Swarm.OpenAsync(js.Id, [PingProtocol.Name], Host.Soon))
        {
            await PingProtocol.PingAsync(ping, Host.Soon);
        }

        await AskAsync(host.Swarm, js, 16 << 20, 32);
        await AskAsync(host.Swarm, js, 1, 16 << 20);
        await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => AskAsync(host.Swarm, js, 20_000, 30_000)));
        host.Swarm.Disconnect(js.Id, "the test is over");
        await js.EventAsync("disconnected");
    }

    internal static void ServeAnswers(Swarm swarm) => swarm.Serve(Answer, 128, async (stream, cancellation) =>
    {
        var request = await Frames.ReadAsync(stream, (16 << 20) + 4, "a request", cancellation);
        await Frames.WriteAsync(stream, AnswerTo(request), cancellation);
    });

    internal static byte[] AnswerTo(ReadOnlySpan<byte> request)
    {
        var answer = new byte[BinaryPrimitives.ReadUInt32BigEndian(request)];
        SHA256.HashData(request[4..], answer);
        return answer;
    }

    internal static async Task AskAsync(Swarm swarm, JsPeer js, int payloadSize, int answerSize)
    {
        var request = new byte[4 + payloadSize];
        RandomNumberGenerator.Fill(request.AsSpan(4));
        BinaryPrimitives.WriteInt32BigEndian(request, answerSize);
        await using var stream = await swarm.OpenAsync(js.Id, [Answer], Host.Soon);
        var writing = Frames.WriteAsync(stream, request, Host.Soon).AsTask();
        var answer = await Frames.ReadAsync(stream, answerSize, "an answer", Host.Soon);
        await writing;
        Assert.Equal(AnswerTo(request), answer);
    }
}
