using System.Collections.Immutable;
using LuxTensor.Core;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;

namespace LuxTensor.Tests.Simulation;

/// <summary>
/// How a run ended: the rule that was broken, if any, and what exactly; SHA-256 over all events; virtual milliseconds; the
/// highest final block.
/// </summary>
internal sealed record Outcome(
    Scenario Scenario, Rule? Broken, string? What, Hash256 TraceHash, ulong Events, ulong Time, ulong Final, Coverage Coverage, ImmutableArray<string> Lines);

/// <summary>
/// Many nodes in one thread under one seed. Everything that happens is an event in a queue ordered by virtual time and
/// order of scheduling; every draw comes from the seed. After a while the network heals, and finality must resume.
/// </summary>
internal sealed class World : IDisposable
{
    /// <summary>Rounds that a height may take after healing: one of so many in a row has a correct proposer but for odds of 3^-12.</summary>
    private const uint RoundsAHeight = 12;

    private const ulong MostEvents = 1_500_000;

    private readonly PriorityQueue<(char Kind, int Node, ulong What, Action Run), (ulong Time, ulong Sequence)> queue = new();
    private readonly Prng random;
    private readonly HashSet<Address> equivocating;
    private readonly HashSet<Address> shared;
    private readonly HashSet<Address> faulty;
    private ulong? overwhelmed; // the first epoch in which a third of the stake is faulty
    private readonly Dictionary<ulong, EpochSnapshot> sets;
    private ulong scheduled;
    private (ulong Height, ulong Deadline)? goal;

    public World(Scenario scenario, Defect defect, int linesKept)
    {
        Scenario = scenario;
        Defect = defect;
        Trace = new Trace(linesKept);
        random = new Prng(scenario.Seed);
        Keys = Keys.Of(scenario.Signatures);
        Genesis = MakeGenesis();
        sets = Genesis.Sets.ToDictionary(set => set.Epoch);
        equivocating = [.. scenario.Equivocating.Select(Keys.AddressOf)];
        shared = [.. scenario.Twins.Select(Keys.AddressOf)];
        faulty = [.. equivocating, .. shared, .. scenario.Forgetful.Select(Keys.AddressOf)];
        Verification = new Verification(scenario.Rules);
        Checkers = new Checkers(this);
        Network = new Network(this, random.Split("network"));
        Faults = new Faults(this, random.Split("faults"));
        Adversary = new Adversary(this, random.Split("adversary"));
        Nodes = [.. MakeNodes()];
    }

    public Scenario Scenario { get; }

    public Defect Defect { get; }

    public Keys Keys { get; }

    public Genesis Genesis { get; }

    public Trace Trace { get; }

    public Coverage Coverage { get; } = new();

    public Verification Verification { get; }

    public Checkers Checkers { get; }

    public Network Network { get; }

    public Faults Faults { get; }

    public Adversary Adversary { get; }

    public ImmutableArray<SimulatedNode> Nodes { get; }

    /// <summary>Virtual milliseconds since the start.</summary>
    public ulong Now { get; private set; }

    private IEnumerable<SimulatedNode> Correct => Nodes.Where(node => !node.IsByzantine);

    public static Outcome Run(Scenario scenario, Defect defect = Defect.None, int linesKept = 0)
    {
        using var world = new World(scenario, defect, linesKept);
        return world.Run();
    }

    public SimulatedNode Node(int index) => Nodes[index];

    /// <summary>Whether a validator may be seen signing two things at one place.</summary>
    public bool MayEquivocate(Address validator) => equivocating.Contains(validator);

    /// <summary>The validators of the epoch of a height, in their order.</summary>
    public IReadOnlyList<EpochValidator> SetAt(ulong height) =>
        sets.TryGetValue(Scenario.Rules.EpochOf(height), out var set) ? set.Validators : [];

    /// <summary>The set of an epoch that some correct node has stored.</summary>
    public EpochSnapshot SetOf(ulong epoch) => sets[epoch];

    /// <summary>
    /// Notes a set that a correct node stores; false where another one stored a different set for its epoch. Where joining,
    /// leaving and jail have made a third of the stake faulty, nothing is promised any more, and the run ends there.
    /// </summary>
    public bool Note(EpochSnapshot set)
    {
        if (!sets.TryAdd(set.Epoch, set))
        {
            return sets[set.Epoch].Hash == set.Hash;
        }

        var stake = set.Validators.Where(member => IsFaulty(member.Address)).Aggregate((UInt128)0, (sum, member) => sum + member.Stake);
        if (stake * 3 >= set.TotalStake && Scenario.Profile != Profile.Overwhelmed)
        {
            overwhelmed ??= set.Epoch;
        }

        return true;
    }

    /// <summary>Whether a validator counts against the third that may be faulty.</summary>
    public bool IsFaulty(Address validator) => faulty.Contains(validator);

    /// <summary>Whether a validator's key is used by two nodes with one guard.</summary>
    public bool IsShared(Address validator) => shared.Contains(validator);

    public void Schedule(ulong time, char kind, int node, ulong what, Action run) =>
        queue.Enqueue((kind, node, what, run), (ulong.Max(time, Now), scheduled++));

    public void Dispose() => Trace.Dispose();

    /// <summary>Base units of a stake of so many times 32 tokens.</summary>
    public static UInt128 StakeOf(int units, ulong salt) => (32 * ChainRules.Token * (UInt128)units) + salt;

