using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

public sealed partial class Swarm
{
    private const int MostAddressesPerDial = 8;

    private static readonly TimeSpan Stagger = TimeSpan.FromMilliseconds(250); // between the starts of attempts, as RFC 8305 has it

    private readonly ConcurrentDictionary<PeerId, Lazy<Task>> dialling = new();

    /// <summary>
    /// Connects to the peer at an address (any peer where it names none), and waits until the peer said who it is. A peer that is connected
    /// already is not dialled again.
    /// </summary>
    /// <exception cref="StreamException">It cannot be reached, is another peer, or is refused; the message says which.</exception>
    public async Task<PeerId> DialAsync(Multiaddr address, CancellationToken cancellation)
    {
        if (address.Peer is { } peer)
        {
            await DialAsync(peer, [address], cancellation);
            return peer;
        }

        var connection = await ConnectAsync(null, [address], cancellation);
        await IdentifiedAsync(connection, cancellation);
        return connection.Peer;
    }

    /// <summary>Connects to a peer whose addresses are known from earlier.</summary>
    /// <exception cref="StreamException">As above, or no address is known.</exception>
    public Task DialAsync(PeerId peer, CancellationToken cancellation) => DialAsync(peer, store.Addresses(peer), cancellation);

    private async Task DialAsync(PeerId peer, IReadOnlyList<Multiaddr> addresses, CancellationToken cancellation)
    {
        if (table.Preferred(peer) is { } standing)
        {
            await IdentifiedAsync(standing, cancellation);
            return;
        }

        // One dial a peer at a time: whoever comes second waits for the first. It ends with the swarm, not with the one who asked first.
        var dial = dialling.GetOrAdd(peer, static (id, it) => new Lazy<Task>(() => it.swarm.DialOnceAsync(id, it.addresses)), (swarm: this, addresses));
        _ = dial.Value.ContinueWith(static ended => _ = ended.Exception, TaskScheduler.Default); // nobody may be waiting any more
        await dial.Value.WaitAsync(cancellation);
    }

    private async Task DialOnceAsync(PeerId peer, IReadOnlyList<Multiaddr> addresses)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            var connection = await ConnectAsync(peer, addresses, stopping.Token);
            await IdentifiedAsync(connection, stopping.Token);
            dials.Succeeded(peer);
        }
        catch
        {
            dials.Failed(peer);
            throw;
        }
        finally
        {
            dialling.TryRemove(peer, out _);
        }
    }

    private static async Task IdentifiedAsync(PeerConnection connection, CancellationToken cancellation)
    {
        if (!await connection.Identified.Task.WaitAsync(cancellation))
        {
            throw new StreamException($"the connection to {connection.Peer} ended at once ({await connection.Session.Completion})");
        }
    }

    private async Task<PeerConnection> ConnectAsync(PeerId? peer, IReadOnlyList<Multiaddr> addresses, CancellationToken cancellation)
    {
        using var attempts = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stopping.Token);
        var places = new List<(Multiaddr Address, IPEndPoint Endpoint)>();
        var failures = new List<string>();
        foreach (var address in addresses.Take(MostAddressesPerDial))
        {
            try
            {
                places.AddRange((await resolver.ResolveAsync(address, attempts.Token)).Where(it => peer is null || options.Gate?.Invoke(peer.Value, it.Endpoint.Address) != false));
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                failures.Add($"{address}: {e.Message}");
            }
        }

        var running = new List<Task<PeerConnection>>();
        foreach (var (address, endpoint) in places.DistinctBy(it => it.Endpoint).Take(MostAddressesPerDial))
        {
            running.Add(AttemptAsync(peer, address, endpoint, attempts.Token));
            await Task.WhenAny([.. running, Task.Delay(Stagger, options.Time, attempts.Token)]);
            if (running.Exists(static it => it.IsCompletedSuccessfully))
            {
                break;
            }
        }

        var first = await FirstAsync(running);
        await attempts.CancelAsync();
        foreach (var attempt in running)
        {
            await ((Task)attempt).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (attempt.IsFaulted)
            {
                failures.Add(attempt.Exception.InnerException!.Message);
            }
            else if (attempt != first && attempt.IsCompletedSuccessfully)
            {
                (await attempt).Session.Close(new CloseReason(CloseCause.Duplicate, "another address answered first"));
            }
        }

        metrics.Dialled(first is not null);
        if (first is not null)
        {
            return await first;
        }

        cancellation.ThrowIfCancellationRequested();
        var detail = failures.Count > 0 ? string.Join("; ", failures) : "no address that may be dialled is known";
        foreach (var address in addresses.Take(1))
        {
            Tell(new SwarmEvent.DialFailed(peer, address, detail));
        }

        throw new StreamException($"{(peer is { } named ? named.Name : addresses[0].ToString())} cannot be reached: {detail}");
    }

    private static async Task<Task<PeerConnection>?> FirstAsync(List<Task<PeerConnection>> running)
    {
        var left = new List<Task<PeerConnection>>(running);
        while (left.Count > 0)
        {
            var ended = await Task.WhenAny(left);
            if (ended.IsCompletedSuccessfully)
            {
                return ended;
            }

            left.Remove(ended);
        }

        return null;
    }

    private async Task<PeerConnection> AttemptAsync(PeerId? peer, Multiaddr address, IPEndPoint endpoint, CancellationToken cancellation)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Secured secured;
        try
        {
            await OpenAsync(socket, endpoint, cancellation);
            secured = await ShakeAsync(new NetworkStream(socket, ownsSocket: true), isDialer: true, peer, cancellation);
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (e is RefusedException refused)
            {
                metrics.Refused(refused.Cause);
                Tell(new SwarmEvent.Refused(endpoint.Address, peer, refused.Cause, refused.Message));
            }

            throw e is OperationCanceledException ? e : new StreamException($"{address}: {e.Message}", e);
        }

        var ready = new TaskCompletionSource<PeerConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        tasks.Run(() => RunAsync(secured, isOutbound: true, address, endpoint.Address, ready));
        return await ready.Task;
    }

    private async Task OpenAsync(Socket socket, IPEndPoint endpoint, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(options.DialTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            await socket.ConnectAsync(endpoint, either.Token);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new StreamException($"no answer within {options.DialTimeout.TotalSeconds:0.###} s", e);
        }
    }

    // What peers can be told: an address that stands for all of this machine is replaced by those it has.
    private IEnumerable<Multiaddr> Reachable()
    {
        foreach (var address in listening)
        {
            if (!address.Address!.Equals(IPAddress.Any) && !address.Address.Equals(IPAddress.IPv6Any))
            {
                yield return address;
                continue;
            }

            foreach (var own in OwnAddresses(address.Address.AddressFamily))
            {
                yield return Multiaddr.Of(new IPEndPoint(own, address.Port!.Value));
            }
        }
    }

    private static IEnumerable<IPAddress> OwnAddresses(AddressFamily family)
    {
        try
        {
            return
            [
                .. NetworkInterface.GetAllNetworkInterfaces()
                    .Where(static it => it.OperationalStatus == OperationalStatus.Up)
                    .SelectMany(static it => it.GetIPProperties().UnicastAddresses)
                    .Select(static it => it.Address)
                    .Where(it => it.AddressFamily == family && !it.IsIPv6LinkLocal)
                    .Take(16),
            ];
        }
        catch (NetworkInformationException)
        {
            return [];
        }
    }
}
