using System.Collections.Immutable;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core.State;

/// <summary>
/// The state after a block: accounts, registered validators, duties and totals in one authenticated tree (EXE-2), and what
/// follows from them for the next epochs. Immutable; a block's ledger shares with its parent's whatever the block did not
/// touch, so the ledgers of a whole block tree are cheap.
/// </summary>
public sealed class Ledger
{
    private const byte AccountKind = 1;
    private const byte ValidatorKind = 2;

    private readonly StateTree tree;
    private readonly Registry? registry; // null where nobody can be a validator: only in states that are no chain's

    private Ledger(StateTree tree, Registry? registry, Totals totals, Duties? duties)
    {
        this.tree = tree;
        this.registry = registry;
        Totals = totals;
        Duties = duties;
    }

    /// <summary>The ledger in which nobody has anything.</summary>
    public static Ledger Empty { get; } = new(StateTree.Empty, null, Totals.None, null);

    /// <summary>The key of the leaf of <see cref="Totals"/>: SHA-256(3).</summary>
    public static Hash256 KeyOfTotals { get; } = Sha256.Hash([3]);

    /// <summary>The key of the leaf of <see cref="Duties"/>: SHA-256(4).</summary>
    public static Hash256 KeyOfDuties { get; } = Sha256.Hash([4]);

    /// <summary>The state root that headers carry.</summary>
    public Hash256 Root => tree.Root;

    /// <summary>Entries in the state, of every kind.</summary>
    public int Count => tree.Count;

    /// <summary>The height of the block that the state is of.</summary>
    public ulong Height => Totals.Height;

    /// <summary>What there is in all.</summary>
    public Totals Totals { get; }

    /// <summary>What certificates told of the validators of the newest one's epoch; null where there are no validators.</summary>
    public Duties? Duties { get; }

    /// <summary>The validator sets at hand: those that past certificates may be of, the current one, and those fixed already.</summary>
    public EpochSchedule Epochs => Registry.Epochs;

    /// <summary>Validators in the queue.</summary>
    public int Waiting => registry?.Waiting.Count ?? 0;

    internal bool HasValidators => registry is not null;

    internal Registry Registry => registry ?? throw new InvalidOperationException("this state has no validators");

    /// <summary>
    /// Rebuilds a ledger from stored leaves in any order and the sets of <see cref="Epochs"/>, oldest first; compare
    /// <see cref="Root"/> with a header that is trusted. O(n log n).
    /// </summary>
    /// <exception cref="ArgumentException">A key occurs twice, or the sets or a leaf do not belong to the state.</exception>
    public static Ledger From(IEnumerable<KeyValuePair<Hash256, ReadOnlyMemory<byte>>> entries, ImmutableArray<EpochSnapshot> sets)
    {
        var leaves = entries.Select(static entry => new StateChange(entry.Key, entry.Value)).ToList();
        var bare = Empty.Apply(leaves);
        if (bare.tree.Get(KeyOfTotals) is not { } stored)
        {
            return bare;
        }

        var totals = Totals.TryDecode(stored.Span) ?? throw new ArgumentException("the totals cannot be read", nameof(entries));
        var epochs = EpochSchedule.TryCreate(sets);
        if (epochs is null || epochs.Newest.Hash != totals.NewestSet)
        {
            throw new ArgumentException("the validator sets are not those of the state", nameof(sets));
        }

        var duties = bare.tree.Get(KeyOfDuties) is { } told ? Duties.TryDecode(told.Span, epochs) : null;
        return new Ledger(
            bare.tree,
            Registry.Of(epochs, leaves.Select(static leaf => AsValidator(leaf)).OfType<Validator>()),
            totals,
            duties ?? throw new ArgumentException("the duties cannot be read", nameof(entries)));
    }

    /// <summary>The account of an address; <see cref="Account.Empty"/> where there is none.</summary>
    /// <exception cref="InvalidOperationException">The stored bytes are no account: the state is damaged.</exception>
    public Account GetAccount(Address address) => GetAccount(KeyOfAccount(address));

    /// <summary>The validator that the state registers under an address, or null.</summary>
    /// <exception cref="InvalidOperationException">The stored bytes are no validator: the state is damaged.</exception>
    public Validator? GetValidator(Address address)
    {
        if (tree.Get(KeyOfValidator(address)) is not { } value)
        {
            return null;
        }

        var validator = Validator.TryDecode(value.Span, out var fault);
        return validator is not null && validator.Address == address ? validator : throw Damaged("validator", address.ToString(), fault);
    }

