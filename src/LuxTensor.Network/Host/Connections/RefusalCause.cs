namespace LuxTensor.Network;

/// <summary>Why a connection did not come to be.</summary>
public enum RefusalCause
{
    /// <summary>As many handshakes as may be are under way, of all peers or of this address.</summary>
    HandshakesInFlight,

    /// <summary>The address has as many connections as it may.</summary>
    AddressLimit,

    /// <summary>The address began more connections lately than it may.</summary>
    AddressRate,

    /// <summary>All places for peers, or for peers that dial, are taken by more useful ones.</summary>
    Full,

    /// <summary>The gater said no: the peer or its address is banned.</summary>
    Gated,

    /// <summary>The handshake took too long.</summary>
    HandshakeTimeout,

    /// <summary>The handshake broke a rule, or the connection ended inside it.</summary>
    HandshakeFailed,

    /// <summary>Another peer than the dialled one answered.</summary>
    WrongPeer,

    /// <summary>The other end is this node.</summary>
    Self,

    /// <summary>The peer has as many connections as one peer may.</summary>
    Duplicate,
}
