namespace LuxTensor.Tests.SeededFaults;

/// <content>What hosts do with the core: storing, replaying, signing.</content>
internal static partial class Faults
{
    private const string Routing = "src/LuxTensor.Engine/Routing/Routing.cs";
    private const string Following = "src/LuxTensor.Engine/Routing/Routing.Following.cs";
    private const string Recovery = "src/LuxTensor.Engine/Routing/Recovery.cs";
    private const string Checkpoint = "src/LuxTensor.Engine/Routing/Checkpoint.cs";
    private const string Loop = "src/LuxTensor.Engine/Hosting/NodeHost.Loop.cs";
    private const string Signer = "src/LuxTensor.Engine/Hosting/Signer.cs";
    private const string GuardedSigning = "src/LuxTensor.Engine/Hosting/GuardedSigning.cs";
    private const string Replica = "src/LuxTensor.Engine/Cluster/Replica.cs";
    private const string VotesThatCame = "src/LuxTensor.Engine/Routing/SignedVotes.cs";
    private const string Ingress = "src/LuxTensor.Engine/Hosting/Ingress.cs";
    private const string Guard = "src/LuxTensor.Storage/Guard/SqliteSigningGuard.cs";
    private const string GuardRules = "src/LuxTensor.Storage/Guard/GuardRules.cs";
    private const string Remembered = "store.Insert(vote.Validator, position, new SignedVote(vote.Ballot.Epoch, vote.Ballot.BlockHash, vote.Signature));";

    private static Fault[] Hosts =>
    [
        new("evidence not stored", "FIN-6", Reports, "turn.Store(conflict.Evidence);", "_ = conflict;") { Profile = "Byzantine" },
        new("votes of a final height kept", "FIN-7", Following, "turn.State.Heights.RemoveRange(turn.State.Heights.Keys.Where(height => height <= block.Height)),", "turn.State.Heights,"),
        new("votes of any height counted", "FIN-7", Routing, "if (ballot.Height < state.Chain.Height || ballot.Height > limit", "if (ballot.Height < state.Chain.Height") { Profile = "Byzantine" },
        new("own votes not counted", "PRO-3", Routing, "Feed(turn, [signed, .. CountOwn(turn, signed.Vote)], now);", "Feed(turn, [signed], now);"),
        new("counted votes not stored", "RND-10", Routing, "if (!isKept && ReferenceEquals(before.Chain, turn.State.Chain))", "if (ReferenceEquals(before.Chain, turn.State.Chain))") { Profile = "Crashes" },
        new("skipped rounds not stored", "RND-10", Routing, "turn.Store(InputCodec.EncodeSkip(fact.Height, skip.Round, now));", "_ = skip;") { Profile = "Crashes" },
        new("lock lost in the checkpoint", "RND-10", Checkpoint, "Locked = isLocked ? locked : null,", "Locked = null,") { Profile = "Crashes" },
        new("prepares lost in the checkpoint", "RND-10", Checkpoint, "Prepared = ReadCertificate(ref reader),", "Prepared = ReadCertificate(ref reader) is { } lost && lost.Height == 0 ? lost : null,") { Profile = "Crashes" },
        new("conflicts lost in the checkpoint", "RND-10", Checkpoint, "Conflicts = conflicts.ToImmutableSortedDictionary(", "Conflicts = conflicts.Take(0).ToImmutableSortedDictionary(") { Profile = "Crashes" },
        new("stored state not compared with its root", "EXE-2", Recovery, "if (ledger.Root != header.StateRoot)", "if (ledger.Root == default)"),
        new("final block leaves its transactions in the pool", "MEM-7", Following, "turn.State.Chain.Rules, block.Transactions);", "turn.State.Chain.Rules, []);"),
        new("effects leave before the journal is written", "FIN-9", Loop, "var batch = turn.ToBatch();", "turn.Effects.ToList().ForEach(Carry);\n        var batch = turn.ToBatch();"),
        new("journal not written", "FIN-9", Loop, "options.Journal.Commit(batch); // durable before visible", "_ = batch;"),
        new("signature leaves without the guard", "GRD-1", GuardedSigning, "return guard.Record(new Vote(ballot, Address.Of(key.PublicKey), key.Sign(message)));", "return new GuardDecision.Released(key.Sign(message));"),
        new("signature that comes epochs too late stops the node", "GRD-1", Signer, "if (fault is VoteRejection.UnknownEpoch)", "if (fault is null)"),
        new("replica takes no final blocks of a peer", "SYN-2", Replica, "Finalize(turn, finals, blocks, at);", "_ = (blocks, at);"),
        new("older guard not noticed", "GRD-3", Signer, "options.Guard.VerifyNotOlderThan(validator, stored);", "_ = stored;"),
        new("older journal not noticed", "GRD-4", Signer, "is { } last && last.Height >= height", "is { } last && last.Height < height"),
        new("older journal noticed once only", "GRD-4", Signer, "options.Guard.RefuseUpTo(validator, last.Height);", ""),
        new("own proposal from the network not recorded", "GRD-5", VotesThatCame, "=> [proposal.Vote, .. In(proposal.Prepared, view)]", "=> []"),
        new("own vote in a certificate not recorded", "GRD-5", VotesThatCame, "=> In(certificate, view),", "=> [],"),
        new("own vote from the network not recorded", "GRD-5", Ingress, "SignedVotes.In(input, View).Where(vote => options.IsLocal(vote.Validator))", "SignedVotes.In(input, View).Where(vote => options.Guard is null)"),
        new("guard not persisted", "GRD-1", Guard, Remembered, "_ = position;"),
        new("guard unique by hash only", "GRD-2", GuardRules, "if (signed is { } there)", "if (signed is { } there && there.Block == vote.Ballot.BlockHash)"),
        new("guard gives the new signature for a signed place", "GRD-2", GuardRules, "return there.Block == vote.Ballot.BlockHash && there.Epoch == vote.Ballot.Epoch", "return there.Epoch == vote.Ballot.Epoch"),
        new("guard signs what it has forgotten", "GRD-2", GuardRules, "position.CompareTo(mark) <= 0 ?", "position.CompareTo(mark) < 0 && position.Height == 0 ?"),
        new("older guard goes on signing", "GRD-3", Guard, "store.Block(validator, knownToJournal);", "_ = isForgotten;"),
    ];
}
