using System.Net;
using LuxTensor.Core.Consensus;

namespace LuxTensor.Network;

/// <summary>One connection to a peer: its session, and the streams on it with their protocols.</summary>
internal sealed class PeerConnection : IDisposable
{
    private readonly SwarmOptions options;
    private readonly ProtocolTable protocols;
    private readonly CancellationTokenSource ending = new();

    internal PeerConnection(
        Secured secured, bool isOutbound, Multiaddr address, IPAddress? from, SwarmOptions options, ProtocolTable protocols, BufferBudget shared, SwarmMetrics metrics)
    {
        this.options = options;
        this.protocols = protocols;
        Key = secured.Key;
        Security = secured.Protocol;
        IsOutbound = isOutbound;
        Address = address;
        From = from;
        Opened = options.Time.GetTimestamp();
        Ending = ending.Token; // outlives its source, as tasks that still ask do
        Session = new YamuxSession(secured.Channel, isOutbound, options.Streams, shared, options.Time, metrics, AcceptAsync);
    }

    internal IdentityKey Key { get; }

    internal PeerId Peer => Key.Id;

    internal string Security { get; }

    internal bool IsOutbound { get; }

    internal Multiaddr Address { get; }

    internal IPAddress? From { get; }

    internal long Opened { get; }

    internal YamuxSession Session { get; }

    /// <summary>Ends when the peer said who it is, or the connection is over.</summary>
    internal TaskCompletionSource<bool> Identified { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Cancelled when the connection is over.</summary>
    internal CancellationToken Ending { get; }

    /// <summary>Reads until the connection is over; the reason.</summary>
    internal async Task<CloseReason> RunAsync()
    {
        Session.Start();
        var reason = await Session.Completion;
        await ending.CancelAsync();
        Identified.TrySetResult(false);
        return reason;
    }

    /// <summary>A stream with the first of some protocols that the peer speaks.</summary>
    /// <exception cref="StreamException">None, or no answer in time, or the connection is over.</exception>
    internal async ValueTask<PeerStream> OpenAsync(IReadOnlyList<string> names, CancellationToken cancellation)
    {
        var stream = Session.Open();
        try
        {
            using var deadline = new CancellationTokenSource(options.DialTimeout, options.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
            string? agreed;
            try
            {
                agreed = await Multistream.DialAsync(stream, names, either.Token);
            }
            catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
            {
                throw new StreamException($"{Peer} did not agree on {names[0]} within {options.DialTimeout.TotalSeconds:0.###} s", e);
            }
            catch (WireException e)
            {
                throw new StreamException($"{Peer} did not agree on {names[0]}: {e.Message}", e);
            }

            return agreed is null
                ? throw new NotSpokenException($"{Peer} speaks none of {string.Join(", ", names)}")
                : new PeerStream(Peer, agreed, stream);
        }
        catch
        {
            stream.Reset("no protocol was agreed on");
            await stream.DisposeAsync();
            throw;
        }
    }

    public void Dispose() => ending.Dispose();

    private async Task AcceptAsync(YamuxStream stream)
    {
        string protocol;
        using (var deadline = new CancellationTokenSource(options.DialTimeout, options.Time))
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, Ending);
            protocol = await Multistream.ListenAsync(stream, protocols.Speaks, either.Token);
        }

        if (!await protocols.TryServeAsync(new PeerStream(Peer, protocol, stream), Ending))
        {
            stream.Reset($"too many streams of {protocol}");
        }
    }
}
