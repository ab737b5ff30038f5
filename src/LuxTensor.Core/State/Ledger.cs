using LuxTensor.Core.Validators;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Core.State;

/// <summary>
/// The state after a block: accounts and registered validators in one authenticated tree (EXE-2). Immutable; a block's
/// ledger shares with its parent's whatever the block did not touch, so the ledgers of a whole block tree are cheap.
/// </summary>
public sealed class Ledger
{
    private const byte AccountKind = 1;
    private const byte ValidatorKind = 2;

    private readonly StateTree tree;

    private Ledger(StateTree tree) => this.tree = tree;

    /// <summary>The ledger in which nobody has anything.</summary>
    public static Ledger Empty { get; } = new(StateTree.Empty);

    /// <summary>The state root that headers carry.</summary>
    public Hash256 Root => tree.Root;

    /// <summary>Entries in the state, of every kind.</summary>
    public int Count => tree.Count;

    /// <summary>Rebuilds a ledger from stored leaves in any order; compare <see cref="Root"/> with a header that is trusted.</summary>
    /// <exception cref="ArgumentException">A key occurs twice.</exception>
    public static Ledger From(IEnumerable<KeyValuePair<Hash256, ReadOnlyMemory<byte>>> entries) =>
        Empty.Apply([.. entries.Select(static entry => new StateChange(entry.Key, entry.Value))]);

    /// <summary>The account of an address; <see cref="Account.Empty"/> where there is none.</summary>
    /// <exception cref="InvalidOperationException">The stored bytes are no account: the state is damaged.</exception>
    public Account GetAccount(Address address) => GetAccount(KeyOfAccount(address));

    /// <summary>The validator that the state registers under an address, or null.</summary>
    /// <exception cref="InvalidOperationException">The stored bytes are no validator: the state is damaged.</exception>
    public EpochValidator? GetValidator(Address address)
    {
        if (tree.Get(KeyOfValidator(address)) is not { } value)
        {
            return null;
        }

        var reader = new WireReader(value.Span);
        var validator = new EpochValidator(address, reader.Key(), reader.UInt128());
        return reader.End() && Address.Of(validator.Key) == address ? validator : throw Damaged("validator", address.ToString(), reader.Fault);
    }

    /// <summary>The proof that the account has its value under <see cref="Root"/>, or that there is none.</summary>
    public StateProof ProveAccount(Address address) => tree.Prove(KeyOfAccount(address));

    /// <summary>The proof that the validator is registered as it is under <see cref="Root"/>, or not at all.</summary>
    public StateProof ProveValidator(Address address) => tree.Prove(KeyOfValidator(address));

    /// <summary>The ledger with these leaves written, in one pass over the tree.</summary>
    /// <exception cref="ArgumentException">A key occurs twice.</exception>
    public Ledger Apply(IReadOnlyCollection<StateChange> changes)
    {
        var next = tree.Apply([.. changes.Select(static change => new KeyValuePair<Hash256, ReadOnlyMemory<byte>?>(change.Key, change.Value))]);
        return ReferenceEquals(next, tree) ? this : new Ledger(next);
    }

    /// <summary>The key of an account's leaf: SHA-256(1 ‖ address).</summary>
    public static Hash256 KeyOfAccount(Address address) => KeyOf(AccountKind, address);

    /// <summary>The key of a validator's leaf: SHA-256(2 ‖ address).</summary>
    public static Hash256 KeyOfValidator(Address address) => KeyOf(ValidatorKind, address);

    /// <summary>The write that makes an account what it is to be.</summary>
    public static StateChange Put(Address address, Account account) => new(KeyOfAccount(address), account.Encode());

    /// <summary>The write that registers a validator, or gives it another stake. Its leaf is key ‖ stake.</summary>
    public static StateChange Put(EpochValidator validator) =>
        new(KeyOfValidator(validator.Address), new WireWriter(EpochValidator.Size).Key(validator.Key).UInt128(validator.Stake).ToArray());

    internal Account GetAccount(Hash256 key)
    {
        if (tree.Get(key) is not { } value)
        {
            return Account.Empty;
        }

        return Account.TryDecode(value.Span, out var account, out var fault) ? account : throw Damaged("account", key.ToString(), fault);
    }

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
