using System.Text;
using LuxTensor.Core.Consensus;
using LuxTensor.Network;
using LuxTensor.Tests.Core;

namespace LuxTensor.Tests.Network;

public sealed class Addresses_and_ids
{
    // libp2p specs, peer-ids: the encoded keys, and ids of TLS test vectors.
    [Theory]
    [InlineData("080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e", "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq")]
    [InlineData("08011220a77f1d92fedb59dddaea5a1c4abd1ac2fbde7d7b879ed364501809923d7c11b9", "12D3KooWM6CgA9iBFZmcYAHA6A2qvbAxqfkmrYiRQuz3XEsk4Ksv")]
    [InlineData("0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004bf30511f909414ebdd3242178fd290f093a551cf75c973155de0bb5a96fedf6cb5d52da7563e794b512f66e60c7f55ba8a3acf3dd72a801980d205e8a1ad29f2", "QmfXbAwNjJLXfesgztEHe8HwgVDCMMpZ9Eax1HYq6hn9uE")]
    [InlineData("08021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99", null)]
    public void A_key_decodes_to_its_id(string encoded, string? id)
    {
        var key = IdentityKey.Decode(Convert.FromHexString(encoded));

        Assert.Equal(encoded, Convert.ToHexStringLower(key.Encoded));
        Assert.Equal(id ?? key.Id.Name, key.Id.Name);
        Assert.Equal(key.Id, PeerIds.Parse(key.Id.Name));
        Assert.Equal(key.Id, PeerIds.OfMultihash(PeerIds.Multihash(key.Id)));
    }

    [Fact]
    public void The_seed_of_the_specification_gives_its_public_key()
    {
        using var identity = PeerIdentity.FromSeed(Convert.FromHexString("7e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d"));

        Assert.Equal("080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e", Convert.ToHexStringLower(identity.EncodedKey));
    }

