namespace LuxTensor.Network;

/// <summary>What a yamux connection may cost.</summary>
internal sealed record YamuxLimits
{
    /// <summary>Inbound streams whose handler still runs; the next is reset.</summary>
    internal int MostInbound { get; init; } = 128;

    /// <summary>Inbound streams with those whose handler is done and which the peer has not closed; the next is reset.</summary>
    internal int MostUnclosed { get; init; } = 512;

    /// <summary>Outbound streams open at once.</summary>
    internal int MostOutbound { get; init; } = 512;

    /// <summary>Outbound streams that the peer did not acknowledge; the specification says 256.</summary>
    internal int MostUnacknowledged { get; init; } = 256;

    /// <summary>The largest window of a stream, and what all windows of a connection may grow by together, in bytes.</summary>
    internal int MostWindow { get; init; } = 16 << 20;

    /// <summary>Bytes received and not yet read, of all streams of the connection; a stream that exceeds it is reset.</summary>
    internal long MostBuffered { get; init; } = 24 << 20;

    /// <summary>How long a stream that is closed here waits for the peer to close it too.</summary>
    internal TimeSpan Linger { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Pings at once, and a second.</summary>
    internal (int Burst, int Rate) Pings { get; init; } = (64, 4);

    /// <summary>Refused streams at once, and a second.</summary>
    internal (int Burst, int Rate) Refusals { get; init; } = (1024, 64);

    /// <summary>Frames without data at once, and a second; those that data pays for come on top.</summary>
    internal (int Burst, int Rate) Control { get; init; } = (32768, 16384);
}
