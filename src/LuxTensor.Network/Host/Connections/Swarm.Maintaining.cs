using System.Net.Sockets;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

// What is done again and again: bootstrap peers are called back, known peers dialled, surplus connections closed, the store written.
public sealed partial class Swarm
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SurplusAge = TimeSpan.FromSeconds(5);

    private const int MostDialsAtOnce = 8;
    private const int BeatsPerSave = 30;

    private readonly DialBook dials;
    private readonly AddressResolver resolver;

    private async Task MaintainAsync()
    {
        for (var beat = 1; !stopping.IsCancellationRequested; beat++)
        {
            foreach (var connection in table.Surplus(SurplusAge))
            {
                connection.Session.Close(new CloseReason(CloseCause.Duplicate, "another connection to the peer is kept"));
            }

            foreach (var (peer, addresses) in Wanted())
            {
                tasks.Run(() => TryDialAsync(peer, addresses));
            }

            if (beat % BeatsPerSave == 0)
            {
                await store.SaveAsync();
            }

            await Task.Delay(Beat, options.Time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private IEnumerable<(PeerId Peer, IReadOnlyList<Multiaddr> Addresses)> Wanted()
    {
        var room = MostDialsAtOnce - dialling.Count;
        var bootstrap = options.Bootstrap.Where(static it => it.Peer is not null).GroupBy(static it => it.Peer!.Value)
            .Select(it => (it.Key, (IReadOnlyList<Multiaddr>)[.. it, .. store.Addresses(it.Key)])).ToArray();
        // The places that no inbound peer may have are for peers of this node's own choice, however many others there are: who fills all
        // other places does not decide whom this node hears.
        var wanted = int.Min(options.WantedPeers, options.MostPeers);
        var missing = int.Max(wanted - table.Count, int.Min(wanted, options.MostPeers - options.MostInbound) - table.Outbound) - dialling.Count;
        var known = missing <= 0 ? [] : store.All().Where(static it => !it.Addresses.IsEmpty)
            .Select(static it => (it.Id, (IReadOnlyList<Multiaddr>)it.Addresses)).Where(it => MayDial(it.Id) && !Array.Exists(bootstrap, boot => boot.Key == it.Id)).Take(missing);
        return [.. bootstrap.Where(it => MayDial(it.Key)).Concat(known).Take(int.Max(room, 0))];
    }

    private bool MayDial(PeerId peer) => peer != Self && !table.Contains(peer) && !dialling.ContainsKey(peer) && dials.MayDial(peer);

    private async Task DiscoverAsync()
    {
        try
        {
            using var mdns = new Mdns(options.MdnsPort, options.MdnsInterface, options.Time);
            await mdns.RunAsync(
                () => [.. (options.Announce.Count > 0 ? options.Announce : Reachable()).Select(it => it.With(Self))],
                (peer, addresses) =>
                {
                    if (peer != Self)
                    {
                        store.Heard(peer, addresses); // the next beat dials it
                    }
                },
                stopping.Token);
        }
        catch (SocketException e)
        {
            Tell(new SwarmEvent.Warned($"peers of the local network cannot be found: multicast is not possible here ({e.Message})"));
        }
    }

    private async Task TryDialAsync(PeerId peer, IReadOnlyList<Multiaddr> addresses)
    {
        try
        {
            await DialAsync(peer, addresses, stopping.Token);
        }
        catch (Exception e) when (e is StreamException or OperationCanceledException)
        {
            // told as an event, and tried again later
        }
    }
}