    private Genesis MakeGenesis()
    {
        var validators = Scenario.Stakes.Select((stake, index) => new GenesisValidator(Keys.Validators[index].PublicKey, StakeOf(stake, Scenario.Script?.Salt ?? 0)));
        var accounts = Keys.Accounts.Concat(Keys.Validators.Take(Scenario.Stakes.Length + Scenario.Joiners))
            .Select(key => new GenesisAccount(Address.Of(key.PublicKey), 1_000_000 * ChainRules.Token));
        return Genesis.TryCreate(Scenario.Rules, 1_700_000_000_000, [.. validators], [.. accounts], out var genesis, out var why)
            ? genesis
            : throw new InvalidOperationException($"the scenario has no genesis: {why}");
    }

    /// <summary>First the validators, then the second nodes of those whose keys run twice, then those that join later, then nodes without a key.</summary>
    private IEnumerable<SimulatedNode> MakeNodes()
    {
        var guards = new Dictionary<int, SimulatedGuard>();
        int[] users =
        [
            .. Enumerable.Range(0, Scenario.Stakes.Length), .. Scenario.Twins, .. Scenario.Clones,
            .. Enumerable.Range(Scenario.Stakes.Length, Scenario.Joiners),
        ];
        for (var index = 0; index < Scenario.Nodes; index++)
        {
            var stream = random.Split($"node {index}");
            var isByzantine = Scenario.Byzantine.ContainsKey(index);
            if (index >= users.Length)
            {
                yield return new SimulatedNode(this, index, [], new SimulatedGuard(), isByzantine, stream);
                continue;
            }

            var isSecond = index >= Scenario.Stakes.Length;
            var guard = isSecond && Scenario.Twins.Contains(users[index]) ? guards[users[index]] : new SimulatedGuard();
            guards.TryAdd(users[index], guard);
            yield return new SimulatedNode(this, index, [Keys.Validators[users[index]]], guard, isByzantine, stream);
        }
    }

    private Outcome Run()
    {
        Rule? broken = null;
        string? what = null;
        try
        {
            foreach (var node in Nodes)
            {
                node.Start();
            }

            Coverage.Add(Seen.KeysRunTwice, Scenario.Twins.Count + Scenario.Clones.Count);
            Faults.Start();
            Adversary.Start();
            if (Scenario.Script is { } script)
            {
                script.Start(this, Heal);
            }
            else
            {
                new Clients(this, random.Split("transactions")).Start();
                Schedule(Scenario.FaultsEnd, 'h', 255, 0, Heal);
            }

            while (!IsDone())
            {
                RunNext();
            }

            Checkers.Audit();
        }
        catch (ViolationException violation)
        {
            (broken, what) = (violation.Rule, violation.Message);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            (broken, what) = (Rule.NothingThrows, fault.ToString());
        }

        return new Outcome(Scenario, broken, what, Trace.Digest(), Trace.Count, Now, Checkers.Highest, Coverage, [.. Trace.Lines]);
    }

    private void RunNext()
    {
        queue.TryDequeue(out var next, out var place);
        Now = place.Time;
        Trace.Add(Now, next.Kind, next.Node, next.What);
        if (next.Node < Nodes.Length && Nodes[next.Node].IsPaused && IsOfNode(next.Kind))
        {
            Nodes[next.Node].Hold(next.Kind, next.What, next.Run);
        }
        else
        {
            next.Run();
        }

        if (goal is { } wanted && Now > wanted.Deadline)
        {
            throw new ViolationException(
                Rule.FinalityResumesAfterHealing,
                $"{wanted.Deadline - Scenario.FaultsEnd} ms after healing not every correct node is at {wanted.Height}: {string.Join(", ", Correct.Select(Describe))}");
        }

        if (Trace.Count > MostEvents)
        {
            throw new ViolationException(Rule.MemoryIsBounded, $"{MostEvents} events and no end: nodes answer each other for ever");
        }
    }

    /// <summary>Whether an event is one that only a running process notices: frames, turns, timers, disks and signatures.</summary>
    private static bool IsOfNode(char kind) => kind is 'm' or 't' or 'f' or 'c' or 'k' or 's' or 'g';

    private static string Describe(SimulatedNode node)
    {
        var chain = node.View.Chain;
        return $"{node.Name} {chain.Height}/{chain.Round} {chain.Phase}";
    }

    private bool IsDone()
    {
        if (overwhelmed is { } epoch && Scenario.Rules.EpochOf(Checkers.Highest + 1) >= epoch)
        {
            Coverage.Add(Seen.Overwhelmed);
            return true;
        }

        return IsGoalReached();
    }

    private bool IsGoalReached() => goal is { } wanted && Correct.All(node => node.Journal.FinalHeight >= wanted.Height);

    private void Heal()
    {
        Faults.End();
        var rules = Scenario.Rules;
        var round = Correct.Max(node => node.View.Chain.Round);
        ulong bound = (20 * rules.RoundTimeout) + (2 * rules.ClockBound);

        // A quorum whose clocks were ahead has put the chain's time ahead: nobody can propose before the clocks are there.
        var final = Correct.Max(node => node.View.Final.Header.Time);
        for (var ahead = final - ulong.Min(final, Genesis.Time + Now); ahead > 0; round++)
        {
            var passed = ulong.Min(ahead, rules.TimeoutOf(round));
            (ahead, bound) = (ahead - passed, bound + (3 * passed));
        }

        for (uint next = 0; next < RoundsAHeight; next++)
        {
            bound += 3 * (rules.TimeoutOf(round + next) + (Scenario.HeightsToGain * rules.TimeoutOf(next)));
        }

        goal = (Checkers.Highest + Scenario.HeightsToGain, Now + bound);
    }
}
