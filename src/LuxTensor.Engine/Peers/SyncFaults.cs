using LuxTensor.Core.Peers;
using LuxTensor.Core.Sync;

namespace LuxTensor.Engine.Peers;

/// <summary>What a failure while catching up says about a peer.</summary>
public static class SyncFaults
{
    /// <summary>The fault that it is for the peer machine (PEE-4).</summary>
    public static PeerFault ToPeerFault(this SyncFault fault) => fault switch
    {
        SyncFault.NoAnswer => PeerFault.NoAnswer,
        SyncFault.Nothing => PeerFault.LiedAboutHeight,
        SyncFault.Unsolicited => PeerFault.UnsolicitedAnswer,
        SyncFault.BrokenChain => PeerFault.ProtocolViolation,
        SyncFault.ForgedCertificate => PeerFault.ForgedCertificate,
        SyncFault.WrongSet or SyncFault.WrongBody => PeerFault.WrongBody,
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };
}
