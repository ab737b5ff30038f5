using System.Collections.Immutable;
using System.Text.Json.Nodes;
using LuxTensor.Core;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Node;

public sealed class Certificates_offline : IDisposable
{
    private readonly Folder folder = new();
    private readonly SigningKey[] keys = [Keys.Of(1), Keys.Of(2), Keys.Of(3), Keys.Of(4)];
    private readonly Ballot ballot = new(9, 2, 70, 1, Phase.Precommit, Sha256.Hash("a block"u8));

    public Certificates_offline()
    {
        var validators = keys.Select(static key => new GenesisValidator(key.PublicKey, 32 * ChainRules.Token)).ToImmutableArray();
        Assert.True(Genesis.TryCreate(new ChainRules { ChainId = 9 }, 1, validators, [], out var genesis, out _));
        folder.Write("genesis.json", GenesisFile.Write(genesis));
    }

    public void Dispose()
    {
        folder.Dispose();
        Array.ForEach(keys, static key => key.Dispose());
    }

    [Fact]
    public async Task A_certificate_of_a_quorum_is_valid_and_its_signers_are_named()
    {
        var outcome = await Verify(Hex.Encode(Encoded(ballot, 0, 2, 3)), "--json");

        var answer = JsonNode.Parse(outcome.Out)!;
        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.Equal("valid", (string?)answer["verdict"]);
        Assert.Equal(ballot.BlockHash.ToString(), (string?)answer["block"]);
        Assert.Equal(75, (int?)answer["percent"]);
        Assert.Equal(
            new[] { 0, 2, 3 }.Select(index => Address.Of(keys[index].PublicKey).ToString()), answer["signers"]!.AsArray().Select(static it => (string?)it));
    }

    [Fact]
    public async Task No_byte_can_be_changed()
    {
        var encoded = Encoded(ballot, 0, 1, 2);
        for (var i = 0; i < encoded.Length; i++)
        {
            encoded[i] ^= 1;
            var outcome = await Verify(Hex.Encode(encoded));
            Assert.True(outcome.Code == ExitCode.Negative, $"byte {i}: {outcome}");
            Assert.Contains("INVALID", outcome.Out, StringComparison.Ordinal);
            encoded[i] ^= 1;
        }
    }

    [Fact]
    public async Task No_quorum_prepares_or_another_block_make_nothing_final()
    {
        var two = await Verify(Hex.Encode(Encoded(ballot, 0, 1)));
        var prepares = await Verify(Hex.Encode(Encoded(ballot with { Phase = Phase.Prepare }, 0, 1, 2)));
        var otherBlock = await Verify(Hex.Encode(Encoded(ballot, 0, 1, 2)), "--block", Hash256.Zero.ToString());
        var cut = await Verify(Hex.Encode(Encoded(ballot, 0, 1, 2).AsSpan()[..^1]));

        Assert.All((Outcome[])[two, prepares, otherBlock, cut], static outcome => Assert.Equal(ExitCode.Negative, outcome.Code));
        Assert.Contains("its signers hold 64 of 128 tokens: no quorum", two.Out, StringComparison.Ordinal);
        Assert.Contains("it is of prepares", prepares.Out, StringComparison.Ordinal);
        Assert.Contains($"it is for block {ballot.BlockHash}, not {Hash256.Zero}", otherBlock.Out, StringComparison.Ordinal);
        Assert.Contains("the bytes are no certificate (Truncated)", cut.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("certificate")]
    [InlineData("{ \"height\": 3 }")]
    [InlineData("{ \"encoded\": ")]
    public async Task What_is_no_certificate_file_is_wrong_usage(string text)
    {
        var outcome = await Verify(text);

        Assert.Equal(text.Length == 0 ? ExitCode.Negative : ExitCode.Usage, outcome.Code);
    }

    [Fact]
    public async Task Once_validators_have_come_or_gone_their_set_is_named()
    {
        SigningKey[] later = [keys[1], keys[2], keys[3]];
        var set = folder.Write("set.jsonl", SetOf(later));
        var hash = new EpochSnapshot(2, [.. later.Select(Member)]).Hash.ToString();
        var encoded = Hex.Encode(EncodedBy(later, ballot, 0, 1, 2));

        var named = await Verify(encoded, "--validators", set, "--json");
        var unnamed = await Verify($$"""{ "encoded": "{{encoded}}", "validatorSetHash": "{{hash}}" }""");
        var bare = await Verify(encoded);
        var other = await Verify(Hex.Encode(Encoded(ballot, 0, 1, 2)), "--validators", set);

        Assert.Equal(ExitCode.Ok, named.Code);
        Assert.Equal(hash, (string?)JsonNode.Parse(named.Out)!["validatorSetHash"]);
        Assert.Equal(ExitCode.Usage, unnamed.Code);
        Assert.Contains("luxtensor validators --epoch 2 --json", unnamed.Error, StringComparison.Ordinal);
        Assert.Equal((ExitCode.Negative, ExitCode.Negative), (bare.Code, other.Code));
    }

    [Theory]
    [InlineData("", "is no validator set")]
    [InlineData("nobody", "line 1")]
    [InlineData("{}", "line 1 of")]
    [InlineData("FIRST\nFIRST", "line 2 of")]
    [InlineData("SECOND", "is not of index 0")]
    [InlineData("FIRST,\n", "line 1 of")]
    public async Task A_file_that_is_no_set_is_wrong_usage(string text, string message)
    {
        var lines = SetOf(keys).Split('\n');
        text = text.Replace("FIRST", lines[0], StringComparison.Ordinal).Replace("SECOND", lines[1], StringComparison.Ordinal);
        var outcome = await Verify(Hex.Encode(Encoded(ballot, 0, 1, 2)), "--validators", folder.Write("set.jsonl", text));

        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains(message, outcome.Error, StringComparison.Ordinal);
    }

    private static EpochValidator Member(SigningKey key) => new(Address.Of(key.PublicKey), key.PublicKey, 32 * ChainRules.Token);

    // As luxtensor validators --json prints it.
    private static string SetOf(SigningKey[] keys) => string.Join('\n', keys.Select(static (key, index) =>
        $$"""{"index":"0x{{index:x}}","address":"{{Address.Of(key.PublicKey)}}","publicKey":"{{key.PublicKey}}","stake":"0x{{32 * ChainRules.Token:x}}","standing":"active","slashed":false}"""));

    private Task<Outcome> Verify(string text, params string[] more)
    {
        var path = folder.Write("certificate", text);
        return Luxtensor.Run(["verify-certificate", path, "--genesis", folder["genesis.json"], .. more]);
    }

    private byte[] Encoded(Ballot about, params int[] signers) => EncodedBy(keys, about, signers);

    private static byte[] EncodedBy(SigningKey[] keys, Ballot about, params int[] signers)
    {
        Span<byte> message = stackalloc byte[Ballot.MessageSize];
        about.WriteMessage(message);
        var bitmap = (byte)signers.Sum(static index => 1 << index);
        var signatures = ImmutableArray.CreateBuilder<Signature>();
        foreach (var index in signers)
        {
            signatures.Add(keys[index].Sign(message));
        }

        var writer = new WireWriter();
        new Certificate(about, [bitmap], signatures.ToImmutable()).Write(writer);
        return writer.ToArray();
    }
}
