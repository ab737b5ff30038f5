using System.Text.Json;
using LuxTensor.Network;
using LuxTensor.Tests.Core;

namespace LuxTensor.Tests.Network;

/// <summary>
/// Every decoder of bytes that a peer (or a disk) may have written: it gives a value or the exception that it documents, never another one,
/// and never more than it was given room for.
/// </summary>
public sealed class Fuzz_of_the_decoders
{
    private const int Rounds = 3000;

    [Fact]
    public void Multiaddrs() => Fuzz(
        random => Addresses_and_ids.RandomAddress(random).ToBytes(),
        bytes => Assert.Equal(Multiaddr.Decode(bytes), Multiaddr.Decode(Multiaddr.Decode(bytes).ToBytes())));

    [Fact]
    public void Texts_of_multiaddrs() => Fuzz(
        random => System.Text.Encoding.ASCII.GetBytes(Addresses_and_ids.RandomAddress(random).ToString()),
        bytes =>
        {
            if (Multiaddr.TryParse(System.Text.Encoding.Latin1.GetString(bytes), out var address, out _))
            {
                Assert.Equal(address, Multiaddr.Parse(address.ToString()));
            }
        });

    [Fact]
    public void Identity_keys() => Fuzz(
        random => Convert.FromHexString(random.Next(3) switch
        {
            0 => "08011220a77f1d92fedb59dddaea5a1c4abd1ac2fbde7d7b879ed364501809923d7c11b9",
            1 => "08021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99",
            _ => "0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004bf30511f909414ebdd3242178fd290f093a551cf75c973155de0bb5a96fedf6cb5d52da7563e794b512f66e60c7f55ba8a3acf3dd72a801980d205e8a1ad29f2",
        }),
        bytes => IdentityKey.Decode(bytes),
        rounds: 500);

    [Fact]
    public void Noise_payloads() => Fuzz(
        random => new NoisePayload(Some(random, 40), Some(random, 64), random.Next(2) == 0 ? null : ["/yamux/1.0.0", "/mplex/6.7.0"]).Encode(),
        bytes =>
        {
            var payload = NoisePayload.Decode(bytes);
            Assert.Equal(payload.Key, NoisePayload.Decode(payload.Encode()).Key);
        });

    [Fact]
    public void Identify_messages() => Fuzz(
        random => new IdentifyMessage(
            Some(random, 40), [Addresses_and_ids.RandomAddress(random)], ["/a/1", "/b/2"], Addresses_and_ids.RandomAddress(random), "v", "agent").Encode(),
        bytes =>
        {
            var message = IdentifyMessage.Decode(bytes);
            Assert.Equal(message.Protocols, IdentifyMessage.Decode(message.Encode()).Protocols);
            Assert.Equal(message.Listen, IdentifyMessage.Decode(message.Encode()).Listen);
            Assert.DoesNotContain(message.Agent, char.IsControl);
        });

    [Fact]
    public void Dns_messages() => Fuzz(
        random => new DnsMessage(
            (ushort)random.Next(65536), random.Next(2) == 0, [new("_p2p._udp.local", DnsMessage.Ptr)],
            [new("_p2p._udp.local", DnsMessage.Ptr, 120, "somebody._p2p._udp.local", []), new("somebody._p2p._udp.local", DnsMessage.Txt, 120, "", ["dnsaddr=x", "y"])])
            .Encode(),
        bytes => DnsMessage.Decode(bytes));

    [Fact]
    public void Yamux_headers() => Fuzz(
        random =>
        {
            var bytes = new byte[Yamux.HeaderSize];
            new Yamux.Header((Yamux.Kind)random.Next(4), (ushort)random.Next(16), (uint)random.Next(), (uint)random.Next()).Write(bytes);
            return bytes;
        },
        bytes =>
        {
            if (bytes.Length >= Yamux.HeaderSize)
            {
                var back = new byte[Yamux.HeaderSize];
                Yamux.Header.Read(bytes).Write(back);
                Assert.Equal(bytes[..Yamux.HeaderSize], back);
            }
        });

    [Fact]
    public void Varints() => Fuzz(
        random =>
        {
            var bytes = new byte[Varint.MaxSize];
            return bytes[..Varint.Write(bytes, (ulong)random.NextInt64() >> random.Next(63))];
        },
        bytes =>
        {
            var used = Varint.Read(bytes, out var value);
            var back = new byte[Varint.MaxSize];
            Assert.True(used == 0 || bytes.AsSpan(0, used).SequenceEqual(back.AsSpan(0, Varint.Write(back, value))));
        });

