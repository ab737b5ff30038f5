using System.Security.Cryptography;
using System.Text;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Crypto;

public sealed class Hashes_and_values
{
    [Theory] // FIPS 180-4 examples
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")]
    public void Sha256_gives_the_standard_answers(string text, string digest) =>
        Assert.Equal("0x" + digest, Sha256.Hash(Encoding.ASCII.GetBytes(text)).ToString());

    [Fact]
    public void Sha256_of_a_million_letters() =>
        Assert.Equal(
            "0xcdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
            Sha256.Hash(Encoding.ASCII.GetBytes(new string('a', 1_000_000))).ToString());

    [Fact]
    public void Sha256_of_every_length_is_the_runtime_s()
    {
        var data = new Random(11).Bytes(3000);
        for (var length = 0; length <= data.Length; length += length < 1100 ? 1 : 97)
        {
            Assert.Equal(new Hash256(SHA256.HashData(data.AsSpan(0, length))), Sha256.Hash(data.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Digests_order_and_index_as_their_bytes_do() => Seeded.Run(200, random =>
    {
        var (x, y) = (random.Bytes(32), random.Bytes(32));
        x.AsSpan(0, random.Next(32)).CopyTo(y); // let the difference come late, too
        var (a, b) = (new Hash256(x), new Hash256(y));
        Assert.Equal(Math.Sign(x.AsSpan().SequenceCompareTo(y)), Math.Sign(a.CompareTo(b)));
        Assert.Equal(x.AsSpan().SequenceEqual(y), a == b);
        var bit = random.Next(256);
        Assert.Equal((x[bit / 8] >> (7 - (bit % 8)) & 1) == 1, a.Bit(bit));
    });

    [Fact]
    public void Values_survive_their_text() => Seeded.Run(20, random =>
    {
        var (hash, key, signature) = (new Hash256(random.Bytes(32)), new PublicKey(random.Bytes(32)), new Signature(random.Bytes(64)));
        Assert.True(Hash256.TryParse(hash.ToString(), out var h) && h == hash);
        Assert.True(PublicKey.TryParse(key.ToString()[2..], out var k) && k == key);
        Assert.True(Signature.TryParse(signature.ToString(), out var s) && s == signature);
    });

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0x")]
    [InlineData("0x00")]
    [InlineData("0xzz00000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0x000000000000000000000000000000000000000000000000000000000000000000")]
    public void Text_of_another_length_or_alphabet_is_no_digest(string? text)
    {
        Assert.False(Hash256.TryParse(text, out _));
        Assert.False(PublicKey.TryParse(text, out _));
        Assert.False(Signature.TryParse(text, out _));
    }

    [Theory]
    [InlineData(31)]
    [InlineData(33)]
    public void Bytes_of_another_length_are_refused(int length)
    {
        Assert.Throws<ArgumentException>(() => new Hash256(new byte[length]));
        Assert.Throws<ArgumentException>(() => new PublicKey(new byte[length]));
        Assert.Throws<ArgumentException>(() => new Signature(new byte[length * 2]));
    }
}
