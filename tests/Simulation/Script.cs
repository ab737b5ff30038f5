using System.Collections.Immutable;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;

namespace LuxTensor.Tests.Simulation;

/// <summary>
/// Who hears whom, step by step. Every round has two, one up to its prepares and one for its precommits, and heights follow
/// on as rounds do: what is said of step s, then or later, reaches the sender's group of step s alone. Where a step comes
/// to a standstill its votes reach all, late, so that those who are left behind can give it up; and where that does not
/// help, the rest of it too. After the last step all hear all.
/// </summary>
/// <param name="Groups">For each step the group of each node.</param>
/// <param name="Salt">What is added to every stake, base units: it decides who proposes when.</param>
internal sealed record Script(ImmutableArray<ImmutableArray<int>> Groups, ulong Salt)
{
    private const ulong LookEvery = 10;

    /// <summary>Longer than a node waits for anything but other nodes.</summary>
    private const ulong Standstill = 120;

    private const ulong Longest = 5_000;

    private readonly Dictionary<int, ((ulong Height, uint Round, Phase Phase) Place, ulong Since)> places = [];
    private int votesLifted; // steps below it came to a standstill
    private int lifted; // and those below it a second time

    public bool Connects(World world, int from, int to, Message? message)
    {
        var chain = world.Node(from).View.Chain;
        var step = message switch
        {
            Message.CastVote { Vote.Ballot: var ballot } => StepOf(ballot),
            Message.Certify { Certificate.Ballot: var ballot } => StepOf(ballot),
            Message.Propose { Proposal.Vote.Ballot: var ballot } => StepOf(ballot),
            _ => StepOf(chain.Height, chain.Round, chain.Phase),
        };
        return step >= Groups.Length || step < lifted || world.Network.IsHealed || Groups[step][from] == Groups[step][to]
            || (step < votesLifted && message is Message.CastVote);
    }

    /// <summary>Looks on, and calls <paramref name="end"/> when all steps are over.</summary>
    public void Start(World world, Action end) => world.Schedule(world.Now + LookEvery, 'S', 255, (ulong)lifted, () =>
    {
        Look(world);
        if (world.Nodes.Min(StepOf) >= Groups.Length || world.Now > Longest)
        {
            end();
        }
        else
        {
            Start(world, end);
        }
    });

    public override string ToString() => string.Join("; ", Groups.Select(step => string.Join(
        " | ", Enumerable.Range(0, step.Length).GroupBy(node => step[node]).Select(group => string.Join(' ', group.Select(node => $"n{node}"))))));

    /// <summary>Where the lowest step in which a node stands still has its votes lifted already, all of it is; else its votes.</summary>
    private void Look(World world)
    {
        var stuck = int.MaxValue;
        foreach (var node in world.Nodes)
        {
            var chain = node.View.Chain;
            var place = (chain.Height, chain.Round, chain.Phase);
            if (!places.TryGetValue(node.Index, out var known) || known.Place != place)
            {
                places[node.Index] = (place, world.Now);
            }
            else if (world.Now > known.Since + Standstill)
            {
                stuck = int.Min(stuck, StepOf(node));
            }
        }

        if (world.Nodes.Max(StepOf) > Groups.Length + 2)
        {
            lifted = Groups.Length; // who is left behind has nobody to be kept from
        }
        else if (stuck < Groups.Length)
        {
            lifted = stuck < votesLifted ? int.Max(lifted, stuck + 1) : lifted;
            votesLifted = int.Max(votesLifted, stuck + 1);
            places.Clear(); // all have as long again
            world.Trace.Say(world.Now, "", $"votes of steps below {votesLifted} come late, and all of those below {lifted}");
        }
    }

    private static int StepOf(SimulatedNode node) => StepOf(node.View.Chain.Height, node.View.Chain.Round, node.View.Chain.Phase);

    private static int StepOf(Ballot ballot) => StepOf(ballot.Height, ballot.Round, ballot.Phase);

    private static int StepOf(ulong height, uint round, Phase phase) => (2 * ((int)(height - 1) + (int)round)) + (phase == Phase.Precommit ? 1 : 0);
}
