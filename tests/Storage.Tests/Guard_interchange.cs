using System.Text;
using System.Text.Json.Nodes;
using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Storage;

namespace LuxTensor.Tests.Storage;

public sealed class Guard_interchange : IDisposable
{
    private readonly Folder folder = new();
    private readonly TestChain chain = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_was_exported_refuses_everything_that_the_original_refuses()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        using var original = Open("original");
        using var imported = Open("imported");
        for (var i = 0; i < 60; i++)
        {
            original.Record(Random(random, 40));
        }

        Assert.Equal(Interchange.Import(imported, Export(original)).Votes, Interchange.Export(original, new MemoryStream()).Votes);
        for (var i = 0; i < 400; i++)
        {
            var vote = Random(random, 60);
            if (imported.Record(vote) is GuardDecision.Released)
            {
                Assert.True(original.Record(vote) is GuardDecision.Released, $"seed {seed}: {vote}");
                Assert.True(original.LastSigned(vote.Validator)!.Value.Height <= 60, $"seed {seed}");
            }
        }
    }

    [Fact]
    public void An_import_refuses_up_to_the_highest_position_and_signs_above_it()
    {
        using var original = Open("original");
        original.Record(chain.Vote(0, 7, 2, Phase.Precommit, 1));
        original.Record(chain.Vote(1, 7, 3, Phase.Propose, 1));
        original.Record(chain.Vote(1, 6, 0, Phase.Prepare, 1));
        using var imported = Open("imported");
        Assert.Equal(new InterchangeSummary(2, 3), Interchange.Import(imported, Export(original)));
        Assert.Equal(new SigningPosition(7, 2, Phase.Precommit), imported.LastSigned(TestChain.Validators[0]));
        Assert.Equal(new SigningPosition(7, 3, Phase.Propose), imported.LastSigned(TestChain.Validators[1]));
        Assert.Null(imported.LastSigned(TestChain.Validators[2]));
        Assert.IsType<GuardDecision.BelowWatermark>(imported.Record(chain.Vote(0, 7, 2, Phase.Precommit, 1)));
        Assert.IsType<GuardDecision.Released>(imported.Record(chain.Vote(0, 7, 3, Phase.Propose, 1)));
        Assert.IsType<GuardDecision.Released>(imported.Record(chain.Vote(2, 1, 0, Phase.Prepare, 1)));
        // What was imported is exported again, and what is known already changes nothing.
        using var third = Open("third");
        Interchange.Import(third, Export(imported));
        Assert.Equal(new SigningPosition(7, 3, Phase.Propose), third.LastSigned(TestChain.Validators[1]));
        Interchange.Import(imported, Export(original));
        Assert.Equal(new SigningPosition(7, 2, Phase.Precommit), imported.LastSigned(TestChain.Validators[0]));
        Assert.IsType<GuardDecision.Released>(imported.Record(chain.Vote(0, 7, 3, Phase.Propose, 1)));
    }

    [Fact]
    public void What_a_blocked_guard_lacks_is_exported_as_signed()
    {
        using var original = Open("original");
        original.VerifyNotOlderThan(TestChain.Validators[0], new SigningPosition(9, 0, Phase.Prepare));
        using var imported = Open("imported");
        Interchange.Import(imported, Export(original));
        Assert.Equal(new SigningPosition(9, 0, Phase.Prepare), imported.LastSigned(TestChain.Validators[0]));
    }

    [Fact]
    public void The_file_has_the_form_of_the_standard()
    {
        using var guard = Open("guard");
        var vote = chain.Vote(0, 5, 3, Phase.Precommit, 1);
        guard.Record(vote);
        guard.Record(chain.Vote(0, 5, 3, Phase.Propose, 1));
        using var stream = new MemoryStream();
        Interchange.Export(guard, stream, [chain.Genesis.Validators.First(v => LuxTensor.Core.Address.Of(v.Key) == vote.Validator).Key]);
        var file = JsonNode.Parse(stream.ToArray())!;
        Assert.Equal("5", (string?)file["metadata"]!["interchange_format_version"]);
        Assert.Equal(chain.Genesis.Hash.ToString(), (string?)file["metadata"]!["genesis_validators_root"]);
        var data = Assert.Single(file["data"]!.AsArray())!;
        Assert.Equal(66, ((string)data["pubkey"]!).Length);
        Assert.Equal("83886083", (string?)data["signed_blocks"]![0]!["slot"]); // 5 * 2^24 + 3
        var attestation = Assert.Single(data["signed_attestations"]!.AsArray())!;
        Assert.Equal("5", (string?)attestation["source_epoch"]);
        Assert.Equal("167772167", (string?)attestation["target_epoch"]); // (5 * 2^24 + 3) * 2 + 1
        var message = new byte[Ballot.MessageSize];
        vote.Ballot.WriteMessage(message);
        Assert.Equal(LuxTensor.Crypto.Sha256.Hash(message).ToString(), (string?)attestation["signing_root"]);
    }

    [Fact]
    public void Positions_that_the_format_cannot_hold_are_named_and_not_rounded()
    {
        using var guard = Open("guard");
        guard.Record(chain.Vote(0, 5, 1 << 24, Phase.Propose, 1));
        Assert.Contains("does not fit", Assert.Throws<GuardException>(() => Interchange.Export(guard, new MemoryStream())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("[]", "must be a JSON object")]
    [InlineData("{\"metadata\":{\"interchange_format_version\":\"5\"", "not JSON")]
    [InlineData("GENESIS-1", "another chain")]
    [InlineData("DATA[1]", "data[0] must be a JSON object")]
    [InlineData("DATA{}", "data must be a JSON array")]
    [InlineData("DATA[{\"pubkey\":\"0x12\",\"signed_blocks\":[],\"signed_attestations\":[]}]", "data[0].pubkey")]
    [InlineData("DATA[{\"pubkey\":\"A\",\"signed_blocks\":[]}]", "has no signed_attestations")]
    [InlineData("DATA[{\"pubkey\":\"A\",\"signed_blocks\":[{\"slot\":\"1\"}],\"signed_attestations\":[],\"more\":1}]", "unknown field more")]
    [InlineData("DATA[{\"pubkey\":\"A\",\"pubkey\":\"A\",\"signed_blocks\":[],\"signed_attestations\":[]}]", "duplicate")]
    [InlineData("DATA[{\"pubkey\":\"A\",\"signed_blocks\":[{\"slot\":\"1\"}],\"signed_attestations\":[]},{\"pubkey\":\"A\",\"signed_blocks\":[],\"signed_attestations\":[]}]", "listed twice")]
    [InlineData("DATA[{\"pubkey\":\"A\",\"signed_blocks\":[{\"slot\":1}],\"signed_attestations\":[]}]", "slot must be a JSON string")]
    [InlineData("DATA[{\"pubkey\":\"A\",\"signed_blocks\":[{\"slot\":\"-1\"}],\"signed_attestations\":[]}]", "a decimal number below 2^64")]
    [InlineData("DATA[{\"pubkey\":\"A\",\"signed_blocks\":[{\"slot\":\"1e3\"}],\"signed_attestations\":[]}]", "a decimal number below 2^64")]
    [InlineData("DATA[{\"pubkey\":\"A\",\"signed_blocks\":[{\"slot\":\"18446744073709551616\"}],\"signed_attestations\":[]}]", "a decimal number below 2^64")]
    [InlineData("DATA[{\"pubkey\":\"A\",\"signed_blocks\":[{\"slot\":\"18446744073709551615\"}],\"signed_attestations\":[]}]", "stands for no height")]
    [InlineData("DATA[{\"pubkey\":\"A\",\"signed_blocks\":[{\"slot\":\"\\ud800\"}],\"signed_attestations\":[]}]", "not JSON")]
    [InlineData("DATA[{\"pubkey\":\"A\",\"signed_blocks\":[{\"slot\":\"1\",\"signing_root\":\"0x1\"}],\"signed_attestations\":[]}]", "signing_root")]
    [InlineData("DATA[{\"pubkey\":\"A\",\"signed_blocks\":[],\"signed_attestations\":[{\"source_epoch\":\"1\",\"target_epoch\":\"9\"}]}]", "source_epoch is 1")]
    public void A_bad_file_is_refused_by_name_and_nothing_of_it_is_taken_in(string file, string said)
    {
        // A good first entry stands before whatever is wrong, so that taking in a part would show.
        var good = $"{{\"pubkey\":\"{TestChain.Validators[1]}\",\"signed_blocks\":[{{\"slot\":\"99\"}}],\"signed_attestations\":[]}}";
        var root = chain.Genesis.Hash.ToString();
        string Whole(string genesis, string data) =>
            $"{{\"metadata\":{{\"interchange_format_version\":\"5\",\"genesis_validators_root\":\"{genesis}\"}},\"data\":{data}}}";
        var text = file.StartsWith("DATA", StringComparison.Ordinal) ? Whole(root, file[4..].Replace("\"A\"", $"\"{TestChain.Validators[0]}\"", StringComparison.Ordinal))
            : file == "GENESIS-1" ? Whole(TestChain.HashOf(1).ToString(), $"[{good}]") : file;
        using var guard = Open("guard");
        var failure = Assert.Throws<GuardException>(() => Interchange.Import(guard, new MemoryStream(Encoding.UTF8.GetBytes(text))));
        Assert.Contains(said, failure.Message, StringComparison.OrdinalIgnoreCase);
        Assert.True(failure.Message.Length < 600);
        Assert.Null(guard.LastSigned(TestChain.Validators[0]));
        Assert.Null(guard.LastSigned(TestChain.Validators[1]));
        Assert.Equal(1, Interchange.Import(guard, new MemoryStream(Encoding.UTF8.GetBytes(Whole(root, $"[{good}]")))).Votes);
    }

    [Fact]
    public void A_file_that_is_too_long_is_refused_before_it_is_held()
    {
        using var guard = Open("guard");
        using var endless = new Endless();
        Assert.Contains("longer than", Assert.Throws<GuardException>(() => Interchange.Import(guard, endless)).Message, StringComparison.Ordinal);
        Assert.InRange(endless.Read_so_far, Interchange.MaxFileBytes, Interchange.MaxFileBytes + (1 << 20));
    }

    private static MemoryStream Export(SqliteSigningGuard guard)
    {
        var stream = new MemoryStream();
        Interchange.Export(guard, stream);
        return new MemoryStream(stream.ToArray());
    }

    private Vote Random(Random random, int heights) => chain.Vote(
        random.Next(2), (ulong)random.Next(heights), (uint)random.Next(2), (Phase)random.Next(3), (byte)random.Next(1, 3));

    private SqliteSigningGuard Open(string name) => SqliteSigningGuard.Open(folder[name], GuardOptions.For(chain.Genesis));

    private sealed class Endless : Stream
    {
        public long Read_so_far { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get; set; }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            buffer.AsSpan(offset, count).Fill((byte)' ');
            Read_so_far += count;
            return count;
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
