using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Storage;

namespace LuxTensor.Tests.Storage;

/// <summary>What the tests run in processes of their own, to kill them or to race them. Every line printed is a promise kept.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["open", var path]:
                using (SqliteJournal.Open(path, new TestChain().Genesis))
                {
                    Say("open");
                    Console.In.ReadLine();
                }

                return 0;
            case ["journal", var path]:
                Journal(path);
                return 0;
            case ["guard", var path, var block, var from, var count]:
                Guard(path, byte.Parse(block), ulong.Parse(from), ulong.Parse(count));
                return 0;
            default:
                return 2;
        }
    }

    /// <summary>Makes block after block final and prints each height once it is stored.</summary>
    private static void Journal(string path)
    {
        var chain = new TestChain();
        using var journal = SqliteJournal.Open(path, chain.Genesis);
        journal.Load();
        for (var height = 1UL; ; height++)
        {
            var batch = Kill_9.BatchOf(chain, height);
            if (height > journal.FinalHeight)
            {
                journal.Commit(batch);
                Say(height);
            }
        }
    }

    /// <summary>Records a vote for one block at height after height and prints the heights whose signature was released.</summary>
    private static void Guard(string path, byte block, ulong from, ulong count)
    {
        var chain = new TestChain();
        var vote = chain.Vote(0, from, 0, Phase.Precommit, block);
        using var guard = SqliteSigningGuard.Open(path, chain.PatientGuard);
        Say("open");
        Console.In.ReadLine();
        for (var height = from; height < from + count; height++)
        {
            if (guard.Record(vote with { Ballot = vote.Ballot with { Height = height } }) is GuardDecision.Released)
            {
                Say(height);
            }
        }
    }

    private static void Say(object line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }
}
