namespace LuxTensor.Network;

// What the host itself says on a connection: identify, identify push, ping.
public sealed partial class Swarm
{
    private async Task AttendAsync(PeerConnection connection)
    {
        try
        {
            if (await IdentifyAsync(connection))
            {
                connection.Identified.TrySetResult(true);
                await KeepAliveAsync(connection);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // A stream of the host's own failed: on a connection that stands, that is a peer that does not behave.
            connection.Session.Close(new CloseReason(CloseCause.NotIdentified, e.Message));
        }
    }

    private async Task<bool> IdentifyAsync(PeerConnection connection)
    {
        using var deadline = new CancellationTokenSource(options.HandshakeTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, connection.Ending);
        try
        {
            await using var stream = await connection.OpenAsync([IdentifyMessage.Protocol], either.Token);
            await stream.CloseWriteAsync(either.Token);
            var message = await ReadMessageAsync(stream, either.Token);
            TakeIdentity(connection, message);
            return true;
        }
        catch (NotSpokenException)
        {
            table.Identified(connection, [], ""); // a peer that says nothing of itself may still be asked things
            return true;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            connection.Session.Close(new CloseReason(
                CloseCause.NotIdentified, deadline.IsCancellationRequested ? "the peer did not say who it is in time" : e.Message));
            return false;
        }
    }

    private void TakeIdentity(PeerConnection connection, IdentifyMessage message)
    {
        if (message.Key.Length > 0 && !message.Key.AsSpan().SequenceEqual(connection.Key.Encoded))
        {
            throw new WireException("identify states another key than the handshake proved");
        }

        store.Met(
            connection.Peer, connection.IsOutbound ? [connection.Address, .. message.Listen] : message.Listen, connection.From, connection.IsOutbound);
        table.Identified(connection, message.Protocols, message.Agent);
    }

    private async Task AnswerIdentifyAsync(IPeerStream stream, CancellationToken cancellation)
    {
        var connection = table.Preferred(stream.Peer);
        await WriteMessageAsync(stream, Describe(connection), cancellation);
        await stream.CloseWriteAsync(cancellation);
    }

    private async Task TakePushAsync(IPeerStream stream, CancellationToken cancellation)
    {
        var message = await ReadMessageAsync(stream, cancellation);
        if (table.Preferred(stream.Peer) is { } connection)
        {
            TakeIdentity(connection, message);
        }
    }

    private async Task PushAsync(PeerConnection connection)
    {
        try
        {
            if (await connection.Identified.Task)
            {
                await using var stream = await connection.OpenAsync([IdentifyMessage.PushProtocol], connection.Ending);
                await WriteMessageAsync(stream, Describe(connection), connection.Ending);
                await stream.CloseWriteAsync(connection.Ending);
            }
        }
        catch (Exception e) when (e is StreamException or OperationCanceledException)
        {
            // it does not take pushes, or is gone
        }
    }

    private IdentifyMessage Describe(PeerConnection? connection) => new(
        identity.EncodedKey,
        [.. options.Announce.Count > 0 ? options.Announce : Reachable()],
        [.. protocols.Names],
        connection?.Address.WithoutPeer(),
        options.ProtocolVersion,
        options.Agent);

    private async Task KeepAliveAsync(PeerConnection connection)
    {
        while (true)
        {
            await Task.Delay(options.KeepAlive, options.Time, connection.Ending);
            using var deadline = new CancellationTokenSource(options.KeepAliveTimeout, options.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, connection.Ending);
            try
            {
                if (table.Speaks(connection.Peer, PingProtocol.Name))
                {
                    await using var stream = await connection.OpenAsync([PingProtocol.Name], either.Token); // js ends an older one
                    await PingProtocol.PingAsync(stream, either.Token);
                }
                else
                {
                    await connection.Session.PingAsync(either.Token);
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                connection.Session.Close(new CloseReason(
                    CloseCause.Silent, deadline.IsCancellationRequested ? "no answer to a ping in time" : e.Message));
                return;
            }
        }
    }

    private static ValueTask WriteMessageAsync(IPeerStream stream, IdentifyMessage message, CancellationToken cancellation) =>
        Frames.WriteAsync(stream, message.Encode(), cancellation);

    private static async ValueTask<IdentifyMessage> ReadMessageAsync(IPeerStream stream, CancellationToken cancellation) =>
        IdentifyMessage.Decode(await Frames.ReadAsync(stream, IdentifyMessage.MaxSize, "an identify message", cancellation));
}
