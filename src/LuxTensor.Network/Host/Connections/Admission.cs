using System.Net;
using System.Net.Sockets;
using LuxTensor.Core.Peers;

namespace LuxTensor.Network;

/// <summary>
/// Counts inbound connections by address and handshakes under way, before anything of a peer is read. An address that may have n
/// connections may begin n a second, and some more at once: a ban of a peer's id is worth what a new id costs. Thread-safe.
/// </summary>
internal sealed class Admission(int mostHandshakes, int mostPerAddress, TimeProvider time)
{
    private const int AtOnce = 8; // times as many
    private const int MostRates = 4_096;

    private readonly Lock gate = new();
    private readonly PeerLimit rate = new(AtOnce * mostPerAddress, 60L * mostPerAddress, 1);
    private readonly Dictionary<IPAddress, TokenBucket> rates = [];
    private readonly Dictionary<IPAddress, int> addresses = []; // at most as many as there are connections
    private int handshakes;

    /// <summary>Inbound handshakes under way.</summary>
    internal int Handshakes
    {
        get
        {
            lock (gate)
            {
                return handshakes;
            }
        }
    }

    /// <summary>A place for a connection that begins its handshake; null with the reason where there is none.</summary>
    internal Place? TryEnter(IPAddress from, out RefusalCause cause)
    {
        var key = Group(from);
        lock (gate)
        {
            var count = addresses.GetValueOrDefault(key);
            cause = handshakes >= mostHandshakes ? RefusalCause.HandshakesInFlight : RefusalCause.AddressLimit;
            if (handshakes >= mostHandshakes || count >= mostPerAddress)
            {
                return null;
            }

            if (!MayBegin(key))
            {
                cause = RefusalCause.AddressRate;
                return null;
            }

            handshakes++;
            addresses[key] = count + 1;
            return new Place(this, key);
        }
    }

    // Who is forgotten begins anew: those that have nothing to be forgotten go first.
    private bool MayBegin(IPAddress key)
    {
        var now = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds();
        if (rates.Count >= MostRates && !rates.ContainsKey(key))
        {
            var whole = rate.Capacity * TokenBucket.Token;
            foreach (var (address, _) in rates.Where(it => TokenBucket.Refill(it.Value, rate, now).Grains == whole).ToArray())
            {
                rates.Remove(address);
            }

            if (rates.Count >= MostRates)
            {
                rates.Clear();
            }
        }

        (rates[key], var mayBegin) = TokenBucket.Take(rates.TryGetValue(key, out var bucket) ? bucket : TokenBucket.Full(rate, now), rate, 1, now);
        return mayBegin;
    }

    // Whoever has one IPv6 address has the /64 around it.
    private static IPAddress Group(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    /// <summary>The place of one connection, until it is disposed of.</summary>
    internal sealed class Place(Admission owner, IPAddress key) : IDisposable
    {
        private bool shaking = true;
        private bool left;

        /// <summary>The handshake is over.</summary>
        internal void Shaken()
        {
            lock (owner.gate)
            {
                End();
            }
        }

        public void Dispose()
        {
            lock (owner.gate)
            {
                End();
                if (!left)
                {
                    left = true;
                    var count = owner.addresses[key] - 1;
                    if (count == 0)
                    {
                        owner.addresses.Remove(key);
                    }
                    else
                    {
                        owner.addresses[key] = count;
                    }
                }
            }
        }

        private void End()
        {
            if (shaking)
            {
                shaking = false;
                owner.handshakes--;
            }
        }
    }
}