    /// <summary>The queue: the first validators in it from a sequence number on, in order. O(log n) each.</summary>
    public ImmutableArray<Validator> Queue(ulong first, int most)
    {
        var waiting = registry?.Waiting ?? [];
        var at = waiting.IndexOf((first, default)); // the address of zeros comes first: where the number would be, if it is not there
        var start = at < 0 ? ~at : at;
        return [.. Enumerable.Range(start, int.Min(most, waiting.Count - start)).Select(index => GetValidator(waiting[index].Validator)!)];
    }

    /// <summary>
    /// Registered validators, wherever they are in their lives, in order of their leaves' keys from <paramref name="first"/> on: at
    /// most <paramref name="most"/>, and as many as are among the next <paramref name="leaves"/> entries of the state, most of which
    /// are accounts. Where it goes on is the second value, null at the end.
    /// </summary>
    public (ImmutableArray<Validator> Found, Hash256? Next) Registered(Hash256 first, int most, int leaves)
    {
        var found = ImmutableArray.CreateBuilder<Validator>();
        foreach (var (key, value) in tree.From(first))
        {
            if (leaves-- == 0 || found.Count == most)
            {
                return (found.ToImmutable(), key);
            }

            if (AsValidator(new StateChange(key, value)) is { } validator)
            {
                found.Add(validator);
            }
        }

        return (found.ToImmutable(), null);
    }

    /// <summary>The proof that the account has its value under <see cref="Root"/>, or that there is none.</summary>
    public StateProof ProveAccount(Address address) => tree.Prove(KeyOfAccount(address));

    /// <summary>The proof that the validator is registered as it is under <see cref="Root"/>, or not at all.</summary>
    public StateProof ProveValidator(Address address) => tree.Prove(KeyOfValidator(address));

    /// <summary>The ledger with these leaves written, in one pass over the tree; what follows from validators stays as it was.</summary>
    /// <exception cref="ArgumentException">A key occurs twice.</exception>
    public Ledger Apply(IReadOnlyCollection<StateChange> changes) => With(changes, registry, Totals, Duties);

    /// <summary>The key of an account's leaf: SHA-256(1 ‖ address).</summary>
    public static Hash256 KeyOfAccount(Address address) => KeyOf(AccountKind, address);

    /// <summary>The key of a validator's leaf: SHA-256(2 ‖ address).</summary>
    public static Hash256 KeyOfValidator(Address address) => KeyOf(ValidatorKind, address);

    /// <summary>The write that makes an account what it is to be.</summary>
    public static StateChange Put(Address address, Account account) => new(KeyOfAccount(address), account.Encode());

    /// <summary>The write that registers a validator, or makes it what it is to be.</summary>
    public static StateChange Put(Validator validator) => new(KeyOfValidator(validator.Address), validator.Encode());

    internal Ledger With(IReadOnlyCollection<StateChange> changes, Registry? nextRegistry, Totals totals, Duties? duties)
    {
        var next = tree.Apply([.. changes.Select(static change => new KeyValuePair<Hash256, ReadOnlyMemory<byte>?>(change.Key, change.Value))]);
        return ReferenceEquals(next, tree) ? this : new Ledger(next, nextRegistry, totals, duties);
    }

    /// <summary>Whether the state has exactly this leaf.</summary>
    internal bool Holds(StateChange leaf) => tree.Get(leaf.Key) is { } value && value.Span.SequenceEqual(leaf.Value.Span);

    internal Account GetAccount(Hash256 key)
    {
        if (tree.Get(key) is not { } value)
        {
            return Account.Empty;
        }

        return Account.TryDecode(value.Span, out var account, out var fault) ? account : throw Damaged("account", key.ToString(), fault);
    }

    // The key is a hash, so a leaf tells its kind only by being what its key says.
    private static Validator? AsValidator(StateChange leaf) =>
        leaf.Value.Length == Validator.Size && Validator.TryDecode(leaf.Value.Span, out _) is { } read && KeyOfValidator(read.Address) == leaf.Key
            ? read
            : null;

    private static Hash256 KeyOf(byte kind, Address address)
    {
        Span<byte> bytes = stackalloc byte[1 + Address.Size];
        bytes[0] = kind;
        address.CopyTo(bytes[1..]);
        return Sha256.Hash(bytes);
    }

    private static InvalidOperationException Damaged(string kind, string name, WireFault fault) =>
        new($"the state entry of {kind} {name} cannot be read ({fault}): the stored state is damaged, rebuild it from the blocks");
}
