using LuxTensor.Network;

namespace LuxTensor.Tests.Network;

/// <summary>A kind of flood.</summary>
/// <param name="Name">What is sent.</param>
/// <param name="Against">The limit that holds against it.</param>
/// <param name="Unit">What <see cref="FloodTally.Sent"/> counts.</param>
/// <param name="RunAsync">Sends until cancelled; throws only where the flood itself is broken.</param>
internal sealed record Flood(string Name, string Against, string Unit, Func<Victim, FloodTally, CancellationToken, Task> RunAsync)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20); // of a peer that was refused

    /// <summary>Every kind.</summary>
    internal static IReadOnlyList<Flood> All { get; } = [.. ConnectionFloods.All, .. StreamFloods.All, .. RequestFloods.All, .. MessageFloods.All, .. GossipFloods.All];

    /// <summary>
    /// A flood by some peers at once. Whoever is cut off comes back under a new identity at once, as long as it is let in.
    /// </summary>
    internal static Flood ByPeers(
        string name, string against, string unit, int peers, Func<Attacker, Victim, FloodTally, CancellationToken, Task> body,
        ulong claims = 0, Func<FloodTally, Reply>? reply = null) =>
        new(name, against, unit, (victim, tally, cancellation) => Task.WhenAll(Enumerable.Range(0, peers).Select(_ => Task.Run(
            async () =>
            {
                while (!cancellation.IsCancellationRequested)
                {
                    await LiveAsync(body, victim, tally, claims, reply?.Invoke(tally), cancellation);
                }
            },
            CancellationToken.None))));

    private static async Task LiveAsync(
        Func<Attacker, Victim, FloodTally, CancellationToken, Task> body, Victim victim, FloodTally tally, ulong claims, Reply? reply,
        CancellationToken cancellation)
    {
        Attacker attacker;
        try
        {
            attacker = await Attacker.JoinAsync(victim, cancellation, claims, reply);
        }
        catch (Exception refused) when (refused is IOException or OperationCanceledException)
        {
            if (!cancellation.IsCancellationRequested)
            {
                tally.WasRefused("not let in");
            }

            await Task.Delay(Pause, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        tally.LetIn();
        await using (attacker)
        {
            using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellation, attacker.Over);
            while (!life.IsCancellationRequested)
            {
                try
                {
                    await body(attacker, victim, tally, life.Token);
                }
                catch (Exception broken) when (broken is IOException or WireException or OperationCanceledException)
                {
                    tally.WasRefused(broken.Message); // of the stream, or the connection
                    await Task.Delay(Pause, life.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }

            if (attacker.Lasted is { } lasted)
            {
                tally.WasCut(lasted);
            }
        }
    }
}
