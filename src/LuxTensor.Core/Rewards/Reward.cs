using System.Collections.Immutable;
using System.Numerics;
using LuxTensor.Core.State;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;

namespace LuxTensor.Core.Rewards;

/// <summary>Who earns what for a block, and what its certificate tells of duties (RWD-2 to RWD-4, DUT-1 to DUT-3).</summary>
internal static class Reward
{
    /// <summary>Mints the subsidy, shares it out with the fees, and counts the duties that the certificate tells of.</summary>
    internal static void Pay(LedgerDraft draft, Address proposer, Certificate? certificate, UInt128 fees)
    {
        // RWD-2: minting ends where the supply would leave the range in which no sum overflows (GEN-6).
        var subsidy = UInt128.Min(Subsidy.Of(draft.Rules.Subsidy, draft.Height), Genesis.MaxSupply - UInt128.Min(draft.Totals.Supply, Genesis.MaxSupply));
        draft.Totals = draft.Totals with { Minted = draft.Totals.Minted + subsidy };
        var pot = checked(subsidy + fees);
        if (certificate is null || draft.Registry is not { } registry)
        {
            draft.Credit(proposer, pot);
            return;
        }

        var epoch = draft.Rules.EpochOf(certificate.Height);
        if (epoch > draft.Duties!.Set.Epoch)
        {
            Close(draft, registry.Epochs.Of(epoch));
        }

        var set = draft.Duties.Set;
        var seat = registry.Epochs.Of(draft.Epoch);
        var own = seat.IndexOf(proposer) is >= 0 and var index ? seat.Validators[index].Stake : 0;
        var (shares, rest) = Split(pot, own, set, certificate);
        draft.Credit(proposer, rest);
        draft.Duties = draft.Duties.Count(certificate).Earn(shares);
        draft.Totals = draft.Totals with { Accrued = draft.Totals.Accrued + pot - rest };
    }

    /// <summary>
    /// RWD-3: each signer's share is floor(pot × its stake / weight), where the weight is the stake of all signers and once
    /// more the proposer's; the proposer gets the rest, which is its own share and what the division left.
    /// </summary>
    internal static (ImmutableArray<(int Index, UInt128 Amount)> Signers, UInt128 Proposer) Split(
        UInt128 pot, UInt128 proposerStake, EpochSnapshot set, Certificate certificate)
    {
        var weight = proposerStake;
        for (var index = 0; index < set.Validators.Length; index++)
        {
            weight += certificate.HasSigned(index) ? set.Validators[index].Stake : 0;
        }

        var (whole, part) = UInt128.DivRem(pot, weight); // a quorum signed: not 0
        var scaled = (UInt128)(((BigInteger)part << 128) / weight);
        var rest = pot;
        var shares = ImmutableArray.CreateBuilder<(int, UInt128)>(set.Validators.Length);
        for (var index = 0; index < set.Validators.Length; index++)
        {
            if (certificate.HasSigned(index))
            {
                var stake = set.Validators[index].Stake;
                var share = (whole * stake) + FloorOf(stake, part, weight, scaled);
                rest -= share;
                shares.Add((index, share));
            }
        }

        return (shares.ToImmutable(), rest);
    }

    /// <summary>
    /// floor(stake × part / weight) for part &lt; weight ≤ 2^121 and stake ≤ 2^120, without a division of its own: scaled is
    /// floor(part × 2^128 / weight), one for all. It is short by less than 1, so its product with the stake is short by less than
    /// 2^120, and the upper half of that product is the quotient or one less. What is left over then is under 2 × weight, so
    /// that 128 bits, which drop what is above them, tell it exactly.
    /// </summary>
    private static UInt128 FloorOf(UInt128 stake, UInt128 part, UInt128 weight, UInt128 scaled)
    {
        var share = UInt128.BigMul(stake, scaled, out _);
        var left = unchecked((stake * part) - (share * weight));
        return left >= weight ? share + 1 : share;
    }

    /// <summary>RWD-4, DUT-2, DUT-3: an epoch's certificates are all in: pays its validators, notes who was missing, jails who was too often.</summary>
    private static void Close(LedgerDraft draft, EpochSnapshot next)
    {
        var duties = draft.Duties!;
        UInt128 paid = 0;
        for (var index = 0; index < duties.Set.Validators.Length; index++)
        {
            var address = duties.Set.Validators[index].Address;
            draft.Credit(address, duties.Accrued[index]);
            paid += duties.Accrued[index]; // within the supply
            if (duties.Missed[index] == 0)
            {
                continue;
            }

            var validator = draft.GetValidator(address)!;
            draft.Put(validator with { Missed = validator.Missed + duties.Missed[index] });
            if ((ulong)duties.Missed[index] * 2 > draft.Rules.EpochLength && validator.Standing == Standing.Active && draft.Totals.Staying > 1)
            {
                Departure.Jail(draft, address);
            }
        }

        draft.Totals = draft.Totals with { Accrued = draft.Totals.Accrued - paid };
        draft.Duties = Duties.Open(next, duties.Newest);
    }
}
