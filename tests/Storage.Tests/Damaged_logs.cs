using LuxTensor.Core.Voting;
using LuxTensor.Engine;
using LuxTensor.Storage;

namespace LuxTensor.Tests.Storage;

/// <summary>Files as a crash leaves them, with the newest batches in the write-ahead log, and then damaged.</summary>
public sealed class Damaged_logs : IDisposable
{
    private const int Batches = 12;

    private readonly Folder folder = new();
    private readonly TestChain chain = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_flipped_bit_in_the_log_loses_no_batch_silently_but_perhaps_the_last()
    {
        var (file, log, digests) = CrashedJournal();
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var refused = 0;
        for (var i = 0; i < 120; i++)
        {
            var damaged = log.ToArray();
            var at = i < 32 ? i : random.Next(damaged.Length); // every byte of the log's header, and others
            damaged[at] ^= (byte)(1 << random.Next(8));
            var found = Load(file, damaged);
            Assert.True(found is null || found == digests[^1] || found == digests[^2], $"seed {seed}, byte {at} of {damaged.Length}");
            refused += found is null ? 1 : 0;
        }

        Assert.True(refused > 80, $"seed {seed}: {refused} refused");
    }

    [Fact]
    public void A_log_that_ends_early_gives_whole_batches()
    {
        var (file, log, digests) = CrashedJournal();
        Assert.Equal(digests[^1], Load(file, log));
        Assert.Equal(digests[0], Load(file, [])); // nothing of the log reached the disk
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var i = 0; i < 40; i++)
        {
            var length = random.Next(log.Length);
            Assert.True(Load(file, log[..length]) is { } found && digests.Contains(found), $"seed {seed}, {length} of {log.Length} bytes");
        }
    }

    [Fact]
    public void A_guard_whose_log_is_damaged_signs_nothing()
    {
        byte[] file, log;
        using (var guard = OpenGuard("guard"))
        {
            for (var height = 0UL; height < 10; height++)
            {
                guard.Record(chain.Vote(0, height, 0, Phase.Prepare, 1));
            }

            (file, log) = (ReadShared(folder["guard"]), ReadShared(folder["guard-wal"]));
        }

        for (var at = 40; at < log.Length * 3 / 4; at += 997)
        {
            var damaged = log.ToArray();
            damaged[at] ^= 16;
            File.WriteAllBytes(folder["copy"], file);
            File.WriteAllBytes(folder["copy-wal"], damaged);
            Assert.Contains("write-ahead log", Assert.Throws<JournalException>(() => OpenGuard("copy")).Message, StringComparison.Ordinal);
        }

        File.WriteAllBytes(folder["copy"], file);
        File.WriteAllBytes(folder["copy-wal"], log);
        using var sound = OpenGuard("copy");
        Assert.IsType<GuardDecision.DoubleSign>(sound.Record(chain.Vote(0, 9, 0, Phase.Prepare, 2)));
    }

    [Fact]
    public void A_damaged_row_of_the_guard_is_found_when_it_is_opened()
    {
        using (var guard = OpenGuard("guard"))
        {
            for (var height = 0UL; height < 50; height++)
            {
                guard.Record(chain.Vote(0, height, 0, Phase.Prepare, 1));
            }
        }

        var sound = File.ReadAllBytes(folder["guard"]);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var i = 0; i < 100; i++)
        {
            var damaged = sound.ToArray();
            var at = random.Next(damaged.Length);
            damaged[at] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(folder["copy"], damaged);
            try
            {
                using var guard = OpenGuard("copy");
                for (var height = 0UL; height < 50; height++)
                {
                    Assert.True(guard.Record(chain.Vote(0, height, 0, Phase.Prepare, 2)) is GuardDecision.DoubleSign, $"seed {seed}, byte {at}");
                }
            }
            catch (Exception refused) when (refused is JournalException or GuardException)
            {
                // That is what it is for.
            }
        }
    }

    private string? Load(byte[] file, byte[] log)
    {
        var path = folder[Guid.NewGuid().ToString("N")];
        File.WriteAllBytes(path, file);
        File.WriteAllBytes(path + "-wal", log);
        try
        {
            using var journal = SqliteJournal.Open(path, chain.Genesis);
            return journal.Load().Digest();
        }
        catch (JournalException)
        {
            return null;
        }
    }

    // The two files while the journal is open, and the contents after each batch.
    private (byte[] File, byte[] Log, List<string> Digests) CrashedJournal()
    {
        var digests = new List<string>();
        using var journal = SqliteJournal.Open(folder["journal"], chain.Genesis);
        digests.Add(journal.Load().Digest());
        for (var i = 0; i < Batches; i++)
        {
            journal.Commit(new JournalBatch
            {
                Finalized = i % 3 == 2 ? [chain.Next(5)] : [],
                Inputs = [TestChain.Input(100, 1_000, i)],
                PoolAdded = [new PoolEntry((ulong)i, TestChain.Waiting((ulong)i))],
            });
            digests.Add(journal.Load().Digest());
        }

        return (ReadShared(folder["journal"]), ReadShared(folder["journal-wal"]), digests);
    }

    private SqliteSigningGuard OpenGuard(string name) => SqliteSigningGuard.Open(folder[name], GuardOptions.For(chain.Genesis));

    private static byte[] ReadShared(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
