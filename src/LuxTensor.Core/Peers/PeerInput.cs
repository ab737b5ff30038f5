using LuxTensor.Crypto;

namespace LuxTensor.Core.Peers;

/// <summary>What a peer did wrong. A closed set; being quiet is not in it (PEE-4).</summary>
public enum PeerFault : byte
{
    /// <summary>A frame that does not decode, or is of another chain.</summary>
    InvalidFrame,

    /// <summary>A signature that does not verify.</summary>
    InvalidSignature,

    /// <summary>A certificate that is not one: nobody passes it on who looked at it.</summary>
    ForgedCertificate,

    /// <summary>A body that is not the one its valid header names.</summary>
    WrongBody,

    /// <summary>Another chain's genesis (PEE-7).</summary>
    WrongGenesis,

    /// <summary>It claimed a height and could not prove it when asked.</summary>
    LiedAboutHeight,

    /// <summary>A request that it did not answer in time.</summary>
    NoAnswer,

    /// <summary>An answer that it sent so slowly that it was given up.</summary>
    DrippingAnswer,

    /// <summary>An answer that nobody asked for.</summary>
    UnsolicitedAnswer,

    /// <summary>An answer to a request that was given up.</summary>
    LateAnswer,

    /// <summary>Far more frames than its limits let through (PEE-10).</summary>
    LimitsExceeded,

    /// <summary>Anything else that its protocol forbids.</summary>
    ProtocolViolation,
}

/// <summary>What a peer did well: something useful that it was the first to deliver.</summary>
public enum PeerMerit : byte
{
    /// <summary>A block.</summary>
    Block,

    /// <summary>A vote.</summary>
    Vote,

    /// <summary>A certificate.</summary>
    Certificate,

    /// <summary>A transaction.</summary>
    Transaction,

    /// <summary>Evidence of a double vote.</summary>
    Evidence,

    /// <summary>The answer to a request.</summary>
    Answer,
}

/// <summary>What came to be known of a peer. A closed set.</summary>
public abstract record PeerInput
{
    private PeerInput()
    {
    }

    /// <summary>Nothing but that time went by.</summary>
    public sealed record Look : PeerInput;

    /// <summary>A connection to it stands, or it said something.</summary>
    public sealed record Met : PeerInput;

    /// <summary>It delivered something useful, so many times.</summary>
    public sealed record Useful(PeerMerit What, uint Count = 1) : PeerInput;

    /// <summary>It was at fault, so many times.</summary>
    public sealed record Faulty(PeerFault What, uint Count = 1) : PeerInput;

    /// <summary>Frames of it were refused because its bucket was empty; <paramref name="Tokens"/> is what they would have cost together.</summary>
    public sealed record Refused(MessageKind Kind, uint Frames, ulong Tokens) : PeerInput;

    /// <summary>Bytes that came from it and went to it.</summary>
    public sealed record Traffic(ulong BytesIn, ulong BytesOut) : PeerInput;

    /// <summary>It says that it has this final block. Nobody believes it (PEE-11).</summary>
    public sealed record Claimed(ulong Height, Hash256 Hash) : PeerInput;

    /// <summary>This final block is known to it, which the certificate of precommits proves that it showed; whoever verified that answers for it (VOT-2).</summary>
    public sealed record Proved(ulong Height, Hash256 Hash) : PeerInput;

    /// <summary>Another process of this node banned it (PEE-12).</summary>
    public sealed record BannedElsewhere(ulong Until, uint Bans, PeerFault Why) : PeerInput;

    /// <summary>Its reputation by all that the node's processes reported, in thousandths (PEE-12).</summary>
    public sealed record Rated(uint Reputation) : PeerInput;
}

/// <summary>What is to be done about a peer. A closed set.</summary>
public abstract record PeerEffect
{
    private PeerEffect()
    {
    }

    /// <summary>Refuse it until a time, in milliseconds since 1970, and do not dial it.</summary>
    public sealed record Ban(ulong Until, PeerFault Why) : PeerEffect;

    /// <summary>Close its connections.</summary>
    public sealed record Disconnect(PeerFault Why) : PeerEffect;
}
