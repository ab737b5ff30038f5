using LuxTensor.Core;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Core.Wire;

/// <summary>WIR-1 to WIR-5 on the primitives.</summary>
public sealed class WireTests
{
    [Fact]
    public void WIR_3_integers_are_fixed_width_and_big_endian()
    {
        var bytes = new WireWriter(0).UInt8(1).UInt16(0x0203).UInt32(0x04050607).UInt64(0x08090A0B0C0D0E0F)
            .UInt128(new UInt128(0x1011121314151617, 0x18191A1B1C1D1E1F)).ToArray();
        Assert.Equal(Enumerable.Range(1, 31).Select(static i => (byte)i), bytes);

        var reader = new WireReader(bytes);
        Assert.Equal(1, reader.UInt8());
        Assert.Equal(0x0203, reader.UInt16());
        Assert.Equal(0x04050607u, reader.UInt32());
        Assert.Equal(0x08090A0B0C0D0E0Ful, reader.UInt64());
        Assert.Equal(new UInt128(0x1011121314151617, 0x18191A1B1C1D1E1F), reader.UInt128());
        Assert.True(reader.End());
    }

    [Fact]
    public void WIR_3_digests_keys_signatures_and_addresses_are_their_bytes()
    {
        var raw = Given.Bytes(new Random(1), 32 + 32 + 64 + 20);
        var reader = new WireReader(raw);
        var written = new WireWriter().Hash(reader.Hash()).Key(reader.Key()).Signature(reader.Signature()).Address(reader.Address());
        Assert.True(reader.End());
        Assert.Equal(raw, written.ToArray());
    }

    [Fact]
    public void WIR_3_a_byte_string_is_its_length_and_its_bytes()
    {
        var bytes = new WireWriter().LengthPrefixed([7, 8]).ToArray();
        Assert.Equal(new byte[] { 0, 0, 0, 2, 7, 8 }, bytes);
        var reader = new WireReader(bytes);
        Assert.Equal(new byte[] { 7, 8 }, reader.LengthPrefixed(2).ToArray());
        Assert.True(reader.End());
    }

    [Theory]
    [InlineData(0, true, WireFault.None)]
    [InlineData(1, true, WireFault.None)]
    [InlineData(2, false, WireFault.UnknownTag)]
    [InlineData(255, false, WireFault.UnknownTag)]
    public void WIR_3_a_flag_is_0_or_1(byte value, bool ends, WireFault fault)
    {
        var reader = new WireReader([value]);
        Assert.Equal(value == 1, reader.Flag());
        Assert.Equal(ends, reader.End());
        Assert.Equal(fault, reader.Fault);
    }

    [Fact]
    public void WIR_4_a_length_over_its_limit_is_refused_though_the_bytes_are_there()
    {
        var reader = new WireReader([0, 0, 0, 2, 7, 8]);
        Assert.True(reader.LengthPrefixed(1).IsEmpty);
        Assert.Equal(WireFault.TooLong, reader.Fault);
    }

    [Theory]
    [InlineData(0xFFFFFFFFu, int.MaxValue, WireFault.TooLong)]
    [InlineData(0x7FFFFFFFu, int.MaxValue, WireFault.Truncated)]
    [InlineData(3u, 10, WireFault.Truncated)]
    [InlineData(2u, 10, WireFault.None)]
    [InlineData(2u, 1, WireFault.TooLong)]
    public void WIR_4_a_count_is_within_its_limit_and_the_bytes_at_hand(uint count, int limit, WireFault fault)
    {
        var reader = new WireReader(new WireWriter().UInt32(count).Bytes(new byte[20]).Written);
        Assert.Equal(fault == WireFault.None ? (int)count : 0, reader.Count(limit, 10));
        Assert.Equal(fault, reader.Fault);
    }

    [Fact]
    public void WIR_5_the_first_fault_sticks_and_nothing_more_is_read()
    {
        var reader = new WireReader([1, 2, 3, 4, 5, 6, 7, 8, 9]);
        Assert.Equal(1, reader.UInt8());
        reader.Fail(WireFault.NotCanonical);
        reader.Fail(WireFault.TooLong);
        Assert.Equal(0ul, reader.UInt64());
        Assert.Equal(default, reader.Hash());
        Assert.Equal(0, reader.Remaining);
        Assert.False(reader.End());
        Assert.Equal(WireFault.NotCanonical, reader.Fault);
    }

