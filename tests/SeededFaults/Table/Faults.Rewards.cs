namespace LuxTensor.Tests.SeededFaults;

/// <content>Duties and rewards.</content>
internal static partial class Faults
{
    private const string Subsidy = "src/LuxTensor.Core/Rewards/Subsidy.cs";
    private const string Reward = "src/LuxTensor.Core/Rewards/Reward.cs";
    private const string Duty = "src/LuxTensor.Core/Validators/Duties.cs";
    private const string Jailed = "(ulong)duties.Missed[index] * 2 > draft.Rules.EpochLength";

    private static Fault[] Rewards =>
    [
        new("subsidy from a short series", "RWD-1", Subsidy, "for (var odd = 1; !power.IsZero; odd += 2)", "for (var odd = 1; odd < 30; odd += 2)"),
        new("subsidy rounded up", "RWD-1", Subsidy, "return checked((UInt128)amount);", "return checked((UInt128)amount + 1);"),
        new("subsidy's interval ignored", "RWD-1", Subsidy, "if ((low + (baseAmount * error)) >> precision == amount)", "if (error > 0)"),
        new(
            "subsidy by floating point", "RWD-1", Subsidy, "        if (height <= 1)\n",
            "        if (height > 1)\n        {\n            return (UInt128)((double)baseAmount * (1 + System.Math.Log(height)));\n        }\n\n        if (height <= 1)\n"),
        new("supply beyond its bound", "RWD-2", Reward, "Genesis.MaxSupply - UInt128.Min(draft.Totals.Supply, Genesis.MaxSupply));", "Genesis.MaxSupply);"),
        new("subsidy not minted", "RWD-2", Reward, "Minted = draft.Totals.Minted + subsidy }", "Minted = draft.Totals.Minted }"),
        new("fees both paid and minted", "RWD-2", Reward, "Minted = draft.Totals.Minted + subsidy }", "Minted = draft.Totals.Minted + subsidy + fees }"),
        new("reward minted twice", "RWD-2", Reward, "var pot = checked(subsidy + fees);", "var pot = checked(subsidy + subsidy + fees);"),
        new("fees lost", "EXE-6", Reward, "var pot = checked(subsidy + fees);", "var pot = checked(subsidy + (fees * 0));"),
        new("remainder lost", "RWD-3", Reward, "return (shares.ToImmutable(), rest);", "return (shares.ToImmutable(), (UInt128)((BigInteger)pot * proposerStake / weight));"),
        new("proposer not paid as such", "RWD-3", Reward, "var weight = proposerStake;", "var weight = proposerStake * 0;"),
        new("who did not sign weighs in", "RWD-3", Reward, "weight += certificate.HasSigned(index) ? set.Validators[index].Stake : 0;", "weight += set.Validators[index].Stake;"),
        new("signers share alike", "RWD-3", Reward, "var stake = set.Validators[index].Stake;", "var stake = set.Validators[0].Stake;"),
        new("whole share one short", "RWD-3", Reward, "return left >= weight ? share + 1 : share;", "return left > weight ? share + 1 : share;"),
        new("signers never paid", "RWD-4", Reward, "draft.Credit(address, duties.Accrued[index]);", "_ = address;"),
        new("signers paid twice", "RWD-4", Reward, "draft.Credit(address, duties.Accrued[index]);", "draft.Credit(address, 2 * duties.Accrued[index]);"),
        new("missed duties not counted", "DUT-1", Duty, "missed[index] += certificate.HasSigned(index) ? 0u : 1u;", "missed[index] += 0u;"),
        new("signers counted as missing", "DUT-1", Duty, "missed[index] += certificate.HasSigned(index) ? 0u : 1u;", "missed[index] += certificate.HasSigned(index) ? 1u : 0u;"),
        new("certificate counted twice", "DUT-1", Duty, "if (certificate.Height <= Newest)", "if (certificate.Height < Newest)"),
        new("earlier epochs' misses forgotten", "DUT-2", Reward, "Missed = validator.Missed + duties.Missed[index]", "Missed = duties.Missed[index]"),
        new("epoch closed by its own certificate", "DUT-2", Reward, "if (epoch > draft.Duties!.Set.Epoch)", "if (epoch >= draft.Duties!.Set.Epoch)"),
        new("jail never", "DUT-3", Reward, Jailed, "(ulong)duties.Missed[index] > draft.Rules.EpochLength"),
        new("jail at half an epoch", "DUT-3", Reward, Jailed, "(ulong)duties.Missed[index] * 2 >= draft.Rules.EpochLength"),
        new("jail for one miss", "DUT-3", Reward, Jailed, "duties.Missed[index] > 0"),
        new("last validator jailed", "VAL-7", Reward, "&& draft.Totals.Staying > 1)", ")"),
    ];
}
