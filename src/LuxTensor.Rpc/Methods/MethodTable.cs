using System.Buffers.Binary;
using System.Text;

namespace LuxTensor.Rpc;

/// <summary>Every method of the server, by name. Dispatch, metrics and the OpenRPC document all come from it.</summary>
internal sealed class MethodTable
{
    private const int Slots = 256; // a power of two, several times the number of methods
    private const int MinNameLength = sizeof(ulong);

    private readonly (byte[] Name, Method Method)?[] slots = new (byte[], Method)?[Slots];

    public MethodTable()
    {
        Method[] all =
        [
            .. BlockMethods.All, .. StateMethods.All, .. TransactionMethods.All, .. NodeMethods.All, .. FilterMethods.All,
            .. SubscriptionMethods.All, .. FinalityMethods.All, .. ValidatorMethods.All, .. StakingMethods.All, .. AbsenceMethods.All, .. ProofMethods.All, .. PeerMethods.All, OpenRpc.Discover,
        ];
        All = [.. all.OrderBy(method => method.Name, StringComparer.Ordinal)];
        foreach (var method in all)
        {
            Add(method);
        }

        Document = new Lazy<byte[]>(() => OpenRpc.Write(All));
    }

    /// <summary>In order of name.</summary>
    public IReadOnlyList<Method> All { get; }

    /// <summary>Counts calls of methods that do not exist.</summary>
    public Method Other { get; } = new("other", "", [], new Described("", "{}"));

    /// <summary>The OpenRPC document.</summary>
    public Lazy<byte[]> Document { get; }

    /// <summary>The method of that name, or null. Looked up by its bytes: a name need not become text to be found.</summary>
    public Method? Find(ReadOnlySpan<byte> name)
    {
        if (name.Length < MinNameLength)
        {
            return null;
        }

        for (var slot = SlotOf(name); slots[slot] is var (known, method); slot = (slot + 1) % Slots)
        {
            if (name.SequenceEqual(known))
            {
                return method;
            }
        }

        return null;
    }

    private void Add(Method method)
    {
        var name = Encoding.ASCII.GetBytes(method.Name);
        if (name.Length < MinNameLength || Find(name) is not null)
        {
            throw new InvalidOperationException($"the name {method.Name} is taken, or shorter than {MinNameLength}");
        }

        var slot = SlotOf(name);
        while (slots[slot] is not null)
        {
            slot = (slot + 1) % Slots;
        }

        slots[slot] = (name, method);
    }

    // Names differ at their ends.
    private static int SlotOf(ReadOnlySpan<byte> name) =>
        (int)(((BinaryPrimitives.ReadUInt64LittleEndian(name[^MinNameLength..]) ^ (uint)name.Length) * 0x9e37_79b9_7f4a_7c15UL) >> 56);
}
