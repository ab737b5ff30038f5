using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using LuxTensor.Core;
using LuxTensor.Core.Transactions;
using LuxTensor.Crypto;
using LuxTensor.Node.Client;

namespace LuxTensor.Node.Verbs;

/// <summary>luxtensor tx flood: many transfers from the devnet's accounts, as load and as a record of what was accepted.</summary>
internal static class TxFlood
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    internal static Command Create(Terminal terminal)
    {
        var count = CommonOptions.Of<long>("--count", "Transactions to have accepted; then it ends.", value: "N", unless: 1_000);
        var rate = CommonOptions.Of<int>("--rate", "Transactions a second at most; 0 as many as the node takes.", value: "N", unless: 0);
        var senders = CommonOptions.Of<int>(
            "--senders", $"Devnet accounts that send at a time, 1 to {DevnetKeys.Count}.", value: "N", unless: 4);
        var batch = CommonOptions.Of<int>("--batch", "Transactions in one request, 1 to 100.", value: "N", unless: 20);
        var log = CommonOptions.Of<string?>(
            "--accepted-log", "Append each accepted transaction's id to this file, synced to disk.", value: "FILE");
        var patient = CommonOptions.Of<bool>("--keep-going", "Where no node answers, try again until one does.");
        var rpc = CommonOptions.Rpc();
        var command = new Verb(
            "flood",
            "Send many small transfers from a devnet's accounts: a load, and with --accepted-log a record to hold the node to.",
            """
            luxtensor tx flood --count 10000
            luxtensor tx flood --count 100000 --rate 500 --accepted-log accepted.log --keep-going
            luxtensor tx status --log accepted.log
            """)
        {
            count, rate, senders, batch, log, patient, rpc,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var plan = new Plan(
                InRange("--count", parsed.GetValue(count), 1, long.MaxValue), (int)InRange("--rate", parsed.GetValue(rate), 0, 1_000_000),
                (int)InRange("--senders", parsed.GetValue(senders), 1, DevnetKeys.Count),
                    (int)InRange("--batch", parsed.GetValue(batch), 1, 100), parsed.GetValue(patient));
            using var client = new RpcClient(parsed.GetRequiredValue(rpc));
            using var accepted = new AcceptedLog(parsed.GetValue(log));
            return await RunAsync(terminal, plan, client, accepted, parsed.GetValue(CommonOptions.Json), cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal, Plan plan, RpcClient client, AcceptedLog accepted, bool json, CancellationToken cancellation)
    {
        var tally = new Tally(plan.Count);
        var started = terminal.Time.GetTimestamp();
        CommandFailure? failure = null;
        try
        {
            await Task.WhenAll(
                Enumerable.Range(0, plan.Senders)
                    .Select(number => SendAsync(terminal, plan, client, accepted, tally, number, cancellation)));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // asked to stop: what was accepted is told below
        }
        catch (CommandFailure e)
        {
            failure = e;
        }

        var seconds = terminal.Time.GetElapsedTime(started).TotalSeconds;
        Report.Print(
            terminal, json,
            ("accepted", tally.Accepted), ("refused", tally.Refused), ("seconds", Math.Round(seconds, 2)),
                ("perSecond", Math.Round(tally.Accepted / double.Max(seconds, 0.001), 1)));
        return failure is null ? (int)ExitCode.Ok : throw failure;
    }

    private static async Task SendAsync(
        Terminal terminal, Plan plan, RpcClient client, AcceptedLog accepted, Tally tally, int number, CancellationToken cancellation)
    {
        using var key = DevnetKeys.Account(number);
        var sender = Address.Of(key.PublicKey);
        using var timer = new PeriodicTimer(
            plan.Rate == 0 ? Pause : TimeSpan.FromSeconds((double)plan.Batch * plan.Senders / plan.Rate), terminal.Time);
        (ulong ChainId, ulong Nonce)? place = null; // unknown at first, and after whatever went wrong
        while (tally.Reserve(plan.Batch) is var size and > 0)
        {
            var took = 0;
            var wait = plan.Rate > 0;
            try
            {
                place ??= await PlaceAsync(client, sender, cancellation);
                var (chainId, nonce) = place.Value;
                var transactions = Enumerable.Range(0, size)
                    .Select(i => Transaction.Sign(chainId, key, nonce + (ulong)i, 1, new TransactionBody.Transfer(sender, 1))).ToArray();
                var answers = await client.BatchAsync(
                    [.. transactions.Select(static it => ("eth_sendRawTransaction", new JsonNode?[] { Hex.Encode(it.Encoded.Span) }))],
                        cancellation);
                took = answers.TakeWhile(static it => it.Fault is null).Count(); // those after a refused one have a gap before them
                accepted.Write(transactions.Take(took).Select(static it => it.Id));
                place = took == size ? (chainId, nonce + (ulong)size) : null;
                wait |= took < size;
            }
            catch (CommandFailure e) when (plan.KeepGoing && e.Code == ExitCode.Unreachable)
            {
                place = null;
                wait = true;
            }
            finally
            {
                tally.Settle(size, took);
            }

            if (wait)
            {
                await timer.WaitForNextTickAsync(cancellation);
            }
        }
    }

    private static async Task<(ulong ChainId, ulong Nonce)> PlaceAsync(RpcClient client, Address sender, CancellationToken cancellation)
    {
        var answers = await client.BatchAsync(
            [("eth_chainId", []), ("eth_getTransactionCount", [sender.ToString(), "pending"])], cancellation);
        return (Quantity.Require(answers[0].OrThrow(), "chain id"), Quantity.Require(answers[1].OrThrow(), "nonce"));
    }

    private static long InRange(string option, long value, long least, long most) => value >= least && value <= most
        ? value
        : throw CommandFailure.Usage($"{option} is {value}; it must be {least} to {most}");

    private sealed record Plan(long Count, int Rate, int Senders, int Batch, bool KeepGoing);

    /// <summary>How many are still to be sent. Thread-safe.</summary>
    private sealed class Tally(long count)
    {
        private readonly Lock gate = new();
        private long left = count;

        internal long Accepted { get; private set; }

        internal long Refused { get; private set; }

        internal int Reserve(int most)
        {
            lock (gate)
            {
                var size = (int)long.Min(most, left);
                left -= size;
                return size;
            }
        }

        internal void Settle(int size, int took)
        {
            lock (gate)
            {
                Accepted += took;
                Refused += size - took;
                left += size - took;
            }
        }
    }

    /// <summary>Accepted ids, one a line; on disk when <see cref="Write"/> returns. Thread-safe.</summary>
    private sealed class AcceptedLog(string? path) : IDisposable
    {
        private readonly Lock gate = new();
        private readonly FileStream? stream = path is null ? null : new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);

        internal void Write(IEnumerable<Hash256> ids)
        {
            if (stream is null)
            {
                return;
            }

            var lines = Encoding.ASCII.GetBytes(string.Concat(ids.Select(static id => $"{id}\n")));
            lock (gate)
            {
                stream.Write(lines);
                stream.Flush(flushToDisk: true);
            }
        }

        public void Dispose() => stream?.Dispose();
    }
}
