using System.Collections.Concurrent;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;

namespace LuxTensor.Engine;

/// <summary>
/// Signs own votes, one at a time, on a thread of its own: signs in memory, has the guard store the vote, and only then
/// lets it go back to the loop.
/// </summary>
internal sealed class Signer : IDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(100);

    private readonly NodeHost host;
    private readonly NodeOptions options;
    private readonly Dictionary<Address, SigningKey> keys;
    private readonly Dictionary<Address, ulong> silentUntil = []; // sign only above this height
    private readonly BlockingCollection<ChainEffect.Sign> queue = [];
    private Thread? thread;

    public Signer(NodeHost host, NodeOptions options, Recovered recovered)
    {
        var height = recovered.Turn.State.Chain.Height;
        this.host = host;
        this.options = options;
        keys = options.Keys.ToDictionary(key => Address.Of(key.PublicKey));

        // GRD-3: a guard that lacks a vote of the journal is older than it, and blocks itself.
        foreach (var (validator, stored) in recovered.Signed.Where(signed => keys.ContainsKey(signed.Validator)))
        {
            options.Guard.VerifyNotOlderThan(validator, stored);
        }

        foreach (var validator in keys.Keys)
        {
            // GRD-4: a guard that signed more than the journal remembers means that the journal is older: the lock of that
            // height is forgotten, so nothing is signed at it again. The guard keeps that in mind, for the journal will soon
            // have asked, in vain, for as much as was signed, and then look as new.
            if (options.Guard.LastSigned(validator) is { } last && last.Height >= height
                && (!recovered.Asked.TryGetValue(validator, out var position) || last.CompareTo(position) > 0))
            {
                options.Guard.RefuseUpTo(validator, last.Height);
                silentUntil[validator] = last.Height;
            }
        }
    }

    public IReadOnlyDictionary<Address, ulong> SilentUntil => silentUntil;

    public void Start()
    {
        thread = new Thread(Run) { IsBackground = true, Name = "signer" };
        thread.Start();
    }

    public void Ask(ChainEffect.Sign sign) => queue.Add(sign);

    public void Dispose()
    {
        queue.CompleteAdding();
        thread?.Join();
        queue.Dispose();
    }

    private void Run()
    {
        try
        {
            foreach (var sign in queue.GetConsumingEnumerable())
            {
                if (options.SignElsewhere is { } elsewhere)
                {
                    _ = SignAsync(elsewhere, sign.Validator, sign.Ballot); // several at once: each position has its own record
                }
                else
                {
                    Answer(sign.Validator, sign.Ballot, Refuse(sign.Validator, sign.Ballot) ?? GuardedSigning.Sign(keys[sign.Validator], options.Guard, sign.Ballot));
                }
            }
        }
        catch (JournalException failure)
        {
            host.Fail(failure); // a guard that cannot store must not sign, and a validator that cannot sign must not pretend
        }
    }

    /// <summary>Asks until there is an answer: a call that failed may have signed, and asking again gives the same signature.</summary>
    private async Task SignAsync(Func<Address, Ballot, Task<GuardDecision>> elsewhere, Address validator, Ballot ballot)
    {
        while (!host.Completion.IsCompleted && ballot.Height >= host.View.Chain.Height)
        {
            try
            {
                Answer(validator, ballot, Refuse(validator, ballot) ?? await elsewhere(validator, ballot).ConfigureAwait(false));
                return;
            }
            catch (JournalException failure)
            {
                host.Fail(failure);
                return;
            }
            catch (Exception)
            {
                await Task.Delay(RetryAfter, options.Time).ConfigureAwait(false);
            }
        }
    }

    private GuardDecision.Blocked? Refuse(Address validator, Ballot ballot) =>
        silentUntil.TryGetValue(validator, out var height) && ballot.Height <= height
            ? new GuardDecision.Blocked(
                $"the guard signed at height {height}, which the node's database does not know: the database is older than the guard, so nothing is signed up to that height")
            : null;

    private void Answer(Address validator, Ballot ballot, GuardDecision decision)
    {
        if (decision is GuardDecision.Released released)
        {
            var vote = new Vote(ballot, validator, released.Signature);
            var set = host.View.Chain.Epochs.Find(options.Genesis.Rules.EpochOf(ballot.Height));
            if (Verifier.Check(vote, options.Genesis.Rules, set, out var verified) is { } fault)
            {
                if (fault is VoteRejection.UnknownEpoch)
                {
                    return; // the disk took so long that the epoch is over and forgotten: nobody needs the vote
                }

                throw new JournalException($"the signature for {validator} at height {ballot.Height} does not verify ({fault}): the key or the guard's record is damaged", JournalFault.Damaged);
            }

            host.Post(new NodeInput.Chain(new ChainInput.Signed(verified)));
            return;
        }

        host.Post(new NodeInput.Chain(new ChainInput.SigningRefused(validator, ballot, decision.Refusal!.Value)), new Notice.SigningRefused(validator, ballot, decision));
    }
}
