using System.Collections.Concurrent;
using LuxTensor.Core;
using LuxTensor.Core.Validators;
using LuxTensor.Crypto;
using LuxTensor.Engine;

namespace LuxTensor.Grains;

/// <summary>What the grains of one silo share: the frozen sets, so that none is asked for a vote at a time, the keys, and the guard.</summary>
internal sealed class SiloShare(ClusterOptions options) : IDisposable
{
    private const int MostSets = 16;

    private readonly ConcurrentDictionary<ulong, EpochSnapshot> sets = new();
    private readonly Dictionary<Address, SigningKey> keys = options.Keys.ToDictionary(key => Address.Of(key.PublicKey));
    private readonly Lock gate = new();
    private (ulong Generation, ISigningGuard Guard)? guard;

    public ChainRules Rules => options.Genesis.Rules;

    public SigningKey? KeyOf(Address validator) => keys.GetValueOrDefault(validator);

    /// <summary>The set of an epoch, or null where no final block has fixed it. It never changes.</summary>
    public async ValueTask<EpochSnapshot?> SetOfAsync(ulong epoch)
    {
        if (sets.TryGetValue(epoch, out var known))
        {
            return known;
        }

        if (await options.Store.SetOfAsync(epoch, CancellationToken.None).ConfigureAwait(true) is not { } read)
        {
            return null;
        }

        sets[epoch] = read;
        foreach (var old in sets.Keys.OrderDescending().Skip(MostSets))
        {
            sets.TryRemove(old, out _);
        }

        return read;
    }

    /// <summary>The guard of a writer's generation. An older one than was seen records nothing any more; the store would refuse it, too.</summary>
    /// <exception cref="JournalException">The generation is over.</exception>
    public ISigningGuard GuardOf(ulong generation)
    {
        lock (gate)
        {
            if (guard is { } open && open.Generation >= generation)
            {
                return open.Generation == generation
                    ? open.Guard
                    : throw new JournalException($"writer {generation} signs no more: writer {open.Generation} has taken the node over", JournalFault.InUse);
            }

            guard?.Guard.Dispose();
            var next = options.Store.OpenGuard(generation);
            guard = (generation, next);
            return next;
        }
    }

    public void Dispose() => guard?.Guard.Dispose();
}
