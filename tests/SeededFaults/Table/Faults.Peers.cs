namespace LuxTensor.Tests.SeededFaults;

/// <content>How peers are judged.</content>
internal static partial class Faults
{
    private const string PeerMachine = "src/LuxTensor.Core/Peers/Peer.cs";
    private const string PeerBuckets = "src/LuxTensor.Core/Peers/TokenBucket.cs";
    private const string PeerLimitTable = "src/LuxTensor.Core/Peers/PeerLimits.cs";
    private const string PeerSettingTable = "src/LuxTensor.Core/Peers/PeerSettings.cs";
    private const string BookOfPeers = "src/LuxTensor.Engine/Peers/PeerBook.cs";
    private const string BookKeeping = "src/LuxTensor.Engine/Peers/PeerBook.Keeping.cs";
    private const string PeerReports = "src/LuxTensor.Engine/Cluster/PeerReport.cs";
    private const string VerifyingIngress = "src/LuxTensor.Engine/Hosting/Ingress.Verifying.cs";

    private static Fault[] Peers =>
    [
        new("reputation decays by when one looks", "PEE-2", PeerMachine, "DecayedAt = state.DecayedAt + (steps * settings.DecayStep) };", "DecayedAt = now };"),
        new("reputation goes to the bottom by itself", "PEE-2", PeerMachine, ": state.Reputation + (uint)ulong.Min(steps, PeerSettings.Neutral - state.Reputation);", ": state.Reputation - (uint)ulong.Min(steps, state.Reputation);"),
        new("forged certificate costs no more than a slow answer", "PEE-4", PeerSettingTable, "PeerFault.ForgedCertificate or PeerFault.WrongGenesis => 100,", "PeerFault.ForgedCertificate or PeerFault.WrongGenesis => 2,"),
        new("ban comes below the threshold only", "PEE-5", PeerMachine, "if (reputation > settings.Threshold)", "if (reputation >= settings.Threshold)"),
        new("bans of one length", "PEE-5", PeerMachine, "(UInt128)settings.FirstBan << (int)uint.Min(before, 63)", "(UInt128)settings.FirstBan"),
        new("ban does not disconnect", "PEE-5", PeerMachine, "return (next, wasBanned ?", "return (next, wasBanned || now > 0 ?"),
        new("ban outlives a clock that is set back", "PEE-6", PeerMachine, "return state.BannedUntil > latest ? state with { BannedUntil = latest } : state;", "return state;"),
        new("peer comes back with what it was banned for", "PEE-6", PeerMachine, "state = state with { Reputation = settings.Readmitted,", "state = state with { Reputation = state.Reputation,"),
        new("another genesis is a ban that doubles", "PEE-7", PeerMachine, "return Ban(counted, now + settings.LongestBan, state.Bans, fault, now);", "return Ban(counted, now + settings.LongestBan, state.Bans + 1, fault, now);"),
        new("bucket fills beyond its capacity", "PEE-8", PeerBuckets, "gained >= (UInt128)(most - bucket.Grains) ? most :", "gained >= (UInt128)(most - bucket.Grains) ? most * 2 :"),
        new("refused frame fills the bucket", "PEE-8", PeerBuckets, "return filled.Grains < wanted ? (filled, false)", "return filled.Grains < wanted ? (Full(limit, now), false)"),
        new("votes of one phase only fit", "PEE-9", PeerLimitTable, "Limit(long.Max(80L * validators, 1_000), 8L * validators * (heights + rounds), Kibi)", "Limit(validators, validators * (heights + rounds), Kibi)"),
        new("refusals never add up", "PEE-10", PeerMachine, "var excess = (isNew ? 0 : state.Excess) + part;", "var excess = part;"),
        new("prepares prove a final block", "PEE-11", VerifyingIngress, "{ Ballot.Phase: Phase.Precommit } certificate } => certificate", "var certificate } => certificate"),
        new("a known block proves any height", "PEE-11", VerifyingIngress, "if (height != status.FinalHeight)", "if (height > status.FinalHeight)"),
        new("claimed height believed", "PEE-11", PeerMachine, "ClaimedHash = claimed.Hash, LastContact = now }", "ClaimedHash = claimed.Hash, ProvenHeight = claimed.Height, LastContact = now }"),
        new("later ban of another process shortens", "PEE-12", PeerMachine, "return until <= now || until <= state.BannedUntil ?", "return until <= now ?"),
        new("banned peer is heard", "PEE-5", BookOfPeers, "if (entry.State.IsBanned(now))\n            {\n                return false;", "if (entry.State.IsBanned(now) && bytes < 0)\n            {\n                return false;"),
        new("ban waits for the next batch", "PEE-5", BookOfPeers, "timer?.Change(TimeSpan.Zero, options.SaveEvery);", "_ = timer;"),
        new("banned peer forgotten first", "PEE-5", BookKeeping, ": state.IsBanned(now) ? (entry, 1, state.BannedUntil, state.LastContact)", ": state.IsBanned(now) ? (entry, 0, 0, state.LastContact)"),
        new("faults left out of the report", "PEE-12", PeerReports, "if (faults[fault] > 0)", "if (faults[fault] > uint.MaxValue - 1)"),
    ];
}