    [Fact]
    public void WIR_5_bytes_left_over_are_a_fault()
    {
        var reader = new WireReader([1, 2]);
        _ = reader.UInt8();
        Assert.False(reader.End());
        Assert.Equal(WireFault.TrailingBytes, reader.Fault);
    }

    [Fact]
    public void WIR_5_a_value_that_the_bytes_cut_short_is_truncated()
    {
        foreach (var size in new[] { 1, 2, 4, 8, 16, 20, 32, 64 })
        {
            var reader = new WireReader(new byte[size - 1]);
            _ = size switch
            {
                1 => reader.UInt8(),
                2 => reader.UInt16(),
                4 => reader.UInt32(),
                8 => (object)reader.UInt64(),
                16 => reader.UInt128(),
                20 => reader.Address(),
                32 => reader.Hash(),
                _ => reader.Signature(),
            };
            Assert.Equal(WireFault.Truncated, reader.Fault);
        }
    }

    [Fact]
    public void WIR_2_the_limits_are_those_of_the_specification()
    {
        Assert.Equal(10_000, WireLimits.MaxValidators);
        Assert.Equal(18 * 1024 * 1024, WireLimits.MaxMessageBytes);
        Assert.Equal(16 * 1024 * 1024, WireLimits.MaxBlockBytes);
        Assert.True(WireLimits.MaxBlockBytes + (2 * Certificate.MaxBytes(WireLimits.MaxValidators)) < WireLimits.MaxMessageBytes);
        Assert.Equal(128, WireLimits.MaxBlocksPerMessage);
        Assert.Equal(WireLimits.MinTransactionBytes, Transaction.Sign(1, Given.Key(0), 0, 1, new TransactionBody.Exit()).Encoded.Length);
        var report = new TransactionBody.Report(Given.DoubleVote(1, new Ballot(1, 2, 3, 4, Phase.Prepare, Hash256.Zero), Given.HashOf(new Random(1))));
        Assert.Equal(WireLimits.ReportBytes, Transaction.Sign(1, Given.Key(0), 0, 1, report).Encoded.Length);
    }

    [Fact]
    public void The_writer_grows_from_any_capacity()
    {
        var raw = Given.Bytes(new Random(2), 1000);
        foreach (var capacity in new[] { 0, 1, 999, 1000, 4096 })
        {
            Assert.Equal(raw, new WireWriter(capacity).Bytes(raw.AsSpan(0, 1)).Bytes(raw.AsSpan(1)).ToArray());
        }
    }

    [Fact]
    public void PRM_1_the_hash_is_SHA_256_and_orders_as_its_bytes()
    {
        // FIPS 180-4's "abc".
        Assert.Equal("0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Sha256.Hash("abc"u8).ToString());
        Seeds.Each(200, static random =>
        {
            var (x, y) = (Given.Bytes(random, 32), Given.Bytes(random, 32));
            y.AsSpan(0, random.Next(33)).Clear();
            x.AsSpan(0, random.Next(33)).Clear();
            Assert.Equal(int.Sign(x.AsSpan().SequenceCompareTo(y)), int.Sign(new Hash256(x).CompareTo(new Hash256(y))));
            Assert.Equal(x.All(static octet => octet == 0), new Hash256(x).IsZero);
        });
    }

    [Fact]
    public void PRM_2_an_address_is_the_end_of_the_hash_of_its_key()
    {
        var key = Given.Key(3).PublicKey;
        var hash = Sha256.Hash(key.ToArray()).ToArray();
        var bytes = new byte[Address.Size];
        Address.Of(key).CopyTo(bytes);
        Assert.Equal(hash[12..], bytes);
        Assert.True(Address.TryParse(Address.Of(key).ToString(), out var parsed));
        Assert.Equal(Address.Of(key), parsed);
        Assert.False(Address.TryParse("0x" + new string('0', 39), out _));
        Assert.Throws<ArgumentException>(static () => new Address(new byte[19]));
    }

    [Fact]
    public void PRM_3_a_token_is_10_to_the_18_base_units()
    {
        Assert.Equal(UInt128.Parse("1000000000000000000"), ChainRules.Token);
        Assert.Equal(32 * ChainRules.Token, new ChainRules { ChainId = 1 }.MinimumStake);
    }
}
