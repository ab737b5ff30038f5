using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core;

/// <summary>Why a genesis is refused, with the values at fault. A closed set; amounts are base units.</summary>
public abstract record GenesisRejection
{
    private GenesisRejection()
    {
    }

    /// <summary>One sentence for whoever writes the genesis: what is wrong, and what would be right.</summary>
    public string Message => this switch
    {
        Malformed it => $"the bytes are not the canonical encoding of a genesis: {it.Fault}",
        BadRule it => $"{it.Name} is {it.Value}, it must be {it.Allowed}",
        NoValidators => "the genesis has no validator: name at least one, or nothing can become final",
        TooManyValidators it => $"the genesis has {it.Actual} validators, MaxActiveValidators allows {it.Limit}",
        DuplicateValidator it => $"validator {it.Key} is listed twice, at places {it.First} and {it.Second} (counted from 0)",
        InadmissibleKey it => $"the key {it.Key} at place {it.Index} (counted from 0) is not an admissible Ed25519 key",
        StakeBelowMinimum it => $"validator {it.Key} has a stake of {it.Stake}, MinimumStake is {it.Minimum}",
        StakeOverflow it => $"the stakes up to validator {it.Key} are more than {it.Limit} together",
        TooManyAccounts it => $"the genesis has {it.Actual} accounts, at most {it.Limit} are allowed",
        DuplicateAccount it => $"account {it.Address} is listed twice",
        EmptyAccount it => $"account {it.Address} has a balance of 0: leave it out",
        SupplyOverflow it => $"stakes and balances are more than {it.Limit} together",
        _ => throw new InvalidOperationException($"a rejection without a message: {GetType().Name}"),
    };

    /// <summary>The bytes are not a genesis (GEN-2).</summary>
    public sealed record Malformed(WireFault Fault) : GenesisRejection;

    /// <summary>A rule, or the time, is out of its range (GEN-3).</summary>
    public sealed record BadRule(string Name, string Value, string Allowed) : GenesisRejection;

    /// <summary>Nobody could ever sign (GEN-4).</summary>
    public sealed record NoValidators : GenesisRejection;

    /// <summary>More validators than may be active (GEN-4).</summary>
    public sealed record TooManyValidators(int Limit, int Actual) : GenesisRejection;

    /// <summary>One key at two places (GEN-4).</summary>
    public sealed record DuplicateValidator(PublicKey Key, int First, int Second) : GenesisRejection;

    /// <summary>A key under which no signature counts (GEN-4).</summary>
    public sealed record InadmissibleKey(int Index, PublicKey Key) : GenesisRejection;

    /// <summary>Less than a validator must have (GEN-4).</summary>
    public sealed record StakeBelowMinimum(PublicKey Key, UInt128 Minimum, UInt128 Stake) : GenesisRejection;

    /// <summary>The running sum of the stakes passes the limit at this validator (GEN-4).</summary>
    public sealed record StakeOverflow(PublicKey Key, UInt128 Limit) : GenesisRejection;

    /// <summary>More accounts than a genesis can hold (GEN-5).</summary>
    public sealed record TooManyAccounts(int Limit, int Actual) : GenesisRejection;

    /// <summary>One address twice (GEN-5).</summary>
    public sealed record DuplicateAccount(Address Address) : GenesisRejection;

    /// <summary>An account with nothing in it, which the state could not tell from none (GEN-5).</summary>
    public sealed record EmptyAccount(Address Address) : GenesisRejection;

    /// <summary>More base units than a chain can have (GEN-6).</summary>
    public sealed record SupplyOverflow(UInt128 Limit) : GenesisRejection;
}
