using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace LuxTensor.Rpc;

/// <summary>A token bucket: so many calls a second, and as many at once.</summary>
internal sealed class CallBudget(int perSecond, int burst, TimeProvider clock)
{
    private readonly Lock gate = new();
    private double tokens = burst;
    private long last = clock.GetTimestamp();

    /// <summary>A budget that never ends.</summary>
    public static CallBudget Unlimited { get; } = new(0, 0, TimeProvider.System);

    /// <summary>Whether it is as full as it gets: forgetting it changes nothing.</summary>
    public bool IsFull
    {
        get
        {
            lock (gate)
            {
                Refill();
                return tokens >= burst;
            }
        }
    }

    /// <summary>Takes so many calls, or none.</summary>
    public bool TryTake(int calls)
    {
        if (perSecond == 0)
        {
            return true;
        }

        lock (gate)
        {
            Refill();
            if (tokens < calls)
            {
                return false;
            }

            tokens -= calls;
            return true;
        }
    }

    private void Refill()
    {
        var now = clock.GetTimestamp();
        tokens = double.Min(burst, tokens + (clock.GetElapsedTime(last, now).TotalSeconds * perSecond));
        last = now;
    }
}

/// <summary>The call budgets of HTTP clients, by address; of IPv6, by the /64 that one client can have all of. Bounded.</summary>
internal sealed class CallBudgets(RpcOptions options)
{
    private const int MaxKept = 8_192;
    private const ulong MappedPrefix = 0xffff_0000_0000; // an IPv4 address as IPv6 writes it

    private readonly ConcurrentDictionary<UInt128, CallBudget> budgets = new();

    /// <summary>A budget of its own, for one connection.</summary>
    public CallBudget New() => options.MaxCallsPerSecond == 0
        ? CallBudget.Unlimited
        : new CallBudget(options.MaxCallsPerSecond, int.Max(options.MaxCallsPerSecond, options.MaxBatchCalls), options.Clock);

    /// <summary>The budget of an address.</summary>
    public CallBudget Of(IPAddress? address)
    {
        if (options.MaxCallsPerSecond == 0)
        {
            return CallBudget.Unlimited;
        }

        var key = KeyOf(address);
        if (budgets.TryGetValue(key, out var budget))
        {
            return budget;
        }

        if (budgets.Count >= MaxKept)
        {
            foreach (var (idle, kept) in budgets)
            {
                if (kept.IsFull || budgets.Count >= MaxKept * 2)
                {
                    budgets.TryRemove(idle, out _);
                }
            }
        }

        return budgets.GetOrAdd(key, _ => New());
    }

    private static UInt128 KeyOf(IPAddress? address)
    {
        if (address is null)
        {
            return 0;
        }

        Span<byte> bytes = stackalloc byte[16];
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            address.TryWriteBytes(bytes, out _);
            return MappedPrefix | System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes);
        }

        address.TryWriteBytes(bytes, out _);
        var whole = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return address.IsIPv4MappedToIPv6 ? whole : whole & (UInt128.MaxValue << 64);
    }
}
