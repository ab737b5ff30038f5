namespace LuxTensor.Network;

/// <summary>A connection after its security handshake.</summary>
/// <param name="Channel">Encrypted, both ways; disposing it closes the connection.</param>
/// <param name="Key">The peer's, proven.</param>
/// <param name="MuxerAgreed">Whether yamux was agreed on within the handshake; otherwise it is negotiated next.</param>
/// <param name="Protocol">The security protocol's name.</param>
internal sealed record Secured(Stream Channel, IdentityKey Key, bool MuxerAgreed, string Protocol);
