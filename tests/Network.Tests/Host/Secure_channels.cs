using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LuxTensor.Network;
using LuxTensor.Tests.Core;

namespace LuxTensor.Tests.Network;

public sealed class Secure_channels
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // haskell-cryptography/cacophony, vectors/cacophony.txt, the first of Noise_XX_25519_ChaChaPoly_SHA256.
    private static readonly (string Payload, string Message)[] Cacophony =
    [
        ("4c756477696720766f6e204d69736573", "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c756477696720766f6e204d69736573"),
        ("4d757272617920526f746862617264",
            "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f14480884381cbad1f276e038c48378ffce2b65285e08d6b68aaa3629a5a8639392490e5b9bd5269c2f1e4f488ed8831161f19b7815528f8982ffe09be9b5c412f8a0db50f8814c7194e83f23dbd8d162c9326ad"),
        ("462e20412e20486179656b",
            "c7195ffacac1307ff99046f219750fc47693e23c3cb08b89c2af808b444850a80ae475b9df0f169ae80a89be0865b57f58c9fea0d4ec82a286427402f113e4b6ae769a1d95941d49b25030"),
        ("4361726c204d656e676572", "96763ed773f8e47bb3712f0e29b3060ffc956ffc146cee53d5e1df"),
        ("4a65616e2d426170746973746520536179", "3e40f15f6f3a46ae446b253bf8b1d9ffb6ed9b174d272328ff91a7e2e5c79c07f5"),
        ("457567656e2042f6686d20766f6e2042617765726b", "eb3f3515110702e047a6c9da4478b6ead94873c11c0f2d710ddb3f09fce024b3a58502ae3f"),
    ];

    // libp2p specs, tls: the certificates of its test vectors.
    private const string OfEd25519 =
        "308201ae30820156a0030201020204499602d2300a06082a8648ce3d040302302031123010060355040a13096c69627032702e696f310a300806035504051301313020170d3735303130313133303030305a180f34303936303130313133303030305a302031123010060355040a13096c69627032702e696f310a300806035504051301313059301306072a8648ce3d020106082a8648ce3d030107034200040c901d423c831ca85e27c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec878504c174144fa4b14b66a651691606d8173e55bd37e381569ea37c307a3078060a2b0601040183a25a0101046a3068042408011220a77f1d92fedb59dddaea5a1c4abd1ac2fbde7d7b879ed364501809923d7c11b90440d90d2769db992d5e6195dbb08e706b6651e024fda6cfb8846694a435519941cac215a8207792e42849cccc6cd8136c6e4bde92a58c5e08cfd4206eb5fe0bf909300a06082a8648ce3d0403020346003043021f50f6b6c52711a881778718238f650c9fb48943ae6ee6d28427dc6071ae55e702203625f116a7a454db9c56986c82a25682f7248ea1cb764d322ea983ed36a31b77";

    private const string OfEcdsa =
        "308201f63082019da0030201020204499602d2300a06082a8648ce3d040302302031123010060355040a13096c69627032702e696f310a300806035504051301313020170d3735303130313133303030305a180f34303936303130313133303030305a302031123010060355040a13096c69627032702e696f310a300806035504051301313059301306072a8648ce3d020106082a8648ce3d030107034200040c901d423c831ca85e27c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec878504c174144fa4b14b66a651691606d8173e55bd37e381569ea381c23081bf3081bc060a2b0601040183a25a01010481ad3081aa045f0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004bf30511f909414ebdd3242178fd290f093a551cf75c973155de0bb5a96fedf6cb5d52da7563e794b512f66e60c7f55ba8a3acf3dd72a801980d205e8a1ad29f2044730450220064ea8124774caf8f50e57f436aa62350ce652418c019df5d98a3ac666c9386a022100aa59d704a931b5f72fb9222cb6cc51f954d04a4e2e5450f8805fe8918f71eaae300a06082a8648ce3d04030203470030440220799395b0b6c1e940a7e4484705f610ab51ed376f19ff9d7c16757cfbf61b8d4302206205c03fbb0f95205c779be86581d3e31c01871ad5d1f3435bcf375cb0e5088a";

    private const string OfSecp256k1 =
        "308201ba3082015fa0030201020204499602d2300a06082a8648ce3d040302302031123010060355040a13096c69627032702e696f310a300806035504051301313020170d3735303130313133303030305a180f34303936303130313133303030305a302031123010060355040a13096c69627032702e696f310a300806035504051301313059301306072a8648ce3d020106082a8648ce3d030107034200040c901d423c831ca85e27c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec878504c174144fa4b14b66a651691606d8173e55bd37e381569ea38184308181307f060a2b0601040183a25a01010471306f0425080212210206dc6968726765b820f050263ececf7f71e4955892776c0970542efd689d2382044630440220145e15a991961f0d08cd15425bb95ec93f6ffa03c5a385eedc34ecf464c7a8ab022026b3109b8a3f40ef833169777eb2aa337cfb6282f188de0666d1bcec2a4690dd300a06082a8648ce3d0403020349003046022100e1a217eeef9ec9204b3f774a08b70849646b6a1e6b8b27f93dc00ed58545d9fe022100b00dafa549d0f03547878338c7b15e7502888f6d45db387e5ae6b5d46899cef0";

    private const string OfAnother =
        "308201f73082019da0030201020204499602d2300a06082a8648ce3d040302302031123010060355040a13096c69627032702e696f310a300806035504051301313020170d3735303130313133303030305a180f34303936303130313133303030305a302031123010060355040a13096c69627032702e696f310a300806035504051301313059301306072a8648ce3d020106082a8648ce3d030107034200040c901d423c831ca85e27c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec878504c174144fa4b14b66a651691606d8173e55bd37e381569ea381c23081bf3081bc060a2b0601040183a25a01010481ad3081aa045f0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004bf30511f909414ebdd3242178fd290f093a551cf75c973155de0bb5a96fedf6cb5d52da7563e794b512f66e60c7f55ba8a3acf3dd72a801980d205e8a1ad29f204473045022100bb6e03577b7cc7a3cd1558df0da2b117dfdcc0399bc2504ebe7de6f65cade72802206de96e2a5be9b6202adba24ee0362e490641ac45c240db71fe955f2c5cf8df6e300a06082a8648ce3d0403020348003045022100e847f267f43717358f850355bdcabbefb2cfbf8a3c043b203a14788a092fe8db022027c1d04a2d41fd6b57a7e8b3989e470325de4406e52e084e34a3fd56eef0d0df";

    [Fact]
    public void Noise_repeats_the_public_vector_from_both_sides()
    {
        using var initiator = Side(true, "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1", "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a");
        using var responder = Side(false, "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893", "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b");

        for (var i = 0; i < 3; i++)
        {
            var (writer, reader) = i % 2 == 0 ? (initiator, responder) : (responder, initiator);
            var message = writer.Write(Convert.FromHexString(Cacophony[i].Payload));
            Assert.Equal(Cacophony[i].Message, Convert.ToHexStringLower(message));
            Assert.Equal(Cacophony[i].Payload, Convert.ToHexStringLower(reader.Read(message)));
        }

        Assert.Equal("c8e5f64e846193be2a834104c2a009868d6c9f3bd3c186299888b488b2f1f58e", Convert.ToHexStringLower(initiator.Hash));
        Assert.Equal(initiator.Hash, responder.Hash);
        var (first, second) = (initiator.Split(), responder.Split());
        for (var i = 3; i < Cacophony.Length; i++)
        {
            var (sender, receiver) = i % 2 == 0 ? (first.Send, second.Receive) : (second.Send, first.Receive);
            var plain = Convert.FromHexString(Cacophony[i].Payload);
            var message = new byte[plain.Length + NoiseCipher.TagSize];
            sender.Encrypt(plain, message, []);
            Assert.Equal(Cacophony[i].Message, Convert.ToHexStringLower(message));
            var opened = new byte[plain.Length];
            receiver.Decrypt(message, opened, []);
            Assert.Equal(plain, opened);
        }
    }

    [Fact]
    public async Task Two_sides_prove_their_identities_and_agree_on_the_muxer()
    {
        using var dialer = PeerIdentity.Generate();
        using var listener = PeerIdentity.Generate();
        var (near, far) = MemoryDuplex.Pair();

        var listening = new NoiseSecurity(listener).SecureAsync(far, isDialer: false, Host.Soon).AsTask();
        var dialled = await new NoiseSecurity(dialer).SecureAsync(near, isDialer: true, Host.Soon);
        var accepted = await listening;

        Assert.Equal((listener.Id, true), (dialled.Key.Id, dialled.MuxerAgreed));
        Assert.Equal((dialer.Id, true), (accepted.Key.Id, accepted.MuxerAgreed));
    }

    [Fact]
    public async Task A_static_key_that_another_identity_signed_is_refused()
    {
        using var dialer = PeerIdentity.Generate();
        using var thief = PeerIdentity.Generate();
        using var victim = PeerIdentity.Generate();
        var (near, far) = MemoryDuplex.Pair();
        var dialling = new NoiseSecurity(dialer).SecureAsync(near, isDialer: true, Host.Soon).AsTask();

        var (secret, key) = (new byte[32], new byte[32]);
        LuxTensor.Crypto.X25519.Generate(secret, key);
        using var handshake = new NoiseHandshake(false, secret, key);
        var head = new byte[2];
        await far.ReadExactlyAsync(head, Host.Soon);
        var first = new byte[BinaryPrimitives.ReadUInt16BigEndian(head)];
        await far.ReadExactlyAsync(first, Host.Soon);
        handshake.Read(first);
        var lie = handshake.Write(new NoisePayload(victim.EncodedKey, thief.Sign([.. "noise-libp2p-static-key:"u8, .. key]), null).Encode());
        BinaryPrimitives.WriteUInt16BigEndian(head, (ushort)lie.Length);
        await far.WriteAsync((byte[])[.. head, .. lie], Host.Soon);

        Assert.Contains("not signed by the identity key", (await Assert.ThrowsAsync<WireException>(() => dialling)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_of_any_sizes_come_through_a_noise_channel_whole() => Seeds.Each(20, random =>
    {
        var key = RandomNumberGenerator.GetBytes(32);
        var (near, far) = MemoryDuplex.Pair(random.Next(1000, 300_000));
        var sender = new NoiseChannel(near, new NoiseCipher(key), new NoiseCipher(key));
        var receiver = new NoiseChannel(far, new NoiseCipher(key), new NoiseCipher(key));
        var sent = new byte[random.Next(1, 700_000)];
        random.NextBytes(sent);
        var (pieces, reads) = (new Random(random.Next()), new Random(random.Next()));

        var writing = Task.Run(async () =>
        {
            for (var at = 0; at < sent.Length;)
            {
                var count = int.Min(sent.Length - at, pieces.Next(1, 200_000));
                await sender.WriteAsync(sent.AsMemory(at, count), Host.Soon);
                at += count;
            }
        });
        var received = new byte[sent.Length];
        for (var held = 0; held < received.Length;)
        {
            held += receiver.ReadAsync(received.AsMemory(held, int.Min(received.Length - held, reads.Next(1, 150_000))), Host.Soon).AsTask().Result;
        }

        writing.Wait();
        Assert.Equal(sent, received);
    });

    [Fact]
    public async Task A_changed_bit_and_a_cut_message_are_seen()
    {
        var key = new byte[32];
        var sealedBytes = new byte[2 + 5 + NoiseCipher.TagSize];
        BinaryPrimitives.WriteUInt16BigEndian(sealedBytes, 5 + NoiseCipher.TagSize);
        new NoiseCipher(key).Encrypt("hello"u8, sealedBytes.AsSpan(2), []);
        for (var i = 2; i < sealedBytes.Length; i++)
        {
            var changed = (byte[])sealedBytes.Clone();
            changed[i] ^= 1;
            await Assert.ThrowsAsync<WireException>(() => ReadAsync(changed));
        }

        await Assert.ThrowsAsync<WireException>(() => ReadAsync(sealedBytes[..^1]));
        Assert.Equal(5, await ReadAsync(sealedBytes));

        async Task<int> ReadAsync(byte[] bytes)
        {
            var (near, far) = MemoryDuplex.Pair();
            await far.WriteAsync(bytes, Host.Soon);
            far.Dispose();
            return await new NoiseChannel(near, new NoiseCipher(key), new NoiseCipher(key)).ReadAsync(new byte[100], Host.Soon);
        }
    }

    [Theory]
    [InlineData(OfEd25519, "12D3KooWM6CgA9iBFZmcYAHA6A2qvbAxqfkmrYiRQuz3XEsk4Ksv")]
    [InlineData(OfEcdsa, "QmfXbAwNjJLXfesgztEHe8HwgVDCMMpZ9Eax1HYq6hn9uE")]
    [InlineData(OfSecp256k1, "16Uiu2HAkutTMoTzDw1tCvSRtu6YoixJwS46S1ZFxW8hSx9fWHiPs")]
    public void Certificates_of_the_specification_prove_their_ids(string certificate, string id)
    {
        using var loaded = X509CertificateLoader.LoadCertificate(Convert.FromHexString(certificate));

        Assert.Equal(id, TlsCertificate.Verify(loaded, Now).Id.Name);
    }

    [Fact]
    public void Certificates_that_break_a_rule_are_refused_by_its_name()
    {
        using var identity = PeerIdentity.Generate();
        using var good = TlsCertificate.Create(identity, Now);
        Assert.Equal(identity.Id, TlsCertificate.Verify(good, Now).Id);

        Refused(X509CertificateLoader.LoadCertificate(Convert.FromHexString(OfAnother)), Now, "not signed by the identity key");
        Refused(good, Now.AddDays(-3), "valid from");
        Refused(good, Now.AddYears(200), "valid from");
        Refused(Made(), Now, "no libp2p extension");
        Refused(Made(good.Extensions[0], new X509Extension("1.2.3.4.5", [5, 0], critical: true)), Now, "unknown critical extension 1.2.3.4.5");
        Refused(Made(good.Extensions[0]), Now, "not signed by the identity key"); // of another certificate's key
        var forged = good.RawData;
        forged[^1] ^= 1;
        Refused(X509CertificateLoader.LoadCertificate(forged), Now, "not signed by its own key");

        static X509Certificate2 Made(params X509Extension[] extensions)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256);
            Array.ForEach(extensions, request.CertificateExtensions.Add);
            return request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(1));
        }
    }

    [Fact]
    public async Task Multistream_select_falls_back_and_gives_up()
    {
        Assert.Equal("/b", await AgreeAsync(["/a", "/b"], "/b", "/c"));
        Assert.Equal("/a", await AgreeAsync(["/a", "/b"], "/a", "/b"));
        var (near, far) = MemoryDuplex.Pair();
        var dialling = Multistream.DialAsync(near, ["/a", "/b"], Host.Soon).AsTask();
        var listening = Multistream.ListenAsync(far, static _ => false, Host.Soon).AsTask();
        Assert.Null(await dialling);
        near.Dispose();
        await Assert.ThrowsAsync<WireException>(() => listening);

        async Task<string?> AgreeAsync(string[] wanted, params string[] spoken)
        {
            var (one, two) = MemoryDuplex.Pair();
            var dial = Multistream.DialAsync(one, wanted, Host.Soon).AsTask();
            Assert.Equal(await Multistream.ListenAsync(two, spoken.Contains, Host.Soon), await dial);
            return await dial;
        }
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("\u0013/multistream/2.0.0\n")]
    [InlineData("\u0013/multistream/1.0.0 ")]
    public async Task Other_protocols_are_named_and_refused(string said)
    {
        var (near, far) = MemoryDuplex.Pair();
        await far.WriteAsync(System.Text.Encoding.ASCII.GetBytes(said), Host.Soon);
        far.Dispose();

        await Assert.ThrowsAsync<WireException>(() => Multistream.ListenAsync(near, static _ => true, Host.Soon).AsTask());
    }

    [Fact]
    public async Task Endless_proposals_and_long_names_are_cut_off()
    {
        var (near, far) = MemoryDuplex.Pair(1 << 20);
        var messages = new List<string> { "/multistream/1.0.0" };
        messages.AddRange(Enumerable.Range(0, Multistream.MaxProposals).Select(i => $"/proposal/{i}"));
        await far.WriteAsync(Multistream.Encode([.. messages]), Host.Soon);
        Assert.Contains("more than 16 proposals", (await RefusedAsync(near)).Message, StringComparison.Ordinal);

        (near, far) = MemoryDuplex.Pair(1 << 20);
        await far.WriteAsync(Multistream.Encode("/multistream/1.0.0", new string('x', Multistream.MaxMessage)), Host.Soon);
        Assert.Contains("at most 1024", (await RefusedAsync(near)).Message, StringComparison.Ordinal);

        static Task<WireException> RefusedAsync(Stream stream) =>
            Assert.ThrowsAsync<WireException>(() => Multistream.ListenAsync(stream, static _ => false, Host.Soon).AsTask());
    }

    private static NoiseHandshake Side(bool initiator, string secret, string ephemeral)
    {
        var (bytes, key) = (Convert.FromHexString(secret), new byte[32]);
        LuxTensor.Crypto.X25519.DerivePublicKey(bytes, key);
        return new(initiator, bytes, key, "John Galt"u8, Convert.FromHexString(ephemeral));
    }

    private static void Refused(X509Certificate2 certificate, DateTimeOffset at, string rule)
    {
        Assert.Contains(rule, Assert.Throws<WireException>(() => TlsCertificate.Verify(certificate, at)).Message, StringComparison.Ordinal);
    }
}
