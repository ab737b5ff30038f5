using System.CommandLine;
using LuxTensor.Crypto;
using LuxTensor.Node.Client;

namespace LuxTensor.Node.Verbs;

/// <summary>luxtensor tx status: what became of transactions.</summary>
internal static class TxStatus
{
    private const int MaxLogBytes = 1 << 30;
    private const int CallsPerRequest = 250;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    internal static Command Create(Terminal terminal)
    {
        var ids = new Argument<string[]>("ids") { Description = "Transaction ids.", Arity = ArgumentArity.ZeroOrMore };
        var log = CommonOptions.Of<string?>(
            "--log", "A file with one id a line, as luxtensor tx flood --accepted-log writes it.", value: "FILE");
        var rpc = CommonOptions.Rpc();
        var command = new Verb(
            "status",
            "Show whether transactions are final, in a block, or in the pool. Ends with 1 where the node knows nothing of one.",
            "luxtensor tx status 0x…\nluxtensor tx status --log accepted.log --json") { ids, log, rpc };
        command.SetAction(async (parsed, cancellation) =>
        {
            var asked = Parse(parsed.GetValue(ids) ?? [], parsed.GetValue(log));
            using var client = new RpcClient(parsed.GetRequiredValue(rpc));
            var counts = new Dictionary<string, int>(StringComparer.Ordinal)
            {
                ["final"] = 0,
                ["inBlock"] = 0,
                ["pool"] = 0,
                ["unknown"] = 0,
            };
            var missing = new List<string>();
            foreach (var part in asked.Chunk(CallsPerRequest))
            {
                foreach (var (id, state) in await LookAsync(client, part, cancellation))
                {
                    counts[state]++;
                    if (state == "unknown")
                    {
                        missing.Add(id);
                    }
                }
            }

            foreach (var id in missing.Take(20))
            {
                terminal.Error.WriteLine($"luxtensor: the node knows nothing of {id}");
            }

            Report.Print(
                terminal, parsed.GetValue(CommonOptions.Json),
                ("transactions", asked.Count), ("final", counts["final"]), ("inBlock", counts["inBlock"]), ("pool", counts["pool"]),
                    ("unknown", counts["unknown"]));
            return (int)(missing.Count == 0 ? ExitCode.Ok : ExitCode.Negative);
        });
        return command;
    }

    /// <summary>Waits until a transaction is in a final block; its height.</summary>
    /// <exception cref="CommandFailure">The time is over.</exception>
    internal static async Task<ulong> WaitAsync(
        RpcClient client, Hash256 id, TimeSpan timeout, TimeProvider time, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        using var timer = new PeriodicTimer(Poll, time);
        do
        {
            var answers = await client.BatchAsync(
                [("eth_getTransactionReceipt", [id.ToString()]), ("eth_getBlockByNumber", ["finalized", false])], cancellation);
            if (Quantity.Read(answers[0].OrThrow()?["blockNumber"]) is { } height
                && height <= (Quantity.Read(answers[1].Result?["number"]) ?? 0))
            {
                return height;
            }

            if (time.GetElapsedTime(started) > timeout)
            {
                throw new CommandFailure(
                    ExitCode.Negative,
                    $"transaction {id} is not final after {timeout.TotalSeconds} seconds; luxtensor tx status {id} shows where it is");
            }
        }
        while (await timer.WaitForNextTickAsync(cancellation));

        throw new OperationCanceledException(cancellation);
    }

    // The final height is asked for first: what is in a block at or below it stays there.
    private static async Task<IEnumerable<(string Id, string State)>> LookAsync(
        RpcClient client, string[] ids, CancellationToken cancellation)
    {
        var answers = await client.BatchAsync(
            [("eth_getBlockByNumber", ["finalized", false]),
                .. ids.Select(static id => ("eth_getTransactionByHash", new System.Text.Json.Nodes.JsonNode?[] { id }))],
            cancellation);
        var final = Quantity.Read(answers[0].Result?["number"]) ?? 0;
        return ids.Select((id, index) => (id, answers[index + 1].OrThrow() switch
        {
            null => "unknown",
            var found when Quantity.Read(found["blockNumber"]) is not { } height => "pool",
            var found => Quantity.Read(found["blockNumber"]) <= final ? "final" : "inBlock",
        }));
    }

    private static List<string> Parse(string[] ids, string? log)
    {
        var all = ids.ToList();
        if (log is not null)
        {
            var text = System.Text.Encoding.ASCII.GetString(BoundedFile.Read(log, MaxLogBytes, "log"));
            all.AddRange(text.Split('\n').SkipLast(1).Where(static line => line.Length > 0)); // without its end a line is no record
        }

        foreach (var id in all.Where(static id => !Hash256.TryParse(id, out _)))
        {
            throw CommandFailure.Usage($"{id} is no transaction id: 0x and 64 hexadecimal digits");
        }

        return all.Count > 0 ? all : log is not null ? all
            : throw CommandFailure.Usage("name transaction ids, or a file of them with --log");
    }
}
