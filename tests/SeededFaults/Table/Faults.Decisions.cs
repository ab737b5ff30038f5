namespace LuxTensor.Tests.SeededFaults;

/// <content>How heights end, what is said again, catching up, and blocks that are not final.</content>
internal static partial class Faults
{
    private const string Decision = "src/LuxTensor.Core/Consensus/Decision.cs";
    private const string CatchUp = "src/LuxTensor.Core/Sync/CatchUp.cs";
    private const string SyncRequests = "src/LuxTensor.Core/Sync/Requests.cs";
    private const string SyncVerifier = "src/LuxTensor.Core/Sync/SyncVerifier.cs";
    private const string Admission = "src/LuxTensor.Core/Consensus/Admission.cs";
    private const string ServingPeers = "src/LuxTensor.Engine/Hosting/Serving.cs";
    private const string Tree = "src/LuxTensor.Core/ForkChoice/BlockTree.cs";

    private static Fault[] Decisions =>
    [
        new("prepares decide", "FIN-9", Dispatch, "if (certificate.Ballot.Phase == Phase.Prepare)", "if (certificate.Ballot.Phase == Phase.Commit)"),
        new("decided block not awaited", "FIN-9", Decision, "turn.State = state with { Awaited = certificate };", "turn.State = state;") { Profile = "Lossy" },
        new("lock kept for the next height", "FIN-9", Decision, "Locked = null,", "Locked = before.Locked,"),
        new("prepares kept for the next height", "FIN-9", Decision, "Prepared = null,", "Prepared = before.Prepared,"),
        new("round kept for the next height", "RND-1", Decision, "            Rounds.Start(turn, 0);\n        }\n        else if", "            Rounds.Start(turn, state.Round);\n        }\n        else if"),
        new("own votes not said again", "RND-9", Decision, "foreach (var standing in state.Standing)", "foreach (var standing in state.Standing.Where(_ => false))") { Profile = "Lossy" },
        new("certificates not said", "RND-9", Decision, "if (formedHere)", "if (formedHere && state.Height == 0)") { Profile = "Splits" },
        new("last round's precommits not said again", "RND-9", Decision, "if (state.Round > 0)", "if (state.Round == uint.MaxValue)") { Profile = "Lossy" },
        new("status not said again", "SYN-1", Decision, "        turn.Emit(new ChainEffect.Broadcast(\n            new Message.Status(state.Genesis, state.Tree.Root.Height, state.Tree.Root.Hash, state.Round)));", "") { Profile = "Partitions" },
        new("status of another chain believed", "SYN-1", Decision, "said.Genesis == turn.State.Genesis && said.FinalHeight", "said.FinalHeight"),
        new("final blocks not executed", "SYN-2", Decision, "turn.Emit(new ChainEffect.Refused(from, why));\n                break;", "turn.Emit(new ChainEffect.Refused(from, why));\n                continue;") { Profile = "Byzantine" },
        new("unverified header leads on", "SYN-3", SyncVerifier, "?? (checks.Certificate(item.Certificate, set!) ? null : SyncFault.ForgedCertificate);", ";") { Profile = "Byzantine" },
        new("header certified by another block's certificate", "SYN-3", SyncVerifier, "|| certificate.BlockHash != item.Hash ?", "?") { Profile = "Byzantine" },
        new("set that nobody named believed", "SYN-3", SyncVerifier, "one => one.Epoch == header.Epoch && one.Hash == parent.NextValidatorSetHash", "one => one.Epoch == header.Epoch"),
        new("header of another parent", "SYN-3", SyncVerifier, "&& header.Parent == parentHash", ""),
        new("header of another proposer", "SYN-3", SyncVerifier, "&& header.Proposer == set.ProposerOf(header.Height, header.Round).Address", ""),
        new("block that is not its header's", "SYN-4", SyncVerifier, "if (block.Hash != header.Value.Hash || !checks", "if (!checks") { Profile = "Byzantine" },
        new("block with another body", "SYN-4", SyncVerifier, "block.Hash != header.Value.Hash || !checks.Block(block, epoch => state.SetOf(epoch, chain.Epochs))", "block.Hash != header.Value.Hash") { Profile = "Byzantine" },
        new("blocks handed over twice", "SYN-4", CatchUp, "Blocks = turn.State.Blocks.RemoveRange(taken.Select(static block => block.Height)),", "Blocks = turn.State.Blocks,"),
        new("more than four peers asked for blocks", "SYN-4", SyncRequests, "< turn.State.Rules.Peers)", "< 64)"),
        new("unsolicited answer taken", "SYN-5", SyncVerifier, "return SyncFault.Unsolicited;", "return null;"),
        new("answer from another height taken", "SYN-5", SyncVerifier, "if (i >= request.Count || heights[i] != request.From + (ulong)i)", "if (i >= request.Count)"),
        new("silent peer waited for", "SYN-5", SyncRequests, "Age(turn, request) >= turn.State.Rules.Timeout", "Age(turn, request) == ulong.MaxValue"),
        new("slow peer not passed by", "SYN-5", SyncRequests, "request?.Part == part && Age(turn, request) < turn.State.Rules.Patience;", "request?.Part == part;"),
        new("peer asked in vain asked at once again", "SYN-5", SyncRequests, "RestsUntil = turn.Now + rest", "RestsUntil = 0"),
        new("clock set back stops catching up", "SYN-5", SyncRequests, "turn.Now >= request.SentAt ? turn.Now - request.SentAt : ulong.MaxValue", "turn.Now >= request.SentAt ? turn.Now - request.SentAt : 0"),
        new("headers without bound", "SYN-6", CatchUp, "&& turn.State.Headers.Count < turn.State.Rules.HeadersAhead)", ")"),
        new("downloads without bound", "SYN-6", SyncRequests, "(!isLowest && turn.State.BlockBytes >= turn.State.Rules.CacheBytes) ||", ""),
        new("claims without bound", "SYN-6", CatchUp, "(peers.Count < SyncState.MaxPeers || MakeRoom(turn))", "true"),
        new("no room for an honest peer", "SYN-6", CatchUp, "(peers.Count < SyncState.MaxPeers || MakeRoom(turn))", "peers.Count < SyncState.MaxPeers"),
        new("no block is too far ahead to look at", "FRK-6", Admission, "if (height < state.Height || height > Horizon(state))", "if (height < state.Height)") { Profile = "Byzantine" },
        new("run-ahead unbounded", "FRK-6", Production, "head.Height + 1 <= ulong.Min(state.Tree.Root.Height + state.Rules.RunAhead, Admission.Horizon(state));", "head.Height + 1 <= Admission.Horizon(state) + 64;"),
        new("block ahead before its time", "FRK-6", Admission, "if (header.Time < Production.EarliestAhead(state.Rules, parent.Block.Header.Time, header.Round) || !Add", "if (!Add"),
        new("block ahead of another round", "FRK-6", Admission, "|| proposal.Round != header.Round)", ")"),
        new("block ahead forgotten when its height comes", "FRK-6", Decision, "Proposals = voted.ToImmutableSortedDictionary(ahead => ahead.Key.Round, ahead => ahead.Value),", "Proposals = System.Collections.Immutable.ImmutableSortedDictionary<uint, Vote>.Empty,"),
        new("orphans unbounded", "FRK-7", Admission, "turn.State.Orphans.Count < ChainState.MaxOrphans && ", "") { Profile = "Byzantine" },
        new("parent of an orphan not asked for", "FRK-7", Admission, "turn.Emit(new ChainEffect.FetchBlock(parent, from));", "_ = from;") { Profile = "Lossy" },
        new("orphan not taken when its parent comes", "FRK-7", Admission, "            Take(turn, orphan, from);", "            _ = orphan;") { Profile = "Lossy" },
        new("parent of an orphan not asked for again", "FRK-7", Decision, "        Admission.SeekParent(turn);\n", ""),
        new("any block taken by hash", "FRK-8", Admission, "(block.Hash == state.Awaited?.BlockHash || block.Hash == state.Prepared?.BlockHash) && state", "state"),
        new("a parent taken that nobody proposed", "FRK-8", Admission, "block.Hash == state.Prepared?.BlockHash) &&", "block.Hash == state.Prepared?.BlockHash || state.Orphans.ContainsKey(block.Hash)) &&"),
        new("a block that is not final given without its proposal", "FRK-8", ServingPeers, "view.Chain.ProposalOf(hash) is { } vote", "view.Chain.ProposalOf(default) is { } vote") { Profile = "Lossy" },
        new("second proposal of a round replaces the first", "RND-2", Admission, "if (!Rounds.IsNear(turn.State, round) || turn.State.Proposals.ContainsKey(round))", "if (!Rounds.IsNear(turn.State, round))"),
        new("proposals kept for every round", "FIN-7", Admission, "if (!Rounds.IsNear(turn.State, round) || turn.State", "if (turn.State"),
        new("tree keeps what finality cut off", "FRK-3", Tree, "if (node.Parent == hash || kept.ContainsKey(node.Parent))", "if (node.Hash != hash)"),
        new("final block that is no child of the last", "FRK-3", Tree, "if (root.Parent != Root.Hash)", "if (root.Height <= Root.Height)"),
        new("prepared block does not lead", "FRK-2", Tree, "new Branch(node, node.Height, round + 1UL)", "new Branch(node, 0 * node.Height, 0 * round)"),
        new("shortest branch leads", "FRK-2", Tree, "(PreparedHeight, PreparedRound, Tip.Height).CompareTo((rival.PreparedHeight, rival.PreparedRound, rival.Tip.Height))", "(PreparedHeight, PreparedRound, rival.Tip.Height).CompareTo((rival.PreparedHeight, rival.PreparedRound, Tip.Height))"),
        new("reorganisation of any depth", "FRK-4", Tree, "return from.Height - common > maxReorganisation;", "return from.Height - common > ulong.MaxValue - 1;"),
        new("tree unbounded", "FRK-5", Tree, "if (nodes.Count >= Capacity)", "if (nodes.Count == int.MaxValue)") { Profile = "Byzantine" },
        new("full tree gives up a prepared block", "FRK-5", Tree, " && !prepared.ContainsKey(held.Hash));", ");"),
    ];
}
