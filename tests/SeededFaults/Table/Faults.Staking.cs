namespace LuxTensor.Tests.SeededFaults;

/// <content>The life of a validator, evidence, and the sets of epochs.</content>
internal static partial class Faults
{
    private const string Stakes = "src/LuxTensor.Core/Validators/Staking.cs";
    private const string Leaving = "src/LuxTensor.Core/Validators/Departure.cs";
    private const string Transition = "src/LuxTensor.Core/Validators/EpochTransition.cs";
    private const string Schedule = "src/LuxTensor.Core/Validators/EpochSchedule.cs";
    private const string Registered = "src/LuxTensor.Core/Validators/Registry.cs";
    private const string Draft = "src/LuxTensor.Core/State/LedgerDraft.cs";
    private const string Offences = "src/LuxTensor.Core/Slashing/DoubleVote.cs";
    private const string Penal = "src/LuxTensor.Core/Slashing/Penalty.cs";
    private const string Offence = "src/LuxTensor.Core/Slashing/DoubleVote.cs";
    private const string Reports = "src/LuxTensor.Engine/Routing/Reporting.cs";
    private const string Room = "int.Min(draft.Rules.MaxActiveValidators - staying, draft.Rules.ChurnLimit)";
    private const string Taken = "UInt128.Min(validator.Stake * (uint)draft.Rules.SlashPercent / 100, validator.Stake)";

