using System.Net;
using System.Net.Sockets;

namespace LuxTensor.Network;

public sealed partial class Swarm
{
    private void Listen(Multiaddr address)
    {
        if (address.Address is not { } ip || address.Port is not { } port)
        {
            throw new IOException($"{address} cannot be listened on: name an IP address and a TCP port, as in /ip4/0.0.0.0/tcp/30303");
        }

        var socket = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (ip.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = false; // so that an IPv4 listener may have the same port
            }

            socket.Bind(new IPEndPoint(ip, port));
            socket.Listen(512);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"{address} cannot be listened on: {e.Message}", e);
        }

        lock (listeners)
        {
            listeners.Add(socket);
        }

        var bound = Multiaddr.Of((IPEndPoint)socket.LocalEndPoint!);
        listening = listening.Add(bound);
        Tell(new SwarmEvent.Listening(bound));
        tasks.Run(() => AcceptAsync(socket));
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!stopping.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync(stopping.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                // The peer was gone again, or this process has no descriptor left: connections end, and descriptors come back.
                Tell(new SwarmEvent.Warned($"a connection could not be accepted: {e.Message}"));
                await Task.Delay(TimeSpan.FromMilliseconds(50), options.Time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            Admit(socket);
        }
    }

    // Before a byte is read: places for handshakes, for the address, for a peer.
    private void Admit(Socket socket)
    {
        if (socket.RemoteEndPoint is not IPEndPoint remote)
        {
            socket.Dispose();
            return;
        }

        var place = admission.TryEnter(remote.Address, out var cause);
        if (place is null || !table.MayHaveRoom())
        {
            place?.Dispose();
            cause = place is null ? cause : RefusalCause.Full;
            socket.Dispose();
            metrics.Refused(cause);
            Tell(new SwarmEvent.Refused(remote.Address, null, cause, "refused before the handshake"));
            return;
        }

        tasks.Run(() => ServeInboundAsync(socket, remote, place));
    }

    private async Task ServeInboundAsync(Socket socket, IPEndPoint remote, Admission.Place place)
    {
        using (place)
        {
            socket.NoDelay = true;
            var raw = new NetworkStream(socket, ownsSocket: true);
            Secured secured;
            try
            {
                secured = await ShakeAsync(raw, isDialer: false, expected: null, stopping.Token);
            }
            catch (Exception e)
            {
                await raw.DisposeAsync();
                if (!stopping.IsCancellationRequested)
                {
                    var cause = CauseOf(e);
                    metrics.Refused(cause);
                    Tell(new SwarmEvent.Refused(remote.Address, null, cause, e.Message));
                }

                return;
            }

            place.Shaken();
            await RunAsync(secured, isOutbound: false, Multiaddr.Of(remote), remote.Address, ready: null);
        }
    }

    private async Task<Secured> ShakeAsync(Stream raw, bool isDialer, Core.Consensus.PeerId? expected, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(options.HandshakeTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            var secured = await upgrade.RunAsync(raw, isDialer, expected, either.Token);
            metrics.Handshake(secured.Protocol);
            return secured;
        }
        catch (Exception e)
        {
            metrics.HandshakeFailed();
            if (deadline.IsCancellationRequested && !cancellation.IsCancellationRequested)
            {
                throw new RefusedException(RefusalCause.HandshakeTimeout, $"the handshake took longer than {options.HandshakeTimeout.TotalSeconds:0.###} s");
            }

            throw e is IOException or OperationCanceledException ? e : new WireException(e.Message, e);
        }
    }

    private static RefusalCause CauseOf(Exception e) => e is RefusedException refused ? refused.Cause : RefusalCause.HandshakeFailed;
}
