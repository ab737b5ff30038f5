using LuxTensor.Core.Wire;

namespace LuxTensor.Core.Peers;

/// <summary>The kinds of message that are limited apart, so that a flood of one keeps no other out.</summary>
public enum MessageKind : byte
{
    /// <summary>Proposals.</summary>
    Blocks,

    /// <summary>Prepares and precommits.</summary>
    Votes,

    /// <summary>Certificates.</summary>
    Certificates,

    /// <summary>Transactions.</summary>
    Transactions,

    /// <summary>Evidence of double votes.</summary>
    Evidence,

    /// <summary>Status messages, and whatever keeps a connection alive.</summary>
    Status,

    /// <summary>Requests for blocks or headers.</summary>
    Requests,

    /// <summary>Answers to requests.</summary>
    Answers,
}

/// <summary>What a peer may send of each kind.</summary>
public sealed record PeerLimits
{
    /// <summary>Number of kinds.</summary>
    public const int Kinds = 8;

    private const long MostPerMinute = 1_000_000_000_000;
    private const int MostCapacity = 1_000_000_000;
    private const int Kibi = 1 << 10;

    /// <summary>Proposals.</summary>
    public required PeerLimit Blocks { get; init; }

    /// <summary>Prepares and precommits.</summary>
    public required PeerLimit Votes { get; init; }

    /// <summary>Certificates.</summary>
    public required PeerLimit Certificates { get; init; }

    /// <summary>Transactions.</summary>
    public required PeerLimit Transactions { get; init; }

    /// <summary>Evidence.</summary>
    public required PeerLimit Evidence { get; init; }

    /// <summary>Status messages.</summary>
    public required PeerLimit Status { get; init; }

    /// <summary>Requests.</summary>
    public required PeerLimit Requests { get; init; }

    /// <summary>Answers.</summary>
    public required PeerLimit Answers { get; init; }

    /// <summary>The limit of a kind.</summary>
    public PeerLimit this[MessageKind kind] => kind switch
    {
        MessageKind.Blocks => Blocks,
        MessageKind.Votes => Votes,
        MessageKind.Certificates => Certificates,
        MessageKind.Transactions => Transactions,
        MessageKind.Evidence => Evidence,
        MessageKind.Status => Status,
        MessageKind.Requests => Requests,
        MessageKind.Answers => Answers,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>
    /// Limits that do not hinder an honest peer of a chain (PEE-9). Any peer may be the one that all gossip comes through, each
    /// message once. So what one sends is what all nodes make; rates are four times that and more, a full bucket ten heights of it.
    /// </summary>
    /// <remarks>
    /// With 100 validators, 1 s blocks of 1 MiB and 64 ahead, for each second from one peer:
    /// <list type="bullet">
    /// <item>blocks: 1, and 1 said again, of 17 tokens of 64 KiB each: 34. The rate is 136, the bucket 192 whole blocks.</item>
    /// <item>votes: 2 phases × 100 = 200. The rate is 800, the bucket 8,000; with 10,000 validators a hundred times that.</item>
    /// <item>certificates: 2, and each again where a node formed its own before it took that: at most 16. The rate is 64, of
    /// 6.6 KiB each, the bucket 640.</item>
    /// <item>transactions: as many of the smallest (130 bytes) as fill a block: 8,066. The rate is 16,384 tokens of 512 bytes, so
    /// also 8 MiB; the bucket ten times that.</item>
    /// <item>evidence: one an offender, 100 at once. The bucket is 200, and 100 come back in a minute.</item>
    /// <item>status: one a node and RoundTimeout, and one a height: of 200 nodes 400 where that is 1 s. The rate is 1,600.</item>
    /// <item>requests: headers and bodies of 128 blocks each; 50 are 3,200 blocks a second and peer; and 4 by hash a height. The bucket is 256, for all
    /// that wait for a parent (64), four times.</item>
    /// <item>answers: what was asked for, 4 at once of 18 MiB at most. The rate is 128 MiB, the bucket 256 MiB.</item>
    /// </list>
    /// </remarks>
    /// <param name="rules">The chain's.</param>
    /// <param name="percent">Of those limits, 50 at least; below 100 an honest peer that says ten heights at once may be refused some.</param>
    public static PeerLimits For(ChainRules rules, int percent = 100)
    {
        var validators = rules.MaxActiveValidators;
        var nodes = validators + 100; // those that only follow speak of their status, too
        var heights = (long)ulong.Clamp(60_000 / ulong.Max(rules.BlockInterval, 1), 1, 60_000); // a minute
        var rounds = (long)ulong.Clamp(60_000 / ulong.Max(rules.RoundTimeout, 1), 1, 60_000);
        var certificate = 256 + (validators / 8) + (64 * validators);
        var block = new PeerLimit(1, 1, 64 * Kibi).CostOf(int.Min(rules.MaxBlockBytes + certificate + Kibi, WireLimits.MaxMessageBytes));
        var perBlock = rules.MaxBlockBytes / 64; // transactions of 128 bytes, twice over
        return new PeerLimits
        {
            Blocks = Limit((64 + (2 * (long)ulong.Min(rules.RunAhead, 1_000))) * block, 8 * block * (heights + rounds), 64 * Kibi),
            Votes = Limit(long.Max(80L * validators, 1_000), 8L * validators * (heights + rounds), Kibi),
            Certificates = Limit(640, 64 * (heights + rounds), certificate),
            Transactions = Limit(long.Max(10L * perBlock, 10_000), perBlock * heights, 512),
            Evidence = Limit(2L * validators + 64, validators + 60, Kibi),
            Status = Limit(40L * nodes, 4L * nodes * (heights + rounds), Kibi),
            Requests = Limit(256, (50 * 60) + (4 * heights), Kibi),
            Answers = Limit(4_096, 2_048 * 60, 64 * Kibi),
        };

        PeerLimit Limit(long capacity, long perMinute, int unit) => new(
            (int)long.Clamp(long.Min(capacity, MostCapacity) * percent / 100, 1, MostCapacity),
            long.Clamp(long.Min(perMinute, MostPerMinute) * percent / 100, 1, MostPerMinute),
            unit);
    }

    /// <summary>The first limit that is out of its range, or null: a bucket must hold the largest message of its kind.</summary>
    public PeerSettingFault? Check()
    {
        for (var kind = MessageKind.Blocks; kind <= MessageKind.Answers; kind++)
        {
            var limit = this[kind];
            var largest = kind is MessageKind.Blocks or MessageKind.Answers ? Kibi * Kibi : 1;
            if (limit.Unit is < 1 or > WireLimits.MaxMessageBytes)
            {
                return new PeerSettingFault($"{kind}.Unit", limit.Unit, 1, WireLimits.MaxMessageBytes);
            }

            if (limit.Capacity < limit.CostOf(largest) || limit.Capacity > MostCapacity)
            {
                return new PeerSettingFault($"{kind}.Capacity", limit.Capacity, limit.CostOf(largest), MostCapacity);
            }

            if (limit.PerMinute is < 1 or > MostPerMinute)
            {
                return new PeerSettingFault($"{kind}.PerMinute", limit.PerMinute, 1, MostPerMinute);
            }
        }

        return null;
    }
}