    [Fact]
    public void Peer_store_files() => Fuzz(
        random => PeerStore.Encode([new KnownPeer(PeerIds.OfKey(Some(random, 36)), [Addresses_and_ids.RandomAddress(random)], DateTimeOffset.UnixEpoch, WasReached: true, "7F0000")]),
        bytes => PeerStore.Decode(bytes));

    [Fact]
    public void Multistream_select() => Fuzz(
        random => Multistream.Encode("/multistream/1.0.0", "/noise", "/tls/1.0.0"),
        bytes => Answered(stream => Multistream.ListenAsync(stream, static name => name == "/noise", CancellationToken.None).AsTask(), bytes));

    [Fact]
    public void Noise_handshakes()
    {
        using var identity = PeerIdentity.Generate();
        var noise = new NoiseSecurity(identity);
        Fuzz(
            random =>
            {
                using var handshake = new NoiseHandshake(true, Some(random, 32), Some(random, 32));
                return [0, 32, .. handshake.Write([]), 0, 64, .. Some(random, 64)];
            },
            bytes => Answered(stream => noise.SecureAsync(stream, isDialer: false, CancellationToken.None).AsTask(), bytes),
            rounds: 500,
            isValid: false);
    }

    [Fact]
    public void Yamux_connections_end_with_a_reason() => Fuzz(
        random =>
        {
            var bytes = new List<byte>();
            for (var i = random.Next(1, 8); i > 0; i--)
            {
                var header = new byte[Yamux.HeaderSize];
                var length = random.Next(100);
                new Yamux.Header((Yamux.Kind)random.Next(4), (ushort)random.Next(16), (uint)random.Next(6), (uint)length).Write(header);
                bytes.AddRange(header);
                bytes.AddRange(header[1] == 0 ? Some(random, length) : []);
            }

            return [.. bytes];
        },
        bytes =>
        {
            var (ours, theirs) = MemoryDuplex.Pair(1 << 20);
            using var metrics = new SwarmMetrics();
            var session = new YamuxSession(
                ours, isDialer: true, new(), new BufferBudget(1 << 20), TimeProvider.System, metrics, static async stream => await stream.DisposeAsync());
            session.Start();
            theirs.WriteAsync(bytes).AsTask().Wait();
            theirs.Dispose();
            Assert.True(session.Completion.Wait(TimeSpan.FromSeconds(30)), "the session does not end");
            Assert.True(SpinWait.SpinUntil(() => session.Buffered == 0, TimeSpan.FromSeconds(30)), "what the streams held is not given back"); // by their handlers, which end after it
        },
        rounds: 300);

    private static void Answered(Func<Stream, Task> listen, byte[] bytes)
    {
        var (ours, theirs) = MemoryDuplex.Pair(1 << 20);
        theirs.WriteAsync(bytes).AsTask().Wait();
        theirs.Dispose();
        try
        {
            Assert.True(listen(ours).Wait(TimeSpan.FromSeconds(30)), "it does not end");
        }
        catch (AggregateException e) when (e.InnerException is WireException or IOException)
        {
            throw new WireException("as documented", e);
        }
    }

    private static void Fuzz(Func<Random, byte[]> sample, Action<byte[]> decode, int rounds = Rounds, bool isValid = true) => Seeds.Each(1, random =>
    {
        if (isValid)
        {
            decode(sample(random));
        }

        for (var i = 0; i < Seeds.FuzzCount(rounds); i++)
        {
            var bytes = Mutate(random, sample(random));
            try
            {
                decode(bytes);
            }
            catch (Exception e) when (e is WireException or JsonException)
            {
                // as documented
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"mutation {i}, {Convert.ToHexString(bytes)}: {e.GetType().Name}: {e.Message}", e);
            }
        }
    });

    private static byte[] Mutate(Random random, byte[] bytes)
    {
        switch (random.Next(5))
        {
            case 0:
                return Some(random, random.Next(80));
            case 1:
                return bytes[..random.Next(bytes.Length + 1)];
            case 2:
                return [.. bytes, .. Some(random, random.Next(1, 20))];
            default:
                for (var i = random.Next(1, 5); i > 0 && bytes.Length > 0; i--)
                {
                    bytes[random.Next(bytes.Length)] = random.Next(3) == 0 ? (byte)0xff : (byte)random.Next(256);
                }

                return bytes;
        }
    }

    private static byte[] Some(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