    private static Fault[] Staking =>
    [
        new("stake below the minimum", "VAL-2", Stakes, "_ when amount < draft.Rules.MinimumStake =>", "_ when amount == 0 =>"),
        new("validator registered twice", "VAL-2", Stakes, "known.Standing != Standing.Withdrawn || draft.IsMember(sender)", "known.Sequence == ulong.MaxValue"),
        new("activation without delay", "VAL-2", Stakes, "From = draft.Epoch + draft.Rules.ActivationDelay });", "From = draft.Epoch });"),
        new("joined before eligible", "VAL-8", Transition, ".TakeWhile(validator => validator.From <= epoch),", ".TakeWhile(validator => validator.Stake > 0),"),
        new("queue order ignored", "VAL-8", Transition, "draft.Registry!.Waiting.Take(", "draft.Registry!.Waiting.Reverse().Take("),
        new("churn ignored when joining", "VAL-8", Transition, Room, "draft.Rules.MaxActiveValidators - staying"),
        new("set above its maximum", "VAL-8", Transition, Room, "draft.Rules.ChurnLimit"),
        new("top-up never counts", "VAL-3", Draft, "Registry = Registry! with { Restaked = Registry.Restaked.Add(validator.Address) };", "_ = validator;"),
        new("top-up of nothing", "VAL-3", Stakes, "TransactionBody.TopUp more when more.Amount == 0 =>", "TransactionBody.TopUp more when more.Amount == UInt128.MaxValue =>"),
        new("top-up while leaving", "VAL-3", Stakes, "TransactionBody.TopUp or TransactionBody.Exit when validator.Standing == Standing.Leaving =>", "TransactionBody.Exit when validator.Standing == Standing.Leaving =>"),
        new("exit at once", "VAL-4", Leaving, "var earliest = draft.Epoch + rules.ExitDelay;", "var earliest = draft.Epoch;"),
        new("exit twice", "VAL-4", Stakes, "TransactionBody.TopUp or TransactionBody.Exit when validator.Standing == Standing.Leaving =>", "TransactionBody.TopUp when validator.Standing == Standing.Leaving =>"),
        new("churn ignored when leaving", "VAL-4", Leaving, "if (exits >= (uint)rules.ChurnLimit)", "if (exits == uint.MaxValue)"),
        new("last validator may exit", "VAL-4", Stakes, "&& draft.Totals.Staying <= 1 =>", "&& draft.Totals.Staying < 1 =>"),
        new("who left still counts among those who stay", "VAL-4", Leaving, "Staying = draft.Totals.Staying - 1 }", "Staying = draft.Totals.Staying }"),
        new("who left the queue still joins", "VAL-4", Leaving, "draft.Registry = registry with { Waiting = registry.Waiting.Remove((validator.Sequence, validator.Address)) };", "_ = registry;"),
        new("withdrawal before evidence is too old", "VAL-5", Leaving, "draft.Epoch + draft.Rules.ExitDelay) + draft.Rules.WithdrawalDelay;", "draft.Epoch + draft.Rules.ExitDelay);"),
        new("withdrawal at any time", "VAL-5", Stakes, "TransactionBody.Withdraw when draft.Epoch < validator.Withdrawable =>", "TransactionBody.Withdraw when validator.Withdrawable == Validator.Never =>"),
        new("stake paid out and kept", "VAL-5", Stakes, "leaver with { Stake = 0, Standing", "leaver with { Standing"),
        new("withdrawn stake lost", "VAL-5", Stakes, "draft.Credit(sender, leaver.Stake);", "_ = leaver;"),
        new("unjailed while in the set", "VAL-6", Stakes, "TransactionBody.Unjail when draft.Epoch < validator.Until || draft.IsMember(address) =>", "TransactionBody.Unjail when draft.Epoch == ulong.MaxValue =>"),
        new("unjailed without being jailed", "VAL-6", Stakes, "TransactionBody.Unjail when validator.Standing != Standing.Jailed =>", "TransactionBody.Unjail when validator.Standing == Standing.Active =>"),
        new("jailed and still in the set", "VAL-7", Leaving, "Standing = Standing.Jailed, Until = draft.NextFree }", "Standing = Standing.Jailed, Until = Validator.Never }"),
        new("leaver stays an epoch too long", "VAL-9", Transition, "entry.Until <= epoch)", "entry.Until < epoch)"),
        new("newcomers first", "VAL-9", Transition, "members.AddRange(joining.Select(", "members.InsertRange(0, joining.Select("),
        new("set fixed a block late", "VAL-9", Executing, "rules.EndsEpoch(draft.Height))", "rules.EndsEpoch(draft.Height - 1))"),
        new("empty set", "VAL-10", Transition, "return members.Count == 0 ? null : new", "return members.Count < 0 ? null : new"),
        new("queue lost at a restart", "VAL-9", Registered, "waiting.Add((validator.Sequence, validator.Address));", "_ = waiting;") { Profile = "Crashes" },
        new("leavers lost at a restart", "VAL-9", Registered, "leaving.Add((validator.Until, validator.Address));", "_ = leaving;") { Profile = "Crashes" },
        new("new stakes lost at a restart", "VAL-9", Registered, "restaked.Add(validator.Address);", "_ = restaked;") { Profile = "Crashes" },
        new("fixed set changed", "EPO-2", Schedule, "new([.. sets.Where(set => set.Epoch >= oldest), next]);", "new([.. sets.Where(set => set.Epoch >= oldest && set.Epoch + 1 < next.Epoch), next.For(next.Epoch - 1), next]);"),
        new("set forgotten while certificates need it", "EPO-4", Transition, "registry.Epochs.Add(set, ulong.Min(oldest, draft.Duties!.Set.Epoch)),", "registry.Epochs.Add(set, draft.Epoch + 1),"),
        new("evidence without signature check", "EVI-1", Verifier, "&& !report.Offence.Verify())", "&& report.Offence.Key == default)"),
        new("evidence with one signature", "EVI-1", Offence, "return Ed25519.Verify(Key, message, Second.Signature);", "return true;"),
        new("evidence of one vote, twice", "EVI-1", Offence, "if (first.Ballot.BlockHash.CompareTo(second.Ballot.BlockHash) >= 0)", "if (first.Ballot.BlockHash.CompareTo(second.Ballot.BlockHash) > 0)"),
        new("evidence in either order", "EVI-1", Offence, "if (first.Ballot.BlockHash.CompareTo(second.Ballot.BlockHash) >= 0)", "if (first.Ballot.BlockHash == second.Ballot.BlockHash)"),
        new("evidence of another epoch", "EVI-2", Offences, "if (ballot.Epoch != expected)", "if (ballot.Epoch == ulong.MaxValue)"),
        new("evidence too old accepted", "EVI-3", Offences, "if (ballot.Epoch < oldest)", "if (oldest == ulong.MaxValue)"),
        new("evidence of the future accepted", "EVI-3", Offences, "ballot.Height > limit ?", "limit == ulong.MaxValue ?"),
        new("evidence twice", "EVI-4", Penal, "{ IsSlashed: true } => new TransactionRejection.AlreadyPunished", "{ IsSlashed: true, Sequence: ulong.MaxValue } => new TransactionRejection.AlreadyPunished"),
        new("slashing only active stake", "EVI-4", Penal, Taken, "validator.Standing == Standing.Active ? validator.Stake * (uint)draft.Rules.SlashPercent / 100 : 0"),
        new("slash not saturating", "EVI-4", Penal, Taken, "draft.Rules.MinimumStake * (uint)draft.Rules.SlashPercent"),
        new("slash of another size", "EVI-4", Penal, Taken, "validator.Stake * (uint)draft.Rules.SlashPercent / 1000"),
        new("reporter unpaid", "EVI-4", Penal, "var reward = penalty * (uint)draft.Rules.ReporterPercent / 100;", "var reward = UInt128.Zero;"),
        new("reporter paid and all burned", "EVI-4", Penal, "Burned = draft.Totals.Burned + penalty - reward", "Burned = draft.Totals.Burned + penalty"),
        new("offender stays in the set", "EVI-5", Penal, "Departure.Remove(draft, offence.Offender);", "_ = offence;"),
        new("removed validator may return", "EVI-5", Stakes, "{ IsSlashed: true } => new TransactionRejection.RemovedForGood(sender),", "{ IsSlashed: true, Sequence: ulong.MaxValue } => new TransactionRejection.RemovedForGood(sender),"),
        new("removed validator's stake free at once", "EVI-5", Leaving, "Withdrawable = ulong.Max(free, promised) });", "Withdrawable = validator.IsSlashed ? draft.Epoch : ulong.Max(free, promised) });"),
        new("double votes not reported", "EVI-7", Reports, "turn.Emit(new NodeEffect.Report(reporter, offence));", "_ = reporter;"),
        new("double vote in a certificate not seen", "FIN-10", Finality, "counted != certificate.Ballot && !state.Conflicts.ContainsKey(validator))", "counted == certificate.Ballot && !state.Conflicts.ContainsKey(validator))") { Profile = "Byzantine" },
        new("double votes kept to oneself", "EVI-8", Reports, "turn.Emit(new NodeEffect.Chain(new ChainEffect.Broadcast(new Message.Accuse(offence)))); // only who saw both votes knows", ""),
        new("anything accused of", "EVI-8", Reports, "&& IsPossible(state, offence)\n            && IsPunishable", "&& IsPunishable"),
        new("double votes forgotten at a restart", "EVI-7", Reports, "offences = isUseful ? offences.Add(offence.Offender, offence) : offences;", "_ = isUseful;") { Profile = "Crashes" },
        new("double votes forgotten before they are punished", "EVI-7", Reports, "entry.Value.Ballot.Epoch >= oldest && IsPunishable(state, entry.Key))", "entry.Value.Ballot.Epoch > oldest + 1_000 && IsPunishable(state, entry.Key))"),
        new("evidence pooled behind a gap", "MEM-11", Pool, ": offered.Body is TransactionBody.Report ? new", ": offered.Body is TransactionBody.Exit ? new"),
        new("evidence that is too old stays", "MEM-11", Pool, ".Concat(offenders).Concat(reporters).Distinct()", ".Concat(offenders).Distinct()"),
        new("evidence pooled twice", "MEM-11", Pool, "reports.TryGetValue(offender, out var known) && known != replaced)", "reports.TryGetValue(offender, out var known) && known.Cost > 0)"),
        new("own set's hash unchecked", "BLK-4", Validity, "if (header.ValidatorSetHash != set.Hash || header.NextValidatorSetHash != next.Hash)", "if (header.NextValidatorSetHash != next.Hash)"),
        new("certificate older than the parent's", "BLK-7", Validity, " || certified < (parent.Duties?.Newest ?? 0)", ""),
    ];
}
