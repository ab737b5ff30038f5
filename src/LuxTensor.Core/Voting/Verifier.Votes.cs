using LuxTensor.Core.Validators;
using LuxTensor.Crypto;

namespace LuxTensor.Core.Voting;

/// <summary>What a check said of one vote: why it does not count, or the vote, verified.</summary>
/// <param name="Why">Why not; null where it counts.</param>
/// <param name="Vote">The verified vote; the default where it does not count.</param>
public readonly record struct VoteVerdict(VoteRejection? Why, Verified<Vote> Vote);

/// <summary>Votes and certificates, which is most of what is verified. The signatures of known voters go through the engine together.</summary>
public static partial class Verifier
{
    /// <summary>Checks one vote (VOT-3): chain, epoch, voter, signature. Null on success.</summary>
    public static VoteRejection? Check(Vote vote, ChainRules rules, EpochSnapshot? set, out Verified<Vote> verified)
    {
        var verdict = Check([vote], rules, _ => set)[0];
        verified = verdict.Vote;
        return verdict.Why;
    }

    /// <summary>
    /// Checks votes together (VOT-3), which costs a fraction of checking each: a verdict for each, in order, that does not depend on the others.
    /// <paramref name="sets"/> gives an epoch's set, or null where it is not known.
    /// </summary>
    public static VoteVerdict[] Check(ReadOnlySpan<Vote> votes, ChainRules rules, Func<ulong, EpochSnapshot?> sets)
    {
        var verdicts = new VoteVerdict[votes.Length];
        var signed = new List<SignedMessage>(votes.Length);
        for (var i = 0; i < votes.Length; i++)
        {
            var vote = votes[i];
            var set = sets(rules.EpochOf(vote.Ballot.Height));
            var why = CheckBallot(vote.Ballot, rules, set);
            if (why is null)
            {
                var index = set!.IndexOf(vote.Validator);
                if (index >= 0)
                {
                    signed.Add(new SignedMessage(set.Validators[index].Key, MessageOf(vote.Ballot), vote.Signature));
                    continue;
                }

                why = new VoteRejection.UnknownValidator(vote.Validator, set.Epoch);
            }

            verdicts[i] = new VoteVerdict(why, default);
        }

        var good = Verify(signed);
        var at = 0;
        for (var i = 0; i < votes.Length; i++)
        {
            if (verdicts[i].Why is null)
            {
                verdicts[i] = good[at++]
                    ? new VoteVerdict(null, new Verified<Vote>(votes[i]))
                    : new VoteVerdict(new VoteRejection.BadSignature(votes[i].Validator), default);
            }
        }

        return verdicts;
    }

    /// <summary>
    /// Checks a certificate (CRT-2): signers of the set, one valid signature each, and a quorum of stake. Null on success, otherwise the fault of the
    /// first signer that has one.
    /// </summary>
    public static VoteRejection? Check(Certificate certificate, ChainRules rules, EpochSnapshot? set, out Verified<Certificate> verified)
    {
        verified = default;
        if (CheckBallot(certificate.Ballot, rules, set) is { } why)
        {
            return why;
        }

        var message = MessageOf(certificate.Ballot);
        var validators = set!.Validators;
        var signed = new List<SignedMessage>(certificate.Signatures.Length);
        var signers = new List<EpochValidator>(certificate.Signatures.Length);
        UInt128 stake = 0;
        var isMalformed = false;
        for (var index = 0; index < certificate.Signers.Length * 8 && !isMalformed; index++)
        {
            if (!certificate.HasSigned(index))
            {
                continue;
            }

            isMalformed = index >= validators.Length || signed.Count >= certificate.Signatures.Length;
            if (!isMalformed)
            {
                signers.Add(validators[index]);
                signed.Add(new SignedMessage(validators[index].Key, message, certificate.Signatures[signed.Count]));
                stake += validators[index].Stake;
            }
        }

        var bad = Array.IndexOf(Verify(signed), false);
        if (bad >= 0)
        {
            return new VoteRejection.BadSignature(signers[bad].Address);
        }

        if (isMalformed || signed.Count != certificate.Signatures.Length)
        {
            return new VoteRejection.MalformedCertificate(certificate.Height);
        }

        if (!Quorum.IsReached(stake, set.TotalStake, rules.QuorumPercent))
        {
            return new VoteRejection.NoQuorum(stake, set.TotalStake);
        }

        verified = new Verified<Certificate>(certificate);
        return null;
    }

    private static bool[] Verify(List<SignedMessage> signed)
    {
        var verdicts = new bool[signed.Count];
        SignatureEngine.Shared.Verify(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(signed), verdicts);
        return verdicts;
    }

    private static byte[] MessageOf(Ballot ballot)
    {
        var message = new byte[Ballot.MessageSize];
        ballot.WriteMessage(message);
        return message;
    }

    private static VoteRejection? CheckBallot(Ballot ballot, ChainRules rules, EpochSnapshot? set)
    {
        if (ballot.ChainId != rules.ChainId)
        {
            return new VoteRejection.WrongChain(rules.ChainId, ballot.ChainId);
        }

        var epoch = rules.EpochOf(ballot.Height);
        if (ballot.Epoch != epoch)
        {
            return new VoteRejection.WrongEpoch(ballot.Height, epoch, ballot.Epoch);
        }

        return set?.Epoch == epoch ? null : new VoteRejection.UnknownEpoch(epoch);
    }
}
