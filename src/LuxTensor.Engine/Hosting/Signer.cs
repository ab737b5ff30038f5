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
                Sign(sign.Validator, sign.Ballot);
            }
        }
        catch (JournalException failure)
        {
            host.Fail(failure); // a guard that cannot store must not sign, and a validator that cannot sign must not pretend
        }
    }

    private void Sign(Address validator, Ballot ballot)
    {
        GuardDecision decision;
        if (silentUntil.TryGetValue(validator, out var height) && ballot.Height <= height)
        {
            decision = new GuardDecision.Blocked(
                $"the guard signed at height {height}, which the node's database does not know: the database is older than the guard, so nothing is signed up to that height");
        }
        else
        {
            Span<byte> message = stackalloc byte[Ballot.MessageSize];
            ballot.WriteMessage(message);
            decision = options.Guard.Record(new Vote(ballot, validator, keys[validator].Sign(message)));
        }

        if (decision is GuardDecision.Released released)
        {
            var vote = new Vote(ballot, validator, released.Signature);
            var set = host.View.Chain.Epochs.Find(options.Genesis.Rules.EpochOf(ballot.Height));
            if (Verifier.Check(vote, options.Genesis.Rules, set, out var verified) is { } fault)
            {
                throw new JournalException($"the signature for {validator} at height {ballot.Height} does not verify ({fault}): the key or the guard's record is damaged", JournalFault.Damaged);
            }

            host.Post(new NodeInput.Chain(new ChainInput.Signed(verified)));
            return;
        }

        host.Post(new NodeInput.Chain(new ChainInput.SigningRefused(validator, ballot, decision.Refusal!.Value)), new Notice.SigningRefused(validator, ballot, decision));
    }
}
