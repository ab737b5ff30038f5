using LuxTensor.Engine;
using LuxTensor.Storage;

namespace LuxTensor.Tests.Storage;

/// <summary>
/// Bytes of a closed file are flipped or cut off: everything read is either refused or what was stored. An index lookup may
/// find nothing where a page of the index is damaged; then the full check says so.
/// </summary>
public sealed class Damaged_files : IDisposable
{
    private const int Blocks = 12;

    private readonly Folder folder = new();
    private readonly TestChain chain = new();
    private readonly List<Finalization> blocks = [];
    private readonly byte[] sound;
    private readonly string digest;

    public Damaged_files()
    {
        var path = folder["sound.db"];
        using (var journal = SqliteJournal.Open(path, chain.Genesis))
        {
            for (var i = 0; i < Blocks; i++)
            {
                blocks.Add(chain.Next(25));
                journal.Commit(new JournalBatch { Finalized = [blocks[^1]], Evidence = [chain.DoubleVote(i % 4, (ulong)i)] });
            }

            journal.Commit(new JournalBatch
            {
                Inputs = [.. Enumerable.Range(0, 20).Select(i => TestChain.Input(Blocks + 1, 500 * i, i))],
                PoolAdded = [.. Enumerable.Range(0, 20).Select(i => new PoolEntry((ulong)i, chain.Transfer()))],
            });
            digest = journal.Load().Digest();
        }

        sound = File.ReadAllBytes(path);
        Assert.False(File.Exists(path + "-wal")); // all of it is in the one file
    }

    private enum Outcome
    {
        Sound,
        Refused,
        FoundByCheck,
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_flipped_bit_never_changes_an_answer_silently()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var outcomes = new Dictionary<Outcome, int>();
        for (var i = 0; i < 150; i++)
        {
            var bytes = sound.ToArray();
            var at = random.Next(i % 5 == 0 ? 512 : bytes.Length); // the file's header and schema more often than their size
            bytes[at] ^= (byte)(1 << random.Next(8));
            var outcome = Judge(bytes, $"seed {seed}, flip {i} at byte {at}");
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }

        Assert.True(outcomes.GetValueOrDefault(Outcome.Refused) > 30, $"seed {seed}: {string.Join(' ', outcomes)}");
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_refused()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        foreach (var length in Enumerable.Range(0, 25).Select(_ => random.Next(sound.Length)).Concat([0, 1, 100, 4095, 4096, 8192, sound.Length - 4096, sound.Length - 1]))
        {
            var label = $"seed {seed}, cut to {length} of {sound.Length} bytes";
            Assert.True(Judge(sound[..length], label) != Outcome.Sound, label);
        }
    }

    [Fact]
    public void Runs_of_zeros_and_exchanged_pages_are_found()
    {
        var pages = sound.Length / 4096;
        for (var page = 0; page < pages; page++)
        {
            var zeroed = sound.ToArray();
            Array.Clear(zeroed, page * 4096, 4096);
            Assert.True(Judge(zeroed, $"page {page} zeroed") != Outcome.Sound, $"page {page} zeroed");
            if (page > 1)
            {
                var exchanged = sound.ToArray();
                sound.AsSpan((page - 1) * 4096, 4096).CopyTo(exchanged.AsSpan(page * 4096));
                Assert.True(Judge(exchanged, $"page {page} replaced") != Outcome.Sound, $"page {page} replaced by the one before");
            }
        }
    }

    private Outcome Judge(byte[] bytes, string label)
    {
        var path = folder[Guid.NewGuid().ToString("N")];
        File.WriteAllBytes(path, bytes);
        var refused = false;
        var missed = false;
        try
        {
            using var journal = SqliteJournal.Open(path, chain.Genesis);
            Assert.True(journal.Load().Digest() == digest, label);
            foreach (var (block, certificate, _, _) in blocks)
            {
                refused |= Refuses(() =>
                {
                    var stored = journal.BlockAt(block.Height)!;
                    Assert.True(stored.Block.Encoded.Span.SequenceEqual(block.Encoded.Span) && stored.Certificate!.Hash == certificate.Hash, label);
                });
                refused |= Refuses(() => missed |= Differs(journal.BlockBy(block.Hash)?.Block.Hash, block.Hash, label));
                refused |= Refuses(() => missed |= Differs(journal.Locate(block.Transactions[3].Id), new TransactionPlace(block.Height, 3), label));
            }

            refused |= Refuses(() => missed |= journal.Evidence(100).Count != Blocks);
        }
        catch (JournalException)
        {
            refused = true;
        }

        if (refused)
        {
            return Outcome.Refused;
        }

        File.WriteAllBytes(path, bytes);
        var clean = SqliteJournal.Check(path, chain.Genesis).IsClean;
        Assert.True(!missed || !clean, label);
        return clean ? Outcome.Sound : Outcome.FoundByCheck;
    }

    private static bool Differs<T>(T? found, T expected, string label)
        where T : struct
    {
        Assert.True(found is null || found.Value.Equals(expected), label);
        return found is null;
    }

    private static bool Refuses(Action read)
    {
        try
        {
            read();
            return false;
        }
        catch (JournalException)
        {
            return true;
        }
    }
}
