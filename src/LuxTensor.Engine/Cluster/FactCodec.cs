using LuxTensor.Core.Finality;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;

namespace LuxTensor.Engine.Cluster;

/// <summary>Bytes of what the votes of a height established.</summary>
internal static class FactCodec
{
    private enum Kind : byte
    {
        BlockQuorum = 1,
        NilQuorum = 2,
        AnyQuorum = 3,
        RoundSkip = 4,
        Conflict = 5,
    }

    public static void Write(WireWriter writer, FinalityFact fact)
    {
        switch (fact)
        {
            case FinalityFact.BlockQuorum { Certificate: var certificate }:
                certificate.Write(writer.UInt8((byte)Kind.BlockQuorum));
                break;
            case FinalityFact.NilQuorum nil:
                writer.UInt8((byte)Kind.NilQuorum).UInt32(nil.Round).UInt8((byte)nil.Phase);
                break;
            case FinalityFact.AnyQuorum any:
                writer.UInt8((byte)Kind.AnyQuorum).UInt32(any.Round).UInt8((byte)any.Phase);
                break;
            case FinalityFact.RoundSkip skip:
                writer.UInt8((byte)Kind.RoundSkip).UInt32(skip.Round);
                break;
            case FinalityFact.Conflict { Evidence: var (first, second) }:
                first.Write(writer.UInt8((byte)Kind.Conflict));
                second.Write(writer);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(fact));
        }
    }

    /// <summary>Reads a fact; what is signed in it is not verified yet. An unknown kind faults the reader.</summary>
    public static FinalityFact? Read(ref WireReader reader)
    {
        switch ((Kind)reader.UInt8())
        {
            case Kind.BlockQuorum:
                return new FinalityFact.BlockQuorum(Certificate.Read(ref reader));
            case Kind.NilQuorum:
                return new FinalityFact.NilQuorum(reader.UInt32(), ReadPhase(ref reader));
            case Kind.AnyQuorum:
                return new FinalityFact.AnyQuorum(reader.UInt32(), ReadPhase(ref reader));
            case Kind.RoundSkip:
                return new FinalityFact.RoundSkip(reader.UInt32());
            case Kind.Conflict:
                return new FinalityFact.Conflict(new Evidence(Vote.Read(ref reader), Vote.Read(ref reader)));
            default:
                reader.Fail(WireFault.UnknownTag);
                return null;
        }
    }

    /// <summary>
    /// Verifies what is signed in a fact. Votes were verified one by one where they came in; what decides a height or costs a
    /// validator its stake rests on no other process's word. Null where it holds.
    /// </summary>
    public static VoteRejection? Check(FinalityFact fact, ulong height, Core.ChainRules rules, EpochSnapshot? set) => fact switch
    {
        FinalityFact.BlockQuorum { Certificate: var certificate } => certificate.Height != height
            ? new VoteRejection.WrongCertificate(certificate.Height, certificate.Ballot.Phase)
            : Verifier.Check(certificate, rules, set, out _),
        FinalityFact.Conflict { Evidence: var (first, second) } => first.Ballot.Height != height || first.Validator != second.Validator
            || first.Ballot with { BlockHash = default } != second.Ballot with { BlockHash = default } || first.Ballot == second.Ballot
            ? new VoteRejection.WrongBlock(first.Ballot.BlockHash, second.Ballot.BlockHash)
            : Verifier.Check(first, rules, set, out _) ?? Verifier.Check(second, rules, set, out _),
        _ => null,
    };

    private static Phase ReadPhase(ref WireReader reader)
    {
        var phase = (Phase)reader.UInt8();
        if (phase is not (Phase.Prepare or Phase.Precommit))
        {
            reader.Fail(WireFault.UnknownTag);
        }

        return phase;
    }
}
