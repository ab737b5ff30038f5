using System.Collections.Frozen;

namespace LuxTensor.Rpc;

/// <summary>Every method of the server, by name. Dispatch, metrics and the OpenRPC document all come from it.</summary>
internal sealed class MethodTable
{
    private const int MaxNameLength = 64;

    private readonly FrozenDictionary<string, Method> methods;
    private readonly FrozenDictionary<string, Method>.AlternateLookup<ReadOnlySpan<char>> lookup;

    public MethodTable()
    {
        Method[] all =
        [
            .. BlockMethods.All, .. StateMethods.All, .. TransactionMethods.All, .. NodeMethods.All, .. FilterMethods.All,
            .. SubscriptionMethods.All, .. FinalityMethods.All, .. ProofMethods.All, OpenRpc.Discover,
        ];
        methods = all.ToFrozenDictionary(method => method.Name, StringComparer.Ordinal);
        lookup = methods.GetAlternateLookup<ReadOnlySpan<char>>();
        Document = new Lazy<byte[]>(() => OpenRpc.Write(All));
    }

    /// <summary>In order of name.</summary>
    public IEnumerable<Method> All => methods.Values.OrderBy(method => method.Name, StringComparer.Ordinal);

    /// <summary>Counts calls of methods that do not exist.</summary>
    public Method Other { get; } = new("other", "", [], new Described("", "{}"));

    /// <summary>The OpenRPC document.</summary>
    public Lazy<byte[]> Document { get; }

    /// <summary>The method of that name, or null.</summary>
    public Method? Find(ReadOnlySpan<byte> name)
    {
        if (name.Length > MaxNameLength)
        {
            return null;
        }

        Span<char> text = stackalloc char[MaxNameLength];
        for (var i = 0; i < name.Length; i++)
        {
            text[i] = (char)name[i]; // no method's name has a byte over 127, so Latin-1 finds none where UTF-8 would not
        }

        return lookup.TryGetValue(text[..name.Length], out var method) ? method : null;
    }
}