    [Fact]
    public void An_id_written_as_a_CID_is_the_same_id()
    {
        Assert.Equal(new PeerId("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"), PeerIds.Parse("bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("12D3KooWM6CgA9iBFZmcYAHA6A2qvbAxqfkmrYiRQuz3XEsk4Ks0")] // no 0 in base 58
    [InlineData("Qm")]
    [InlineData("12D3KooWM6CgA9iBFZmcYAHA6A2qvbAxqfkmrYiRQuz3XEsk4KsvA")]
    [InlineData("bafkreie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe")] // a CID of something else
    public void What_is_no_id_is_refused(string text) => Assert.Null(PeerIds.Parse(text));

    [Theory]
    [InlineData("48656c6c6f20576f726c6421", "2NEpo7TZRRrLZSi2U")] // draft-msporny-base58, test vectors
    [InlineData("0000287fb4cd", "11233QC4")]
    [InlineData("", "")]
    public void Base58_has_its_vectors(string bytes, string text)
    {
        Assert.Equal(text, Base58.Encode(Convert.FromHexString(bytes)));
        Assert.Equal(bytes, Convert.ToHexStringLower(Base58.Decode(text)!));
    }

    [Fact]
    public void Keys_of_small_order_unknown_kinds_and_second_spellings_are_refused()
    {
        Assert.Contains("admissible", Refused("08011220" + "0100000000000000000000000000000000000000000000000000000000000000"), StringComparison.Ordinal);
        Assert.Contains("unknown kind", Refused("08041220" + new string('1', 64)), StringComparison.Ordinal);
        Assert.Contains(
            "unusual encoding", Refused("1220a77f1d92fedb59dddaea5a1c4abd1ac2fbde7d7b879ed364501809923d7c11b90801"), StringComparison.Ordinal);
        Assert.Contains("at most", Assert.Throws<WireException>(() => IdentityKey.Decode(new byte[5000])).Message, StringComparison.Ordinal);
    }

    // The texts and bytes of go-multiaddr's tests, and the table of multiformats/multiaddr.
    [Theory]
    [InlineData("/ip4/127.0.0.1/tcp/5321", "047f0000010614c9")]
    [InlineData("/ip6/2001:8a0:7ac5:4201:3ac9:86ff:fe31:7095/tcp/8000", "29200108a07ac542013ac986fffe317095061f40")]
    [InlineData("/dns4/example.com/tcp/443", "360b6578616d706c652e636f6d0601bb")]
    [InlineData("/dnsaddr/example.com", "380b6578616d706c652e636f6d")]
    [InlineData("/p2p/QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC", "a503221220d52ebb89d85b02a284948203a62ff28389c57c9f42beec4ec20db76a68911c0b")]
    public void A_multiaddr_has_one_text_and_one_binary_form(string text, string bytes)
    {
        var address = Multiaddr.Parse(text);

        Assert.Equal(bytes, Convert.ToHexStringLower(address.ToBytes()));
        Assert.Equal(text, Multiaddr.Decode(Convert.FromHexString(bytes)).ToString());
        Assert.Equal(address, Multiaddr.Decode(address.ToBytes()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ip4/1.2.3.4")]
    [InlineData("/ip4/1.2.3/tcp/1")]
    [InlineData("/ip4/1.2.3.4/tcp/65536")]
    [InlineData("/ip4/1.2.3.4/tcp/-1")]
    [InlineData("/ip4/1.2.3.4/tcp")]
    [InlineData("/ip4/1.2.3.4/udp/1")]
    [InlineData("/ip6/::1%lo/tcp/1")]
    [InlineData("/dns/a b/tcp/1")]
    [InlineData("/p2p/nobody")]
    [InlineData("/tcp/1/tcp/1/tcp/1/tcp/1/tcp/1/tcp/1/tcp/1/tcp/1/tcp/1")]
    public void What_is_no_multiaddr_is_refused_with_a_reason(string text)
    {
        Assert.False(Multiaddr.TryParse(text, out _, out var why));
        Assert.NotEmpty(why);
    }

    [Fact]
    public void A_peer_at_the_end_can_be_put_and_taken()
    {
        var place = Multiaddr.Parse("/ip4/192.0.2.1/tcp/30303");
        var peer = new PeerId("12D3KooWM6CgA9iBFZmcYAHA6A2qvbAxqfkmrYiRQuz3XEsk4Ksv");

        Assert.Equal("/ip4/192.0.2.1/tcp/30303/p2p/" + peer.Name, place.With(peer).ToString());
        Assert.Equal((peer, 30303, "192.0.2.1"), (place.With(peer).Peer, place.With(peer).Port, place.With(peer).Address!.ToString()));
        Assert.Equal(place, place.With(peer).WithoutPeer());
        Assert.True(place.IsDialable && place.With(peer).IsDialable && Multiaddr.Parse("/dnsaddr/example.com").IsDialable);
        Assert.False(Multiaddr.Parse("/p2p/" + peer.Name).IsDialable || Multiaddr.Parse("/ip4/192.0.2.1").IsDialable);
    }

    [Fact]
    public void Random_addresses_survive_both_forms() => Seeds.Each(300, random =>
    {
        var address = RandomAddress(random);
        Assert.Equal(address, Multiaddr.Parse(address.ToString()));
        Assert.Equal(address, Multiaddr.Decode(address.ToBytes()));
    });

    internal static Multiaddr RandomAddress(Random random)
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        var host = random.Next(5) switch
        {
            0 => $"/ip4/{new System.Net.IPAddress(bytes.AsSpan(0, 4))}",
            1 => $"/ip6/{new System.Net.IPAddress(bytes)}",
            2 => $"/dns/{Name()}",
            3 => $"/dns4/{Name()}",
            _ => $"/dns6/{Name()}",
        };
        var peer = random.Next(2) == 0 ? "" : "/p2p/" + Base58.Encode([0x12, 32, .. bytes, .. bytes]);
        return Multiaddr.Parse($"{host}/tcp/{random.Next(65536)}{peer}");

        string Name() => string.Join('.', Enumerable.Range(0, random.Next(1, 4)).Select(_ =>
            new StringBuilder().Append((char)('a' + random.Next(26)), random.Next(1, 20)).ToString()));
    }

    private static string Refused(string key) => Assert.Throws<WireException>(() => IdentityKey.Decode(Convert.FromHexString(key))).Message;
}
