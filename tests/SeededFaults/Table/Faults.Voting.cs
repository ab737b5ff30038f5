namespace LuxTensor.Tests.SeededFaults;

/// <content>Thresholds, votes, certificates and what is verified.</content>
internal static partial class Faults
{
    private const string Quorum = "src/LuxTensor.Core/Voting/Quorum.cs";
    private const string Verifier = "src/LuxTensor.Core/Voting/Verifier.cs";
    private const string VerifierOfVotes = "src/LuxTensor.Core/Voting/Verifier.Votes.cs";
    private const string Vote = "src/LuxTensor.Core/Voting/Vote.cs";
    private const string Certificate = "src/LuxTensor.Core/Voting/Certificate.cs";
    private const string Snapshot = "src/LuxTensor.Core/Validators/EpochSnapshot.cs";
    private const string Reader = "src/LuxTensor.Core/Wire/WireReader.cs";
    private const string Quorate = "checked((signed * 3 > total * 2) && (signed * 100 >= total * (UInt128)percent))";

    private static Fault[] Voting =>
    [
        new("quorum at exactly two thirds", "QUO-1", Quorum, Quorate, "checked(signed * 3 >= total * 2)"),
        new("quorum by floor division", "QUO-1", Quorum, Quorate, "checked(signed >= total * (UInt128)percent / 100)"),
        new("percent ignored", "QUO-1", Quorum, Quorate, "checked(signed * 3 > total * 2)"),
        new("quorum of a plain majority", "QUO-1", Quorum, Quorate, "checked(signed * 2 > total)") { Profile = "Byzantine" },
        new("quorum wraps around", "QUO-3", Quorum, Quorate, "unchecked((signed * 3 > total * 2) && (signed * 100 >= total * (UInt128)percent))"),
        new("blocking at exactly a third", "QUO-2", Quorum, "checked(signed * 3 > total)", "checked(signed * 3 >= total)"),
        new("draw without the round", "EPO-3", Snapshot, ".UInt64(height).UInt32(round)", ".UInt64(height).UInt32(0)"),
        new("draw without the height", "EPO-3", Snapshot, ".UInt64(height).UInt32(round)", ".UInt64(0).UInt32(round)"),
        new("draw by index instead of stake", "EPO-3", Snapshot, "Validators[at >= 0 ? at + 1 : ~at]", "Validators[(int)(ticket % (UInt128)Validators.Length)]"),
        new("set hash without the stake", "EPO-2", Snapshot, ".UInt128(validators[i].Stake)", ".UInt128(0)"),
        new("vote signed without the chain", "VOT-1", Vote, "destination[16..], ChainId", "destination[16..], 0"),
        new("vote signed without the epoch", "VOT-1", Vote, "destination[24..], Epoch", "destination[24..], 0"),
        new("vote signed without the round", "VOT-1", Vote, "destination[40..], Round", "destination[40..], 0"),
        new("vote signed without the phase", "VOT-1", Vote, "destination[44] = (byte)Phase", "destination[44] = 1"),
        new("vote signature unchecked", "VOT-3", VerifierOfVotes, "verdicts[i] = good[at++]", "verdicts[i] = at++ >= 0") { Profile = "Byzantine" },
        new("vote of any chain", "VOT-3", VerifierOfVotes, "if (ballot.ChainId != rules.ChainId)", "if (ballot.ChainId == 0)"),
        new("vote of any epoch", "VOT-3", VerifierOfVotes, "if (ballot.Epoch != epoch)", "if (ballot.Epoch == ulong.MaxValue)"),
        new("certificate signature unchecked", "CRT-2", VerifierOfVotes, "if (bad >= 0)", "if (bad >= signed.Count)") { Profile = "Byzantine" },
        new("certificate bit beyond the set", "CRT-2", VerifierOfVotes, "isMalformed = index >= validators.Length || signed.Count", "isMalformed = signed.Count"),
        new("certificate with signatures to spare", "CRT-2", VerifierOfVotes, "if (isMalformed || signed.Count != certificate.Signatures.Length)", "if (isMalformed)"),
        new("certificate without a quorum", "CRT-2", VerifierOfVotes, "if (!Quorum.IsReached(stake, set.TotalStake, rules.QuorumPercent))", "if (stake == 0)") { Profile = "Byzantine" },
        new("certificate with one signature for all", "CRT-2", VerifierOfVotes, "var bad = Array.IndexOf(Verify(signed), false);", "var bad = Array.IndexOf(Verify(signed.GetRange(0, int.Min(1, signed.Count))), false);") { Profile = "Byzantine" },
        new("certificate bitmap may end in zeros", "CRT-1", Certificate, "if (bitmap.IsEmpty || bitmap[^1] == 0)", "if (bitmap.IsEmpty)"),
        new("certificate of proposals or of nil", "CRT-1", Certificate, "if (ballot.Phase is not (Phase.Prepare or Phase.Precommit) || ballot.IsNil)", "if (ballot.Phase > Phase.Commit)"),
        new("proposal of anybody", "VOT-4", Verifier, "if (expected != proposal.Vote.Validator)", "if (expected == default)") { Profile = "Byzantine" },
        new("proposal with another block's certificate", "VOT-4", Verifier, "|| prepared.BlockHash != proposal.Block.Hash || prepared.Height", "|| prepared.Height"),
        new("proposal's certificate unverified", "VOT-4", Verifier, "(proposal.Prepared is { } certificate ?", "(proposal.Prepared is { Height: 0 } certificate ?"),
        new("block's transactions unverified", "VOT-5", Verifier, "if (!isKnown(block.Transactions[i]) &&", "if (i < 0 &&"),
        new("block's certificate of prepares", "VOT-5", Verifier, "certificate.Ballot.Phase != Phase.Precommit || certificate.Height >= block.Height", "certificate.Height >= block.Height"),
        new("final by another block's certificate", "CRT-3", Verifier, "|| certificate.BlockHash != item.Block.Hash ||", "||") { Profile = "Byzantine" },
        new("final by an unverified certificate", "CRT-3", Verifier, "var why = Check(certificate, rules, sets(rules.EpochOf(certificate.Height)), out _) ?? Check(item.Block,", "var why = Check(item.Block,") { Profile = "Byzantine" },
        new("final by a certificate of prepares", "CRT-3", Verifier, "if (certificate.Ballot.Phase != Phase.Precommit || certificate.BlockHash", "if (certificate.BlockHash"),
        new("transaction signature unchecked", "TXN-2", Verifier, "|| !Ed25519.Verify(transaction.SenderKey, transaction.SigningMessage(), transaction.Signature))", ")"),
        new("transaction of any chain", "TXN-3", Verifier, "if (transaction.ChainId != rules.ChainId)", "if (transaction.ChainId == 0)"),
        new("bytes left over are no fault", "WIR-5", Reader, "if (Fault == WireFault.None && rest.Length != 0)", "if (Fault != WireFault.None && rest.Length != 0)"),
        new("count believed before the bytes are there", "WIR-4", Reader, "else if ((ulong)count * (ulong)minimumElementSize > (ulong)rest.Length)", "else if (count > int.MaxValue)"),
        new("flag of any value", "WIR-1", Reader, "if (value > 1)", "if (value > 255)"),
    ];
}
