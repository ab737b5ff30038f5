using System.Globalization;
using System.Runtime.CompilerServices;

namespace LuxTensor.Tests.Simulation;

/// <summary>What must hold in every run.</summary>
internal enum Rule
{
    OneFinalBlockAHeight,
    FinalIsNeverReverted,
    NoDoubleSigning,

    /// <summary>Who precommitted a block prepares no other one without a later quorum for it (RND-4).</summary>
    LocksAreKept,

    /// <summary>Nobody precommits what no quorum prepared, or votes above a height that is not final.</summary>
    VotesAreJustified,

    /// <summary>Who forgot what it voted at a height is silent there (GRD-4).</summary>
    ForgottenLocksStaySilent,
    CertificatesVerify,
    StateRootsAgree,
    RotationIsTheSame,

    /// <summary>Base units come from subsidies alone, and go to penalties alone (RWD-5).</summary>
    SupplyIsConserved,
    StakesFollowTheRules,

    /// <summary>Who is punished voted twice, and is punished once (EVI-4).</summary>
    PunishmentIsJust,

    /// <summary>Who was told of two votes keeps them as evidence (FIN-6).</summary>
    EvidenceIsFound,

    /// <summary>What is final is what its place in the chain allows (BLK-4).</summary>
    BlocksAreValid,
    MemoryIsBounded,
    RestartBringsTheStateBack,
    AcceptedTransactionsSurvive,
    FinalityResumesAfterHealing,
    NoticesAreComplete,
    NothingThrows,
}

/// <summary>A rule was broken.</summary>
internal sealed class ViolationException(Rule rule, string what) : Exception($"{rule}: {what}")
{
    public Rule Rule { get; } = rule;
}

/// <summary>Words that are put together only where a rule does not hold: most of a run's demands do.</summary>
[InterpolatedStringHandler]
internal ref struct Otherwise
{
    private DefaultInterpolatedStringHandler text;

    public Otherwise(int literalLength, int formattedCount, bool holds, out bool isWanted)
    {
        isWanted = !holds;
        text = isWanted ? new DefaultInterpolatedStringHandler(literalLength, formattedCount, CultureInfo.InvariantCulture) : default;
    }

    public void AppendLiteral(string value) => text.AppendLiteral(value);

    public void AppendFormatted<T>(T value) => text.AppendFormatted(value);

    public string ToText() => text.ToStringAndClear();
}

/// <summary>What the checkers say.</summary>
internal static class Demands
{
    /// <summary>Breaks the run off where a rule does not hold.</summary>
    public static void Demand(bool holds, Rule rule, [InterpolatedStringHandlerArgument(nameof(holds))] Otherwise otherwise)
    {
        if (!holds)
        {
            throw new ViolationException(rule, otherwise.ToText());
        }
    }
}
