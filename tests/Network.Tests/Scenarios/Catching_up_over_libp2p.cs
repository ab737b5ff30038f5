using System.Diagnostics;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Storage;
using LuxTensor.Tests.Engine;
using Microsoft.Data.Sqlite;
using Xunit.Abstractions;

namespace LuxTensor.Tests.Network;

/// <summary>Whatever a node has when it comes, it reaches the head with the state that everybody has.</summary>
public sealed class Catching_up_over_libp2p(ITestOutputHelper output) : IDisposable
{
    private const int Heights = 1_000;

    private static readonly Lazy<MadeChain> Made = new(static () => new MadeChain(Heights));
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("luxtensor-scenario-");

    private static MadeChain Chain => Made.Value;

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 4)]
    [InlineData(100, 2)]
    public async Task A_node_far_behind_reaches_the_head(int has, int peers)
    {
        var servers = await ServersAsync(peers);
        if (has > 0)
        {
            Chain.Write(In("late"), has);
        }

        await using (var late = await FullNode.StartAsync(Chain.Genesis, In("late")))
        {
            Assert.Equal((ulong)has, late.Height);
            var began = Stopwatch.GetTimestamp();
            await Task.WhenAll(servers.Select(server => late.DialAsync(server.Address)));
            await late.ReachAsync(Chain.Height);
            Tell($"from {has} with {peers} peers", began, late);
            Assert.Equal((ulong)has + 1, late.FirstFinal);
        }

        await EndAsync(servers);
    }

    [Fact]
    public async Task One_that_is_stopped_in_the_middle_goes_on_above_what_it_has()
    {
        const ulong Half = 600;
        await using (var half = await ScriptedPeer.StartAsync(Chain.Genesis, Chain.Height, async (request, stream, cancellation) =>
        {
            if (request is Message.GetBlocks { From: > Half })
            {
                await Task.Delay(Timeout.Infinite, cancellation); // requests are under way when the node is stopped
            }

            await ScriptedPeer.AnswerAsync(stream, Chain.Genesis, ScriptedPeer.Honest(Chain, request, request is Message.GetBlocks ? Half : Chain.Height), cancellation);
        }))
        {
            await using var stopped = await FullNode.StartAsync(Chain.Genesis, In("late"));
            await stopped.DialAsync(half.Address);
            await stopped.ReachAsync(Half);
        }

        var servers = await ServersAsync(1);
        await using (var back = await FullNode.StartAsync(Chain.Genesis, In("late")))
        {
            Assert.Equal(Half, back.Height);
            var began = Stopwatch.GetTimestamp();
            await back.DialAsync(servers[0].Address);
            await back.ReachAsync(Chain.Height);
            Tell($"restarted at {Half}", began, back);
            Assert.Equal(Half + 1, back.FirstFinal);
        }

        await EndAsync(servers);
    }

    [Fact]
    public async Task One_that_was_partitioned_heals()
    {
        var chain = new TestChain(4, interval: 10, timeout: 100);
        var nodes = new List<FullNode>();
        foreach (var key in chain.Validators)
        {
            nodes.Add(await FullNode.StartAsync(chain.Genesis, In($"node{nodes.Count}"), [key], [.. nodes.Select(static node => node.Address)]));
        }

        await Task.WhenAll(nodes.Select(static node => node.ReachAsync(5)));
        var alone = nodes[3];
        alone.Cut();
        var cutAt = alone.Height;
        const ulong Missed = 60;
        await Task.WhenAll(nodes.Take(3).Select(node => node.ReachAsync(cutAt + Missed)));
        Assert.True(alone.Height < cutAt + (Missed / 2), $"it was not cut off: {cutAt}, {alone.Height}");

        var began = Stopwatch.GetTimestamp();
        var head = nodes[0].Height;
        alone.Heal();
        await alone.ReachAsync(head);
        output.WriteLine($"healed {head - cutAt} heights after the cut in {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s, state root {RootAt(alone, head)}");
        await Task.WhenAll(nodes.Select(node => node.ReachAsync(head + 5))); // all four go on
        Assert.All(nodes, node => Assert.Equal(nodes[0].Host.Chain.BlockAt(head + 5)!.Block.Hash, node.Host.Chain.BlockAt(head + 5)!.Block.Hash));
        await EndAsync(nodes);
    }

    [Fact]
    public async Task A_damaged_newest_block_is_named_and_the_node_fetches_the_chain_anew_under_its_old_guard()
    {
        var path = Chain.Write(In("damaged"), Heights);
        var key = Chain.Test.Validators[0];
        var validator = Address.Of(key.PublicKey);
        using (var guard = SqliteSigningGuard.Open(Path.Combine(In("damaged"), "guard.db"), GuardOptions.For(Chain.Genesis)))
        {
            var ballots = new Ballots(Chain.Test);
            guard.Record(ballots.Sign(validator, Chain.Height, 0, Phase.Precommit, Chain[Chain.Height].Block.Hash));
        }

        Damage(path, Heights);
        var refusal = await Assert.ThrowsAsync<JournalException>(() => FullNode.StartAsync(Chain.Genesis, In("damaged")));
        Assert.Equal(JournalFault.Damaged, refusal.Fault);
        Assert.Contains($"final block {Heights}", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("let the node fetch the chain anew", refusal.Message, StringComparison.Ordinal);

        await ResyncAsync(path, [key], async node =>
        {
            Assert.Equal(Chain.Height, node.Host.SilentUntil[validator]); // the guard knows what the new database does not
            await Task.CompletedTask;
        });
    }

    [Fact]
    public async Task A_damaged_old_block_is_named_to_the_operator_and_others_serve_it()
    {
        const int Old = 500;
        var path = Chain.Write(In("damaged"), Heights);
        Damage(path, Old);
        var servers = await ServersAsync(1);
        await using (var late = await FullNode.StartAsync(Chain.Genesis, In("late")))
        {
            var damaged = await FullNode.StartAsync(Chain.Genesis, In("damaged")); // a start looks at the newest blocks alone
            await late.DialAsync(damaged.Address);
            Assert.Contains($"final block {Old}", await damaged.UnreadableAsync(), StringComparison.Ordinal);

            var began = Stopwatch.GetTimestamp();
            await late.DialAsync(servers[0].Address);
            await late.ReachAsync(Chain.Height);
            Tell("beside a damaged peer", began, late);
            Assert.False(damaged.Host.Completion.IsCompleted); // a peer chose what to ask for
            await damaged.DisposeAsync();
        }

        await EndAsync(servers);
        await ResyncAsync(path, [], static _ => Task.CompletedTask);
    }

    /// <summary>What an operator does: db check, the journal away, the guard kept, a start.</summary>
    private async Task ResyncAsync(string path, IReadOnlyList<SigningKey> keys, Func<FullNode, Task> check)
    {
        Assert.False(SqliteJournal.Check(path, Chain.Genesis).IsClean);
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(path)!, "journal.db*"))
        {
            File.Move(file, file.Replace("journal.db", "damaged.db", StringComparison.Ordinal));
        }

        var servers = await ServersAsync(2);
        await using (var node = await FullNode.StartAsync(Chain.Genesis, In("damaged"), keys))
        {
            Assert.Equal(0UL, node.Height);
            await check(node);
            var began = Stopwatch.GetTimestamp();
            await Task.WhenAll(servers.Select(server => node.DialAsync(server.Address)));
            await node.ReachAsync(Chain.Height);
            Tell("anew after damage", began, node);
        }

        await EndAsync(servers);
        Assert.True(SqliteJournal.Check(path, Chain.Genesis).IsClean);
    }

    private static void Damage(string path, int height)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var read = connection.CreateCommand();
        read.CommandText = $"SELECT bytes FROM block WHERE height = {height}";
        var bytes = (byte[])read.ExecuteScalar()!;
        bytes[^1] ^= 1;
        using var write = connection.CreateCommand();
        write.CommandText = $"UPDATE block SET bytes = $bytes WHERE height = {height}";
        write.Parameters.AddWithValue("$bytes", bytes);
        Assert.Equal(1, write.ExecuteNonQuery());
    }

    private async Task<List<FullNode>> ServersAsync(int count)
    {
        var servers = new List<FullNode>();
        for (var number = 0; number < count; number++)
        {
            var at = In($"server{Guid.NewGuid():N}");
            if (number == 0)
            {
                Chain.Write(at, Heights);
            }
            else
            {
                Directory.CreateDirectory(at);
                File.Copy(Path.Combine(In("copy"), "journal.db"), Path.Combine(at, "journal.db"));
            }

            if (number == 0 && count > 1)
            {
                Directory.CreateDirectory(In("copy"));
                File.Copy(Path.Combine(at, "journal.db"), Path.Combine(In("copy"), "journal.db"), overwrite: true);
            }

            servers.Add(await FullNode.StartAsync(Chain.Genesis, at));
        }

        Assert.All(servers, static server => Assert.Equal((ulong)Heights, server.Height));
        return servers;
    }

    private static async Task EndAsync(List<FullNode> nodes)
    {
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
            await node.Host.Completion; // a node that failed is the reason of whatever went wrong
        }
    }

    private void Tell(string what, long began, FullNode node)
    {
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Assert.Equal(Chain.StateRoot, RootAt(node, Chain.Height));
        Assert.Equal(Chain.StateRoot, node.Host.View.FinalLedger.Root);
        output.WriteLine($"{what}: height {node.Height} in {seconds:F1} s, state root {node.Host.View.FinalLedger.Root}");
    }

    private static Hash256 RootAt(FullNode node, ulong height) => node.Host.Chain.BlockAt(height)!.Block.Header.StateRoot;

    private string In(string name) => Path.Combine(folder.FullName, name);
}
