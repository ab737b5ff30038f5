using System.Security.Cryptography;
using LuxTensor.Core;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Slashing;
using LuxTensor.Core.Transactions;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>Floods of gossip whose frames are well-formed and whose messages are not worth it.</summary>
internal static class MessageFloods
{
    private const int Peers = 4;
    private const int Batch = 50;
    private static readonly SigningKey Nobody = SigningKey.Generate();

    internal static IReadOnlyList<Flood> All { get; } =
    [
        Of("votes with bad signatures", "signature check, ban", Topic.Votes, static victim => Vote(victim, victim.Height() + 1, Known(victim), NoSignature)),
        Of("votes of unknown signers", "dropped before the check", Topic.Votes, static victim => Vote(victim, victim.Height() + 1, Address.Of(Nobody.PublicKey), NoSignature)),
        Of("votes for useless heights", "dropped before the check", Topic.Votes, static victim => Vote(victim, victim.Height() + 1_000 + (ulong)Random.Shared.Next(1_000), Known(victim), NoSignature)),
        Of("proposals with bad signatures", "signature check, ban", Topic.Blocks, Proposal),
        Of("forged certificates", "signature check, ban", Topic.Certificates, static victim => Certificate(victim, victim.Height() + 1)),
        Of("certificates of unknown epochs", "certificates a second", Topic.Certificates, static victim => Certificate(victim, 1_000_000_000)),
        Of("forged evidence", "signature check, ban", Topic.Evidence, Evidence),
        Of("evidence against nobody", "evidence a minute", Topic.Evidence, static victim => Accuse(victim, Nobody)),
        Of("transactions with bad signatures", "signature check, ban", Topic.Transactions, static victim => Transfer(victim, victim.Chain.Sender, (ulong)Random.Shared.Next(256), spoil: true)),
        Of("transactions of accounts without money", "transactions a second, not forwarded", Topic.Transactions, static victim => Transfer(victim, Nobody, (ulong)Random.Shared.NextInt64(1 << 20), spoil: false), batch: 10),
        Of("transactions that pay", "256 of a sender, bytes of the pool", Topic.Transactions, static victim => Transfer(victim, victim.Chain.Sender, (ulong)Random.Shared.Next(256), spoil: false), batch: 10),
        Of("requests as gossip", "a topic carries its kind", Topic.Votes, static victim => new Message.GetBlocks(1 + (ulong)Random.Shared.NextInt64(1 << 20) % victim.Height(), 128)),
        Of("frames that do not decode", "ban", Topic.Votes, static _ => null),
        Published("announcements of frames that nobody has", "blocks a second, fetches of a peer", "announcements", Topic.Blocks, Batch, static _ => new Announcement(Any(), 2 << 20).Encode()),
    ];

    /// <summary>The same message for ever, another one each time; null is bytes that are no message.</summary>
    private static Flood Of(string name, string against, Topic topic, Func<Victim, Message?> make, int batch = Batch) =>
        Published(name, against, "messages", topic, batch, victim => Announcement.Carry(
            make(victim) is { } message ? MessageCodec.Encode(victim.Genesis.Rules.ChainId, message) : RandomNumberGenerator.GetBytes(200)));

    /// <summary>Frames published for ever, so many in a write.</summary>
    private static Flood Published(string name, string against, string unit, Topic topic, int batch, Func<Victim, byte[]> make) =>
        Flood.ByPeers(name, against, unit, Peers, async (attacker, victim, tally, cancellation) =>
        {
            await using var gossip = await attacker.GossipAsync(cancellation);
            while (!cancellation.IsCancellationRequested)
            {
                byte[] frames = [.. Enumerable.Range(0, batch).SelectMany(_ => WireMessage.Of(victim.Topics.Of(topic)!, make(victim)).Frame.ToArray())];
                await gossip.WriteAsync(frames, cancellation);
                tally.Send(batch);
                await Task.Delay(victim.Beat, cancellation);
            }
        });

    private static Signature NoSignature { get; } = Nobody.Sign("anything"u8);

    private static Hash256 Any() => new(RandomNumberGenerator.GetBytes(Hash256.Size));

    private static Address Known(Victim victim) => victim.Genesis.EpochZero.Validators[Random.Shared.Next(victim.Genesis.EpochZero.Validators.Length)].Address;

    private static Ballot BallotAt(Victim victim, ulong height, Phase phase) =>
        new(victim.Genesis.Rules.ChainId, victim.Genesis.Rules.EpochOf(height), height, 0, phase, Any());

    private static Message.CastVote Vote(Victim victim, ulong height, Address signer, Signature signature) =>
        new(new Vote(BallotAt(victim, height, Phase.Prepare), signer, signature));

    private static Message.Certify Certificate(Victim victim, ulong height)
    {
        var count = victim.Genesis.EpochZero.Validators.Length;
        return new(new Certificate(
            BallotAt(victim, height, Phase.Precommit), [(byte)((1 << count) - 1)], [.. Enumerable.Repeat(NoSignature, count)]));
    }

    private static Message.Propose Proposal(Victim victim)
    {
        var height = victim.Height() + 1;
        var proposer = victim.Genesis.EpochZero.For(victim.Genesis.Rules.EpochOf(height)).ProposerOf(height, 0).Address;
        var header = victim.Genesis.Block.Header with { Height = height, Epoch = victim.Genesis.Rules.EpochOf(height), Parent = Any(), Proposer = proposer };
        var block = new Block(header, null, []);
        return new(new Proposal(block, new Vote(BallotAt(victim, height, Phase.Propose) with { BlockHash = block.Hash }, proposer, NoSignature), null));
    }

    private static Message.Accuse Evidence(Victim victim) => Accuse(victim, victim.Chain.Validators[Random.Shared.Next(victim.Chain.Validators.Count)]);

    // Of a key that is a validator's the signatures are not; of any other they might as well be.
    private static Message.Accuse Accuse(Victim victim, SigningKey accused)
    {
        var by = Address.Of(accused.PublicKey);
        var ballot = BallotAt(victim, victim.Height(), Phase.Prepare);
        return new(DoubleVote.Of(new Evidence(new Vote(ballot, by, NoSignature), new Vote(ballot with { BlockHash = Any() }, by, NoSignature)), accused.PublicKey)!);
    }

    private static Message.Submit Transfer(Victim victim, SigningKey from, ulong nonce, bool spoil)
    {
        var chain = victim.Genesis.Rules.ChainId;
        var made = Transaction.Sign(chain, from, nonce, 1_000 + (UInt128)Random.Shared.Next(1_000_000), new TransactionBody.Transfer(Address.Of(Nobody.PublicKey), (UInt128)Random.Shared.Next()));
        if (!spoil)
        {
            return new(made);
        }

        var bytes = made.Encoded.ToArray();
        bytes[^1] ^= 1;
        Transaction.TryDecode(bytes, bytes.Length, out var spoilt, out _);
        return new(spoilt!);
    }
}
